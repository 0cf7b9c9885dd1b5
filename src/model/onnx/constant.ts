import type { Values } from '../decode';
import type { OnnxNode, OnnxTensor } from './graph';
import { intAttribute, intsAttribute, tensorAttribute } from './attributes';
import type { GraphIndex } from './graph-index';
import { elementsOf, type TensorReader } from './tensor-data';

/**
 * A value that does not depend on the model's input: a stored tensor and the nodes that lead from it to where it is
 * used. Exporters put weights behind Identity (merged equal tensors), DequantizeLinear (quantised), Transpose (HWIO
 * weights of TensorFlow), Cast and reshapes.
 */
export interface ConstantChain {
  /** The stored values: an initializer, or the `value` of a Constant node. */
  readonly tensor: OnnxTensor;
  /** The Constant node that holds the tensor; null for an initializer. */
  readonly holder: OnnxNode | null;
  /** From the stored tensor to the value asked for. */
  readonly steps: readonly OnnxNode[];
}

const STRUCTURAL = new Set(['Identity', 'Cast', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);
const MAX_STEPS = 32;

/** Why a value is not a constant that Scour can read, or the chain that makes it. */
export function constantChain(index: GraphIndex, value: string): ConstantChain | string {
  const steps: OnnxNode[] = [];
  let name = value;
  for (;;) {
    const tensor = index.graph.initializers.get(name);
    if (tensor) return { tensor, holder: null, steps };
    const producer = index.producer(name);
    if (!producer) {
      return index.graph.sparse.includes(name)
        ? `'${name}' is stored as a sparse tensor`
        : `'${name}' is an input of the model`;
    }
    if (producer.domain === '' && producer.opType === 'Constant') {
      const held = tensorAttribute(producer, 'value');
      return held
        ? { tensor: held, holder: producer, steps }
        : `'${name}' is a Constant without a dense tensor`;
    }
    if (!isStep(producer) || steps.length >= MAX_STEPS) {
      return `'${name}' is computed by ${producer.opType} while the model runs`;
    }
    steps.unshift(producer);
    name = producer.inputs[0] ?? '';
  }
}

function isStep(node: OnnxNode): boolean {
  if (node.domain === '' && STRUCTURAL.has(node.opType)) return true;
  return node.opType === 'DequantizeLinear' && (node.domain === '' || node.domain === 'com.microsoft');
}

/** A constant with its values. */
export interface Constant {
  readonly dims: readonly number[];
  readonly values: Values;
}

/** Evaluates constants. Chains that cannot be followed throw RangeError with the reason; callers asked first. */
export class ConstantEvaluator {
  private readonly index: GraphIndex;
  private readonly reader: TensorReader;

  constructor(index: GraphIndex, reader: TensorReader) {
    this.index = index;
    this.reader = reader;
  }

  /** The constant behind a value; throws ModelError where its bytes cannot be read, RangeError where it is none. */
  evaluate(value: string): Constant {
    const chain = constantChain(this.index, value);
    if (typeof chain === 'string') throw new RangeError(chain);
    return this.evaluateChain(chain);
  }

  evaluateChain(chain: ConstantChain): Constant {
    let constant: Constant = { dims: chain.tensor.dims, values: this.reader.values(chain.tensor) };
    for (const step of chain.steps) {
      constant =
        step.opType === 'DequantizeLinear'
          ? this.dequantize(step, constant)
          : { ...constant, ...this.restructure(step, constant) };
    }
    return constant;
  }

  /** Shape after the chain, without reading the values of large tensors. */
  shape(chain: ConstantChain): readonly number[] {
    let dims = chain.tensor.dims;
    for (const step of chain.steps) dims = this.shapeAfter(step, dims);
    return dims;
  }

  /**
   * For each element of the value, the element of the stored tensor that it comes from. Identity where no step moves
   * elements (then null, to save memory).
   */
  origin(chain: ConstantChain): Float64Array | null {
    if (!chain.steps.some(({ opType }) => opType === 'Transpose')) return null;
    const elements = elementsOf(chain.tensor);
    let constant: Constant = {
      dims: chain.tensor.dims,
      values: Float64Array.from({ length: elements }, (_, i) => i),
    };
    for (const step of chain.steps) {
      if (step.opType !== 'DequantizeLinear') constant = { ...constant, ...this.restructure(step, constant) };
    }
    return Float64Array.from(constant.values);
  }

  /**
   * Scale and zero point of a DequantizeLinear, one for each of `count` slices along its axis.
   * Blocked quantisation (opset 21) is not read: RangeError.
   */
  quantization(step: OnnxNode, dims: readonly number[]): { axis: number; scale: Values; zero: Values } {
    if (intAttribute(step, 'block_size', 0) !== 0)
      throw new RangeError('its weight is quantised in blocks, which Scour does not read');
    const rank = dims.length;
    const axisGiven = intAttribute(step, 'axis', 1);
    const axis = axisGiven < 0 ? axisGiven + rank : axisGiven;
    const scale = this.evaluate(step.inputs[1] ?? '').values;
    const zeroName = step.inputs[2];
    const zero = zeroName ? this.evaluate(zeroName).values : new Float64Array(scale.length);
    if (zero.length !== scale.length || (scale.length !== 1 && scale.length !== dims[axis])) {
      throw new RangeError('its quantisation scale or zero point does not fit its weight');
    }
    return { axis, scale, zero };
  }

  private dequantize(step: OnnxNode, { dims, values }: Constant): Constant {
    const { axis, scale, zero } = this.quantization(step, dims);
    const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    const slices = dims[axis] ?? 1;
    const out = new Float32Array(values.length);
    for (let i = 0; i < out.length; i++) {
      const slice = scale.length === 1 ? 0 : Math.floor(i / inner) % slices;
      out[i] = (values[i]! - zero[slice]!) * scale[slice]!;
    }
    return { dims, values: out };
  }

  private restructure(step: OnnxNode, { dims, values }: Constant): Constant {
    const shape = this.shapeAfter(step, dims);
    if (step.opType !== 'Transpose') return { dims: shape, values };
    return { dims: shape, values: transpose(values, dims, permOf(step, dims.length)) };
  }

  private shapeAfter(step: OnnxNode, dims: readonly number[]): readonly number[] {
    switch (step.opType) {
      case 'Transpose':
        return permOf(step, dims.length).map((axis) => dims[axis]!);
      case 'Reshape': {
        const target = Array.from(this.evaluate(step.inputs[1] ?? '').values);
        return reshaped(dims, target, intAttribute(step, 'allowzero', 0) !== 0);
      }
      case 'Squeeze':
      case 'Unsqueeze': {
        const axes =
          intsAttribute(step, 'axes') ??
          (step.inputs[1] ? Array.from(this.evaluate(step.inputs[1]).values) : null);
        return step.opType === 'Squeeze' ? squeezed(dims, axes) : unsqueezed(dims, axes ?? []);
      }
      case 'Flatten': {
        const axis = intAttribute(step, 'axis', 1);
        const product = (part: readonly number[]): number => part.reduce((a, b) => a * b, 1);
        return [product(dims.slice(0, axis)), product(dims.slice(axis))];
      }
      default:
        return dims;
    }
  }
}

/** The permutation of a Transpose; the default reverses. */
export function permOf(node: OnnxNode, rank: number): readonly number[] {
  const perm = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (
    perm.length !== rank ||
    new Set(perm).size !== rank ||
    perm.some((axis) => !(axis >= 0 && axis < rank))
  ) {
    throw new RangeError(`the permutation of Transpose '${node.name}' does not fit its input`);
  }
  return perm;
}

function reshaped(dims: readonly number[], target: readonly number[], allowZero: boolean): number[] {
  const elements = dims.reduce((a, b) => a * b, 1);
  const shape = target.map((dim, i) => (dim === 0 && !allowZero ? (dims[i] ?? 1) : dim));
  const known = shape.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
  const full = shape.map((dim) => (dim === -1 ? elements / known : dim));
  if (full.reduce((a, b) => a * b, 1) !== elements)
    throw new RangeError('a Reshape before the weight does not fit it');
  return full;
}

function squeezed(dims: readonly number[], axes: readonly number[] | null): number[] {
  const drop = new Set(axes?.map((axis) => (axis < 0 ? axis + dims.length : axis)));
  return dims.filter((dim, axis) => (axes === null ? dim !== 1 : !drop.has(axis)));
}

function unsqueezed(dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const insert = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (insert.has(axis) ? 1 : (rest.shift() ?? 1)));
}

function transpose(values: Values, dims: readonly number[], perm: readonly number[]): Values {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!;
  const shape = perm.map((axis) => dims[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const out =
    values instanceof Float64Array ? new Float64Array(values.length) : new Float32Array(values.length);
  const at = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++at[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}
