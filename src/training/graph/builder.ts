import type { DType } from '../../model/dtype';
import { graphOf, intTensor, floatTensor, modelOf } from '../../model/onnx/build';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../../model/onnx/graph';
import type { Attributes, GraphNode, Value } from './value';

/** Element type and shape of a value about to be made. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Constants up to this many elements are kept as numbers, for rules that read axes, shapes or pads. */
const KEEP_KNOWN = 4096;

/** The domain of operations that Scour composes of standard operators. */
export const COMPOSITE = 'scour';

/** Equal float constants up to this many elements are stored once. */
const SHARE = 64;

/**
 * An ONNX graph under construction: nodes in topological order, constants, graph inputs. A node with the same
 * operator, inputs and attributes as an earlier one is not added again.
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  private readonly graphInputs: Value[] = [];
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly known = new Map<string, readonly number[]>();
  private readonly producers = new Map<string, GraphNode>();
  private readonly names = new Set<string>();
  private readonly expressions = new Map<string, readonly Value[]>();
  private counter = 0;
  private withinComposite = false;

  /** A graph input, under exactly this name; the same one for the same name. */
  input(name: string, type: ValueType): Value {
    const earlier = this.graphInputs.find((input) => input.name === name);
    if (earlier) return earlier;
    const value = this.named(name, type);
    this.graphInputs.push(value);
    return value;
  }

  /** Adds a node whose outputs get fresh names, and returns its outputs. */
  emit(
    opType: string,
    inputs: readonly (Value | null)[],
    outputs: readonly ValueType[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): Value[] {
    const all = new Map(Object.entries(attributes));
    const key = expressionKey(domain, opType, inputs, all, outputs.length);
    const earlier = key === null ? undefined : this.expressions.get(key);
    if (earlier && !this.withinComposite) return [...earlier];
    const values = outputs.map((type) => this.named(this.fresh(opType), type));
    const role = this.withinComposite ? ({ role: 'part' } as const) : {};
    this.push({ name: '', opType, domain, inputs, outputs: values, attributes: all, ...role });
    if (key !== null && !this.withinComposite) this.expressions.set(key, values);
    return values;
  }

  /**
   * Adds an operation that is differentiated as one, by the rule of `opType`, and runs as the nodes that `parts` adds.
   * `parts` returns its outputs. Nothing outside may share those nodes.
   */
  composite(
    opType: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    parts: () => readonly Value[],
  ): readonly Value[] {
    this.withinComposite = true;
    const outputs = parts();
    this.withinComposite = false;
    const all = new Map(Object.entries(attributes));
    this.nodes.push({
      name: '',
      opType,
      domain: COMPOSITE,
      inputs,
      outputs,
      attributes: all,
      role: 'composite',
    });
    return outputs;
  }

  /** Takes over the inputs and constants of another graph; no name of it will be given anew. Its nodes are not taken. */
  adopt(other: GraphBuilder): void {
    for (const input of other.graphInputs) this.input(input.name, input);
    for (const [name, tensor] of other.constants) {
      this.constants.set(name, tensor);
      const values = other.known.get(name);
      if (values) this.known.set(name, values);
    }
    for (const name of other.names) this.names.add(name);
  }

  /** Adds a node as it stands, output names included. */
  push(node: GraphNode): void {
    for (const output of node.outputs) {
      if (output === null) continue;
      this.names.add(output.name);
      this.producers.set(output.name, node);
    }
    this.nodes.push(node);
  }

  /** A value of the given name, for nodes that are pushed as they stand. */
  named(name: string, type: ValueType): Value {
    this.names.add(name);
    return { name, dtype: type.dtype, shape: [...type.shape] };
  }

  /** An int64 constant. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const key = `int64:${shape.join(',')}:${values.join(',')}`;
    return this.constant(key, () => intTensor(this.fresh('const'), shape, values), values);
  }

  /** A float32 constant. */
  floats(values: Float32Array, shape: readonly number[]): Value {
    const key = values.length <= SHARE ? `float32:${shape.join(',')}:${values.join(',')}` : null;
    return this.constant(key, () => floatTensor(this.fresh('const'), shape, values), values);
  }

  /** Adds a constant tensor under its own name, with its values where they are few. */
  tensor(tensor: OnnxTensor, values: ArrayLike<number> | null): Value {
    this.constants.set(tensor.name, tensor);
    if (values !== null && values.length <= KEEP_KNOWN) this.known.set(tensor.name, Array.from(values));
    return this.named(tensor.name, { dtype: tensor.dtype, shape: tensor.dims });
  }

  /** The numbers of a small constant, row-major; null for anything else. */
  valuesOf(value: Value): readonly number[] | null {
    return this.known.get(value.name) ?? null;
  }

  /** The node that makes `value`; null for inputs and constants. */
  producerOf(value: Value): GraphNode | null {
    return this.producers.get(value.name) ?? null;
  }

  /** A name that nothing in the graph has. */
  fresh(stem: string): string {
    let name: string;
    do name = `scour/${stem}_${++this.counter}`;
    while (this.names.has(name));
    return name;
  }

  /** The nodes that `outputs` need, in topological order; composites by their parts. */
  liveNodes(outputs: Iterable<Value>): GraphNode[] {
    const used = new Set(Array.from(outputs, ({ name }) => name));
    const live: GraphNode[] = [];
    for (const node of this.nodes.toReversed()) {
      if (node.role === 'composite') continue;
      if (!node.outputs.some((output) => output !== null && used.has(output.name))) continue;
      for (const input of node.inputs) if (input) used.add(input.name);
      live.push(node);
    }
    return live.reverse();
  }

  /** The tensor behind a constant; null for anything else. */
  constantOf(value: Value): OnnxTensor | null {
    return this.constants.get(value.name) ?? null;
  }

  /**
   * The model that computes `outputs` (name → value), with only the nodes, constants and inputs they need.
   * `versions`: the operator set of each domain.
   */
  toModel(outputs: ReadonlyMap<string, Value>, versions: ReadonlyMap<string, number>): OnnxModel {
    const { renamed, copies } = this.nameOutputs(outputs);
    const live = this.liveNodes(outputs.values());
    const used = new Set([...outputs.values()].map((value) => value.name));
    for (const node of live) for (const input of node.inputs) if (input) used.add(input.name);
    const nameOf = (value: Value | null): string => (value ? (renamed.get(value.name) ?? value.name) : '');
    const model = modelOf(
      graphOf({
        name: 'training',
        nodes: [...live, ...copies].map((node) => ({
          name: node.name,
          opType: node.opType,
          domain: node.domain,
          attributes: node.attributes,
          inputs: node.inputs.map(nameOf),
          outputs: node.outputs.map(nameOf),
          span: null,
        })),
        initializers: [...this.constants.values()].filter(({ name }) => used.has(name)),
        inputs: this.graphInputs.filter(({ name }) => used.has(name)),
        outputs: [...outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      }),
      0,
    );
    const domains = new Set(['', ...live.map(({ domain }) => domain)]);
    return { ...model, opsets: new Map([...domains].map((domain) => [domain, versions.get(domain) ?? 1])) };
  }

  /** Values are renamed to the outputs they are; those that are inputs, constants or two outputs at once are copied. */
  private nameOutputs(outputs: ReadonlyMap<string, Value>): {
    renamed: Map<string, string>;
    copies: GraphNode[];
  } {
    const renamed = new Map<string, string>();
    const copies: GraphNode[] = [];
    for (const [name, value] of outputs) {
      if (this.producers.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, name);
      else {
        const copy = { ...value, name };
        copies.push({
          name: '',
          opType: 'Identity',
          domain: '',
          inputs: [value],
          outputs: [copy],
          attributes: new Map(),
        });
      }
    }
    return { renamed, copies };
  }

  private constant(key: string | null, make: () => OnnxTensor, values: ArrayLike<number>): Value {
    const earlier = key === null ? undefined : this.expressions.get(key)?.[0];
    if (earlier) return earlier;
    const value = this.tensor(make(), values);
    if (key !== null) this.expressions.set(key, [value]);
    return value;
  }
}

/** What makes two applications of an operator the same; null where attributes hold more than numbers and text. */
function expressionKey(
  domain: string,
  opType: string,
  inputs: readonly (Value | null)[],
  attributes: Attributes,
  outputs: number,
): string | null {
  const parts: string[] = [];
  for (const [name, attribute] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (
      attribute.type === 'tensor' ||
      attribute.type === 'graph' ||
      attribute.type === 'graphs' ||
      attribute.type === 'other'
    )
      return null;
    parts.push(`${name}=${JSON.stringify(attribute.value)}`);
  }
  return JSON.stringify([domain, opType, inputs.map((input) => input?.name ?? ''), parts, outputs]);
}
