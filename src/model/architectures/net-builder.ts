import type { CheckpointTensor } from '../checkpoint-tensor';
import { isFloat } from '../dtype';
import { float, graphOf, int, intTensor, ints, modelOf, node, valueInfo } from '../onnx/build';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../onnx/graph';
import type { ModuleNames } from './module-names';

/** The weights do not fit the architecture that is being tried; never seen outside this folder. */
export class Misfit extends Error {}

/** A value in the graph under construction. */
export interface Value {
  readonly name: string;
  /** Of an N × C × H × W value, C; of an N × C value, C. */
  readonly channels: number;
}

export interface ConvolutionOptions {
  readonly stride?: number;
  /** Default: half the kernel, so that stride 1 keeps the size. */
  readonly padding?: number;
}

const OPSET = 17;

/**
 * Builds an inference graph from named weights, layer by layer. Every weight must fit the layer that takes it and be
 * taken exactly once, so that an architecture is only recognised where all of the file's tensors have their place.
 */
export class NetBuilder {
  private readonly names: ModuleNames;
  private readonly byName: ReadonlyMap<string, CheckpointTensor>;
  private readonly taken = new Set<string>();
  private readonly nodes: OnnxNode[] = [];
  private readonly constants: OnnxTensor[] = [];
  private count = 0;

