import type { CheckpointTensor } from '../checkpoint-tensor';
import { floatTensor, graphOf, intTensor, ints, modelOf, node, valueInfo } from '../onnx/build';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../onnx/graph';

const OPSET = 17;

/** The network uses something that Scour does not translate; the message ends "… cannot be run: it …". */
export class Untranslated extends Error {}

/** A value of a Keras network. Images are kept N × H × W × C, as Keras has them, or N × C × H × W, as ONNX wants them. */
export interface KerasValue {
  readonly name: string;
  /** In Keras' order, without the batch. */
  readonly shape: readonly number[];
  /** True where an image is stored channels first. */
  readonly first: boolean;
}

/** Who wrote the configuration, where that decides what a layer computes. */
export type KerasDialect = 'keras' | 'keras-3' | 'tfjs' | 'unknown';

/** `version`: what a file says of its writer (`2.11.0`, `tfjs-layers 4.22.0`), or null. */
export function dialectOf(version: string | null): KerasDialect {
  if (version === null) return 'unknown';
  if (version.startsWith('tfjs')) return 'tfjs';
  return /^[12]\./.test(version) ? 'keras' : version.startsWith('3.') ? 'keras-3' : 'unknown';
}

/** Builds the ONNX graph of a Keras network, transposing images only where their order changes. */
export class KerasNet {
  readonly weights = new Map<string, CheckpointTensor>();
  readonly dialect: KerasDialect;
  private readonly nodes: OnnxNode[] = [];
  private readonly constants: OnnxTensor[] = [];
  private count = 0;

  constructor(dialect: KerasDialect) {
    this.dialect = dialect;
  }

  emit(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    label?: string,
  ): string {
    const name = `${operator}_${this.count++}`;
    this.nodes.push(node(operator, inputs, [name], attributes, label));
    return name;
  }

  /** The value as N × C × H × W. */
  channelsFirst(value: KerasValue): KerasValue {
    if (value.first) return value;
    const name = this.emit('Transpose', [value.name], { perm: ints([0, 3, 1, 2]) });
    return { ...value, name, first: true };
  }

  /** The value in Keras' order. */
  plain(value: KerasValue): KerasValue {
    if (!value.first) return value;
    const name = this.emit('Transpose', [value.name], { perm: ints([0, 2, 3, 1]) });
    return { ...value, name, first: false };
  }

  /** A weight of the file as a node's input. Throws Untranslated where it is missing, used before or of another shape. */
  weight(tensor: CheckpointTensor | undefined, dims: readonly number[], what: string): string {
    if (!tensor) throw new Untranslated(`lacks the ${what}`);
    const fits = tensor.dims.length === dims.length && dims.every((dim, i) => dim === tensor.dims[i]);
    if (!fits) throw new Untranslated(`has a ${what} of shape ${tensor.dims.join(' × ')}`);
    if (tensor.problem !== null) throw new Untranslated(`has a ${what} that cannot be read`);
    if (this.weights.has(tensor.name)) throw new Untranslated(`uses the ${what} several times`);
    this.weights.set(tensor.name, tensor);
    return tensor.name;
  }

  floats(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const name = `constant_${this.constants.length}`;
    this.constants.push(floatTensor(name, dims, values));
    return name;
  }

  scalar(value: number): string {
    return this.floats([value], []);
  }

  integers(values: readonly number[]): string {
    const name = `constant_${this.constants.length}`;
    this.constants.push(intTensor(name, [values.length], values));
    return name;
  }

  /** The finished model. `input` and `output` are values of one image input and of class scores. */
  finish(input: KerasValue, output: KerasValue): OnnxModel {
    const foreign = Array.from(this.weights, ([name, tensor]): OnnxTensor => ({
      name,
      dims: tensor.dims,
      dtype: 'float32',
      data: { kind: 'foreign', slice: (start, count) => tensor.slice(start, count) },
      ambiguous: false,
      span: null,
    }));
    const last = this.plain(output);
    const graph = graphOf({
      nodes: this.nodes,
      initializers: [...foreign, ...this.constants],
      inputs: [valueInfo(input.name, 'float32', ['batch', ...input.shape])],
      outputs: [valueInfo(last.name, 'float32', ['batch', ...last.shape])],
    });
    return modelOf(graph, OPSET);
  }
}
