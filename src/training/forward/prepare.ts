import { isFloat } from '../../model/dtype';
import { floatTensor, int, intTensor, node as makeNode, tensorOf } from '../../model/onnx/build';
import { nodeLabel, tensorAttribute } from '../../model/onnx/attributes';
import { dtypeCode, dtypeOf } from '../../model/onnx/schema';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../../model/onnx/graph';
import { elementsOf, type TensorReader } from '../../model/onnx/tensor-data';
import { TrainingError } from '../errors';
import type { BatchNorm, ForwardModel, StoredTensor } from './forward-model';
import { slotOf } from './slots';
import { topological } from './topological';
import { TRAINING_OPSET, upgrade } from './upgrade';

/** The oldest operator set whose operators broadcast as today's do. */
const OLDEST_OPSET = 7;

/**
 * Makes a model's inference graph ready for differentiation. Weights are read, as float32; a weight that reaches a node
 * through Identity (exporters merge equal tensors that way) becomes a parameter of its own under that value's name.
 * Graphs in half or double precision become float32 throughout.
 * Throws TrainingError `unsupported-model`, ModelError where a tensor cannot be read.
 */
export function prepare(model: OnnxModel, reader: TensorReader): ForwardModel {
  return new Preparation(model, reader).run();
}

class Preparation {
  private readonly model: OnnxModel;
  private readonly reader: TensorReader;
  private readonly stored = new Map<string, OnnxTensor>();
  /** Names of what Constant nodes hold. */
  private readonly held = new Set<string>();
  private readonly nodes: OnnxNode[] = [];
  private readonly parameters = new Map<string, StoredTensor>();
  private readonly statistics = new Map<string, StoredTensor>();
  private readonly batchNorms: BatchNorm[] = [];
  private readonly constants = new Map<string, OnnxTensor>();

  constructor(model: OnnxModel, reader: TensorReader) {
    this.model = model;
    this.reader = reader;
  }

  run(): ForwardModel {
    const { graph } = this.model;
    const opset = this.model.opsets.get('') ?? 1;
    if (opset < OLDEST_OPSET)
      throw unsupported(
        `it is written in operator set ${opset}; Scour trains ${OLDEST_OPSET} and later. Export it again`,
      );
    if (this.model.functions.length > 0)
      throw unsupported('it defines operators of its own. Export it with them inlined');
    for (const [name, tensor] of graph.initializers) this.stored.set(name, tensor);
    for (const node of topological(graph.nodes)) this.take(node, opset);
    const scaled = this.scaledInput();
    const nodes = this.nodes.map((node) => this.classify(node, scaled));
    return {
      opsets: new Map([...this.model.opsets, ['', Math.max(opset, TRAINING_OPSET)]]),
      nodes,
      input: this.input(),
      output: this.output(),
      parameters: this.parameters,
      statistics: this.statistics,
      batchNorms: this.batchNorms,
      constants: this.constants,
    };
  }

  private input(): ForwardModel['input'] {
    const inputs = this.model.graph.inputs.filter(({ name }) => !this.model.graph.initializers.has(name));
    const [input] = inputs;
    if (inputs.length !== 1 || !input)
      throw unsupported(`it has ${inputs.length} inputs; Scour trains classifiers of one image tensor`);
    if (input.dtype === null || !isFloat(input.dtype))
      throw unsupported(
        `its input '${input.name}' is of type ${input.dtype ?? 'unknown'}, not floating point`,
      );
    if (input.shape === null) throw unsupported(`its input '${input.name}' has no shape`);
    return { name: input.name, shape: input.shape };
  }

  /** The first output; where the graph ends in a softmax, what goes into that. */
  private output(): string {
    const [output] = this.model.graph.outputs;
    if (!output) throw unsupported('it has no output');
    const producers = new Map(this.nodes.map((node) => [node.outputs[0], node]));
    let { name } = output;
    // No walk is longer than the graph; one that is goes round a name that two nodes make.
    for (let left = this.nodes.length; left > 0; left--) {
      const producer = producers.get(name);
      const input = producer?.domain === '' ? (producer.inputs[0] ?? '') : '';
      if (producer?.opType === 'Softmax') return input;
      if (producer === undefined || !FORWARDING.has(producer.opType)) break;
      name = input;
    }
    return output.name;
  }

  /** Upgrades a node, and takes away those that only hold, forward or (at inference) do nothing. */
  private take(node: OnnxNode, opset: number): void {
    const standard = node.domain === '';
    if (standard && node.opType === 'Constant') {
      this.hold(node);
      return;
    }
    const alias = this.stored.get(node.inputs[0] ?? '');
    if (standard && node.opType === 'Identity' && alias && isFloat(alias.dtype)) {
      this.stored.set(node.outputs[0] ?? '', alias);
      return;
    }
    if (standard && node.opType === 'Dropout') {
      this.nodes.push(makeNode('Identity', [node.inputs[0] ?? ''], [node.outputs[0] ?? ''], {}, node.name));
      return;
    }
    const upgraded = upgrade(node, opset);
    for (const constant of upgraded.constants) this.stored.set(constant.name, constant);
    this.nodes.push(...upgraded.nodes.map((each) => this.inMemory(inSinglePrecision(each))));
  }