  constructor(names: ModuleNames) {
    this.names = names;
    this.byName = names.tensors;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** Names of the direct children of a module that are numbers, ascending: the parts of a Sequential. */
  numbers(module: string): readonly number[] {
    return this.names.numbers(module);
  }

  /** Shape of a weight. Throws Misfit where there is none of that name. */
  dims(name: string): readonly number[] {
    const tensor = this.byName.get(name);
    if (!tensor) throw new Misfit(`no '${name}'`);
    return tensor.dims;
  }

  input(channels: number): Value {
    return { name: 'input', channels };
  }

  /** A convolution with the weight (and bias, where there is one) of `module`; its groups follow from the shapes. */
  convolution(x: Value, module: string, options: ConvolutionOptions = {}): Value {
    const dims = this.dims(`${module}.weight`);
    const [channels = 0, rows = 0, height = 0, width = 0] = dims;
    const groups = x.channels / rows;
    if (dims.length !== 4 || !Number.isInteger(groups) || channels % groups !== 0)
      throw new Misfit(`'${module}' does not fit`);
    const { stride = 1, padding } = options;
    const [top, left] = [padding ?? height >> 1, padding ?? width >> 1];
    const inputs = [x.name, this.take(`${module}.weight`)];
    if (this.has(`${module}.bias`)) inputs.push(this.take(`${module}.bias`, [channels]));
    const attributes = {
      kernel_shape: ints([height, width]),
      strides: ints([stride, stride]),
      pads: ints([top, left, top, left]),
      group: int(groups),
    };
    return this.emit('Conv', inputs, channels, attributes, module);
  }

  /** Batch norm by running statistics. */
  batchNorm(x: Value, module: string, epsilon = 1e-5): Value {
    const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) =>
      this.take(`${module}.${leaf}`, [x.channels]),
    );
    this.taken.add(`${module}.num_batches_tracked`);
    const attributes = { epsilon: float(epsilon) };
    return this.emit('BatchNormalization', [x.name, ...parameters], x.channels, attributes, module);
  }

  relu(x: Value): Value {
    return this.emit('Relu', [x.name], x.channels);
  }

  /** min(max(x, 0), 6) */
  relu6(x: Value): Value {
    return this.emit('Clip', [x.name, this.scalar(0), this.scalar(6)], x.channels);
  }

  add(a: Value, b: Value): Value {
    if (a.channels !== b.channels) throw new Misfit(`${a.channels} and ${b.channels} channels do not add`);
    return this.emit('Add', [a.name, b.name], a.channels);
  }

  /** Joins along the channels. */
  concat(values: readonly Value[]): Value {
    const channels = values.reduce((sum, value) => sum + value.channels, 0);
    return this.emit(
      'Concat',
      values.map(({ name }) => name),
      channels,
      { axis: int(1) },
    );
  }

  maxPool(x: Value, size: number, stride: number, padding = 0): Value {
    return this.emit('MaxPool', [x.name], x.channels, windowOf(size, stride, padding));
  }

  averagePool(x: Value, size: number, stride: number): Value {
    return this.emit('AveragePool', [x.name], x.channels, windowOf(size, stride, 0));
  }

  /** Mean over the image, N × C. */
  globalAverage(x: Value): Value {
    return this.flatten(this.emit('GlobalAveragePool', [x.name], x.channels), x.channels);
  }

  /** Repeats a 1 × 1 image to size × size. */
  expand(x: Value, size: number): Value {
    const shape = this.constant([1, x.channels, size, size]);
    return this.emit('Expand', [x.name, shape], x.channels);
  }

  /** N × features. */
  flatten(x: Value, features: number): Value {
    return this.emit('Flatten', [x.name], features, { axis: int(1) });
  }

  linear(x: Value, module: string): Value {
    const [features = 0, inputs] = this.dims(`${module}.weight`);
    if (inputs !== x.channels) throw new Misfit(`'${module}' does not fit`);
    const weight = this.take(`${module}.weight`, [features, x.channels]);
    const bias = this.has(`${module}.bias`) ? [this.take(`${module}.bias`, [features])] : [];
    return this.emit('Gemm', [x.name, weight, ...bias], features, { transB: int(1) }, module);
  }

  /**
   * The model whose logits are `x`. Throws Misfit where a tensor of the file has no place in it.
   * `size`: height and width of the images, or null where any size goes.
   */
  finish(x: Value, channels: number, size: number | null): OnnxModel {
    for (const name of this.byName.keys()) {
      if (!this.taken.has(name)) throw new Misfit(`'${name}' has no place`);
    }
    const used = new Set(this.nodes.flatMap(({ inputs }) => inputs));
    const last = this.nodes[this.nodes.length - 1]!;
    const nodes = [...this.nodes.slice(0, -1), { ...last, outputs: ['logits'] }];
    const weights = [...this.byName.values()]
      .filter(({ name }) => used.has(name))
      .map((tensor): OnnxTensor => ({
        name: tensor.name,
        dims: tensor.dims,
        dtype: 'float32',
        data: { kind: 'foreign', slice: (start, count) => tensor.slice(start, count) },
        ambiguous: false,
        span: null,
      }));
    const graph = graphOf({
      nodes,
      initializers: [...weights, ...this.constants],
      inputs: [valueInfo('input', 'float32', ['batch', channels, size ?? 'height', size ?? 'width'])],
      outputs: [valueInfo('logits', 'float32', ['batch', x.channels])],
    });
    return modelOf(graph, OPSET);
  }

  /** Takes a weight for a node's input, and gives its name. Throws Misfit where it is missing, taken or of another shape. */
  take(name: string, dims?: readonly number[]): string {
    const tensor = this.byName.get(name);
    if (!tensor || this.taken.has(name)) throw new Misfit(`no '${name}'`);
    const fits =
      !dims || (dims.length === tensor.dims.length && dims.every((dim, i) => dim === tensor.dims[i]));
    const real = isFloat(tensor.dtype) || tensor.layout.quantization !== null;
    if (!fits || !real || tensor.problem !== null || tensor.elements === 0)
      throw new Misfit(`'${name}' does not fit`);
    this.taken.add(name);
    return name;
  }

  /** Adds a node with one output; one that a module's weights make has the module's name. */
  emit(
    operator: string,
    inputs: readonly string[],
    channels: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    module?: string,
  ): Value {
    const name = `${operator}_${this.count++}`;
    this.nodes.push(node(operator, inputs, [name], attributes, module));
    return { name, channels };
  }

  /** A constant number. */
  scalar(value: number): string {
    const name = `constant_${this.constants.length}`;
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    this.constants.push({
      name,
      dims: [],
      dtype: 'float32',
      data: { kind: 'memory', bytes },
      ambiguous: false,
      span: null,
    });
    return name;
  }

  /** A constant vector of integers: a shape, axes. */
  constant(values: readonly number[]): string {
    const name = `constant_${this.constants.length}`;
    this.constants.push(intTensor(name, [values.length], values));
    return name;
  }
}

function windowOf(size: number, stride: number, padding: number) {
  return {
    kernel_shape: ints([size, size]),
    strides: ints([stride, stride]),
    pads: ints([padding, padding, padding, padding]),
  };
}