  private hold(node: OnnxNode): void {
    const name = node.outputs[0] ?? '';
    this.held.add(name);
    const tensor = tensorAttribute(node, 'value');
    if (tensor) {
      this.stored.set(name, { ...tensor, name });
      return;
    }
    for (const [key, attribute] of node.attributes) {
      if (attribute.type === 'float') this.stored.set(name, floatTensor(name, [], [attribute.value]));
      else if (attribute.type === 'floats')
        this.stored.set(name, floatTensor(name, [attribute.value.length], attribute.value));
      else if (attribute.type === 'int') this.stored.set(name, intTensor(name, [], [attribute.value]));
      else if (attribute.type === 'ints')
        this.stored.set(name, intTensor(name, [attribute.value.length], attribute.value));
      else throw unsupported(`Constant '${nodeLabel(node)}' holds its value as '${key}'`);
    }
  }

  /** Sorts a node's stored inputs into parameters, statistics and constants. */
  private classify(node: OnnxNode, scaled: ReadonlySet<string>): OnnxNode {
    if (node.opType === 'BatchNormalization' && node.domain === '') return this.classifyBatchNorm(node);
    node.inputs.forEach((name, i) => {
      const tensor = this.stored.get(name);
      if (!tensor) return;
      const slot = slotOf(node, i);
      const trained =
        isFloat(tensor.dtype) &&
        (slot === 'weight' ||
          (slot === 'affine' && !this.held.has(name)) ||
          (slot === 'operand' &&
            elementsOf(tensor) > 1 &&
            !this.held.has(name) &&
            !this.isScaling(node, scaled)));
      if (trained) this.store(this.parameters, name, tensor);
      else if (!this.parameters.has(name)) this.constants.set(name, this.constant(name, tensor));
    });
    return node;
  }

  /** Scale and bias are parameters; mean and variance, where stored, statistics that belong to this node alone. */
  private classifyBatchNorm(node: OnnxNode): OnnxNode {
    for (const name of node.inputs.slice(1, 3)) {
      const tensor = this.stored.get(name);
      if (tensor) this.store(this.parameters, name, tensor);
    }
    const own = node.inputs.slice(3, 5).map((name) => {
      const tensor = this.stored.get(name);
      if (!tensor) return null;
      let unique = name;
      for (let copy = 2; this.statistics.has(unique); copy++) unique = `${name}#${copy}`;
      this.store(this.statistics, unique, tensor);
      return unique;
    });
    const [mean, variance] = own;
    const attributes = new Map([...node.attributes].filter(([name]) => name !== 'training_mode'));
    const result: OnnxNode = {
      ...node,
      attributes,
      inputs: [...node.inputs.slice(0, 3), mean ?? node.inputs[3] ?? '', variance ?? node.inputs[4] ?? ''],
      outputs: node.outputs.slice(0, 1),
    };
    if (mean && variance) this.batchNorms.push({ node: result, mean, variance });
    return result;
  }

  /**
   * Values that are the model's input but for arithmetic with stored numbers: what is added or multiplied there is the
   * mean and deviation of the images, no weights.
   */
  private scaledInput(): Set<string> {
    const { inputs, initializers } = this.model.graph;
    const scaled = new Set(inputs.flatMap(({ name }) => (initializers.has(name) ? [] : [name])));
    for (const node of this.nodes)
      if (this.isScaling(node, scaled)) for (const output of node.outputs) scaled.add(output);
    return scaled;
  }

  private isScaling({ opType, inputs }: OnnxNode, scaled: ReadonlySet<string>): boolean {
    const moving = inputs.filter((name) => !this.stored.has(name));
    return ARITHMETIC.has(opType) && moving.length === 1 && scaled.has(moving[0]!);
  }

  private store(into: Map<string, StoredTensor>, name: string, tensor: OnnxTensor): void {
    if (into.has(name)) return;
    this.constants.delete(name);
    const values = Float32Array.from(this.reader.values(tensor));
    into.set(name, { name, dims: tensor.dims, values, dtype: tensor.dtype });
  }

  /** A node whose tensor attributes no longer refer to the file. */
  private inMemory(node: OnnxNode): OnnxNode {
    if (![...node.attributes.values()].some(({ type }) => type === 'tensor')) return node;
    const attributes = [...node.attributes].map(([name, attribute]) => {
      if (attribute.type !== 'tensor') return [name, attribute] as const;
      const value = this.constant(attribute.value.name, attribute.value);
      return [name, { ...attribute, value }] as const;
    });
    return { ...node, attributes: new Map<string, OnnxAttribute>(attributes) };
  }

  private constant(name: string, tensor: OnnxTensor): OnnxTensor {
    if (isFloat(tensor.dtype)) return floatTensor(name, tensor.dims, this.reader.values(tensor));
    if (tensor.data.kind === 'typed') {
      const values = this.reader.integers(tensor);
      if (tensor.dtype === 'int64') return intTensor(name, tensor.dims, values);
      if (tensor.dtype === 'int32')
        return tensorOf(name, 'int32', tensor.dims, new Uint8Array(Int32Array.from(values).buffer));
      return tensorOf(name, tensor.dtype, tensor.dims, Uint8Array.from(values));
    }
    const { source, start, length } = this.reader.range(tensor);
    return tensorOf(name, tensor.dtype, tensor.dims, Uint8Array.from(source.read(start, length)));
  }
}

const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Operators that change no number; the classes stay in order. */
export const FORWARDING: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Cast']);

/** Casts to half or double precision become casts to float32, as the whole graph does. */
function inSinglePrecision(node: OnnxNode): OnnxNode {
  const to = node.attributes.get('to');
  if (node.opType !== 'Cast' || to?.type !== 'int' || !isFloat(dtypeOf(to.value))) return node;
  return { ...node, attributes: new Map([...node.attributes, ['to', int(dtypeCode('float32'))]]) };
}

function unsupported(what: string): TrainingError {
  return new TrainingError('unsupported-model', `This model cannot be trained: ${what}.`);
}
