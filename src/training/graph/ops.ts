import type { DType } from '../../model/dtype';
import { float, int, ints, text } from '../../model/onnx/build';
import { dtypeCode } from '../../model/onnx/schema';
import { GraphBuilder } from './builder';
import { broadcast, inverse, range, reduced, sameShape, sizeOf } from './shape';
import type { Value } from './value';

/** A value, or a number that becomes a constant of the other operand's type. */
export type Operand = Value | number;

/** Window geometry of a convolution or pooling, over its spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of every axis, then end of every axis. */
  readonly pads: readonly number[];
}

/**
 * Operators as functions on values, so that formulas read as they are written on paper. Every method adds at most one
 * node (plus constants), computes the result's shape, and leaves out what changes nothing: adding 0, reshaping to the
 * same shape, transposing back.
 */
export class Ops extends GraphBuilder {
  // Elementwise arithmetic, with NumPy's broadcasting.

  plus(a: Operand, b: Operand): Value {
    if (b === 0 && typeof a !== 'number') return a;
    if (a === 0 && typeof b !== 'number') return b;
    return this.binary('Add', a, b);
  }

  sub(a: Operand, b: Operand): Value {
    if (b === 0 && typeof a !== 'number') return a;
    return this.binary('Sub', a, b);
  }

  mul(a: Operand, b: Operand): Value {
    if (b === 1 && typeof a !== 'number') return a;
    if (a === 1 && typeof b !== 'number') return b;
    return this.binary('Mul', a, b);
  }

  div(a: Operand, b: Operand): Value {
    if (b === 1 && typeof a !== 'number') return a;
    return this.binary('Div', a, b);
  }

  pow(a: Value, b: Operand): Value {
    return this.binary('Pow', a, b);
  }

  maximum(a: Operand, b: Operand): Value {
    return this.binary('Max', a, b);
  }

  minimum(a: Operand, b: Operand): Value {
    return this.binary('Min', a, b);
  }

  /** The sum of values, two at a time (the operator Sum takes any number, but not on WebGPU). */
  sum(values: readonly Value[]): Value {
    const [first, ...rest] = values;
    if (first === undefined) throw new RangeError('A sum of no values.');
    return rest.reduce((total, value) => this.plus(total, value), first);
  }

  neg = (x: Value): Value => this.unary('Neg', x);
  abs = (x: Value): Value => this.unary('Abs', x);
  sign = (x: Value): Value => this.unary('Sign', x);
  exp = (x: Value): Value => this.unary('Exp', x);
  log = (x: Value): Value => this.unary('Log', x);
  sqrt = (x: Value): Value => this.unary('Sqrt', x);
  reciprocal = (x: Value): Value => this.unary('Reciprocal', x);
  tanh = (x: Value): Value => this.unary('Tanh', x);
  sigmoid = (x: Value): Value => this.unary('Sigmoid', x);
  relu = (x: Value): Value => this.unary('Relu', x);
  erf = (x: Value): Value => this.unary('Erf', x);
  softplus = (x: Value): Value => this.unary('Softplus', x);
  sin = (x: Value): Value => this.unary('Sin', x);
  cos = (x: Value): Value => this.unary('Cos', x);
  isNaN = (x: Value): Value => this.one('IsNaN', [x], 'bool', x.shape);

  square(x: Value): Value {
    return this.mul(x, x);
  }

  // Comparisons and selection.

  greater(a: Operand, b: Operand): Value {
    return this.binary('Greater', a, b, 'bool');
  }

  greaterOrEqual(a: Operand, b: Operand): Value {
    return this.binary('GreaterOrEqual', a, b, 'bool');
  }

  less(a: Operand, b: Operand): Value {
    return this.binary('Less', a, b, 'bool');
  }

  lessOrEqual(a: Operand, b: Operand): Value {
    return this.binary('LessOrEqual', a, b, 'bool');
  }

  equal(a: Operand, b: Operand): Value {
    return this.binary('Equal', a, b, 'bool');
  }

  and(a: Value, b: Value): Value {
    return this.binary('And', a, b, 'bool');
  }

  not(a: Value): Value {
    return this.one('Not', [a], 'bool', a.shape);
  }

  where(condition: Value, a: Operand, b: Operand): Value {
    const [x, y] = this.operands(a, b);
    return this.one(
      'Where',
      [condition, x, y],
      x.dtype,
      broadcast(condition.shape, broadcast(x.shape, y.shape)),
    );
  }

  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    return this.one('Cast', [x], dtype, x.shape, { to: int(dtypeCode(dtype)) });
  }

  // Reductions.

  reduceSum(x: Value, axes: readonly number[], keep = true): Value {
    return this.reduce('ReduceSum', x, axes, keep);
  }

  reduceMean(x: Value, axes: readonly number[], keep = true): Value {
    return this.reduce('ReduceMean', x, axes, keep);
  }

  reduceMax(x: Value, axes: readonly number[], keep = true): Value {
    return this.reduce('ReduceMax', x, axes, keep);
  }

  reduceSumSquare(x: Value, axes: readonly number[], keep = true): Value {
    return this.reduce('ReduceSumSquare', x, axes, keep);
  }

  /** Sums `x` over the axes along which a value of `shape` was broadcast to x's shape. */
  sumTo(x: Value, shape: readonly number[]): Value {
    const lead = x.shape.length - shape.length;
    const axes = range(0, x.shape.length).filter(
      (i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1),
    );
    return this.reshape(axes.length === 0 ? x : this.reduceSum(x, axes), shape);
  }

  softmax(x: Value, axis: number): Value {
    return this.one('Softmax', [x], x.dtype, x.shape, { axis: int(axis) });
  }

  logSoftmax(x: Value, axis: number): Value {
    return this.one('LogSoftmax', [x], x.dtype, x.shape, { axis: int(axis) });
  }

  // Shape.

  reshape(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(x.shape) !== sizeOf(shape))
      throw new RangeError(`Cannot reshape [${x.shape.join(', ')}] to [${shape.join(', ')}].`);
    const from = this.producerOf(x);
    if (from?.opType === 'Reshape' && from.inputs[0]) return this.reshape(from.inputs[0], shape);
    return this.one('Reshape', [x, this.integers(shape)], x.dtype, shape, { allowzero: int(1) });
  }

  /** Result axis i is x's axis perm[i]. */
  transpose(x: Value, perm: readonly number[]): Value {
    if (perm.every((from, to) => from === to)) return x;
    const shape = perm.map((axis) => x.shape[axis]!);
    const from = this.producerOf(x);
    const earlier = from?.opType === 'Transpose' ? from.attributes.get('perm') : undefined;
    if (earlier?.type === 'ints' && from?.inputs[0])
      return this.transpose(
        from.inputs[0],
        perm.map((axis) => earlier.value[axis]!),
      );
    // Moving axes of length 1 moves no data.
    const moving = (axes: readonly number[]) => axes.filter((axis) => x.shape[axis] !== 1);
    if (moving(perm).every((axis, i, all) => i === 0 || all[i - 1]! < axis)) return this.reshape(x, shape);
    return this.one('Transpose', [x], x.dtype, shape, { perm: ints(perm) });
  }

  /** Undoes `transpose(·, perm)`. */
  untranspose(x: Value, perm: readonly number[]): Value {
    return this.transpose(x, inverse(perm));
  }

  expand(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    return this.one('Expand', [x, this.integers(shape)], x.dtype, broadcast(x.shape, shape));
  }

  /** x[start : end : step] along `axes`; bounds are already within the axis. Steps may be negative (end may be −1 for "past the first"). */
  slice(
    x: Value,
    axes: readonly number[],
    starts: readonly number[],
    ends: readonly number[],
    steps: readonly number[] = axes.map(() => 1),
  ): Value {
    const shape = [...x.shape];
    axes.forEach((axis, i) => (shape[axis] = Math.max(0, Math.ceil((ends[i]! - starts[i]!) / steps[i]!))));
    if (sameShape(shape, x.shape) && steps.every((step) => step === 1)) return x;
    const past = ends.map((end, i) => (end < 0 && steps[i]! < 0 ? -(2 ** 31) : end));
    return this.one(
      'Slice',
      [x, this.integers(starts), this.integers(past), this.integers(axes), this.integers(steps)],
      x.dtype,
      shape,
    );
  }

  /** x with the order along `axes` reversed. */
  reverse(x: Value, axes: readonly number[]): Value {
    const long = axes.filter((axis) => x.shape[axis]! > 1);
    if (long.length === 0) return x;
    return this.slice(
      x,
      long,
      long.map((axis) => x.shape[axis]! - 1),
      long.map(() => -1),
      long.map(() => -1),
    );
  }

  /** Constant padding with `value`; negative amounts crop. `pads`: begins of every axis, then ends. */
  pad(x: Value, pads: readonly number[], value = 0): Value {
    const rank = x.shape.length;
    if (pads.every((amount) => amount === 0)) return x;
    const shape = x.shape.map((dim, i) => dim + pads[i]! + pads[i + rank]!);
    const fill = value === 0 ? [] : [this.number(value, x.dtype)];
    return this.one('Pad', [x, this.integers(pads), ...fill], x.dtype, shape, { mode: text('constant') });
  }

  concat(values: readonly Value[], axis: number): Value {
    if (values.length === 1) return values[0]!;
    const shape = [...values[0]!.shape];
    shape[axis] = values.reduce((total, value) => total + value.shape[axis]!, 0);
    return this.one('Concat', values, values[0]!.dtype, shape, { axis: int(axis) });
  }

  /** A tensor full of `value`. */
  full(shape: readonly number[], value: number, dtype: DType = 'float32'): Value {
    return this.expand(this.number(value, dtype), shape);
  }

  /** `updates` added into `data` at `indices` (shape … × rank of the indexed axes), as ScatterND with reduction add. */
  scatterAdd(data: Value, indices: Value, updates: Value): Value {
    return this.one('ScatterND', [data, indices, updates], data.dtype, data.shape, {
      reduction: text('add'),
    });
  }

  gather(x: Value, indices: Value, axis: number): Value {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return this.one('Gather', [x, indices], x.dtype, shape, { axis: int(axis) });
  }

  // Linear algebra.

  matmul(a: Value, b: Value): Value {
    const shape = [
      ...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)),
      a.shape.at(-2)!,
      b.shape.at(-1)!,
    ];
    return this.one('MatMul', [a, b], a.dtype, shape);
  }

  /** aᵀ? · bᵀ? · alpha, of matrices. */
  gemm(a: Value, b: Value, options: { transA?: boolean; transB?: boolean; alpha?: number } = {}): Value {
    const { transA = false, transB = false, alpha = 1 } = options;
    return this.one('Gemm', [a, b], a.dtype, [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!], {
      transA: int(Number(transA)),
      transB: int(Number(transB)),
      alpha: float(alpha),
    });
  }

  /** x with its last two axes swapped. */
  swapLast(x: Value): Value {
    const rank = x.shape.length;
    return this.transpose(x, [...range(0, rank - 2), rank - 1, rank - 2]);
  }

  /** x: N × C × spatial, w: C_out × C/group × kernel. */
  conv(x: Value, w: Value, window: Window, group = 1, bias: Value | null = null): Value {
    const spatial = window.kernel.map((k, i) => {
      const reach = window.dilations[i]! * (k - 1) + 1;
      const padded = x.shape[i + 2]! + window.pads[i]! + window.pads[i + window.kernel.length]!;
      return Math.floor((padded - reach) / window.strides[i]!) + 1;
    });
    return this.one('Conv', bias ? [x, w, bias] : [x, w], x.dtype, [x.shape[0]!, w.shape[0]!, ...spatial], {
      ...windowAttributes(window),
      group: int(group),
    });
  }

  /** x: N × C × spatial, w: C × C_out/group × kernel. */
  convTranspose(x: Value, w: Value, window: Window, outputPadding: readonly number[], group = 1): Value {
    const spatial = window.kernel.map((k, i) => {
      const reach = window.dilations[i]! * (k - 1) + 1;
      const cropped = window.pads[i]! + window.pads[i + window.kernel.length]!;
      return (x.shape[i + 2]! - 1) * window.strides[i]! + reach + outputPadding[i]! - cropped;
    });
    return this.one('ConvTranspose', [x, w], x.dtype, [x.shape[0]!, w.shape[1]! * group, ...spatial], {
      ...windowAttributes(window),
      output_padding: ints(outputPadding),
      group: int(group),
    });
  }

  /** A scalar constant. */
  number(value: number, dtype: DType = 'float32'): Value {
    if (dtype === 'int64') return this.integers([value], []);
    if (dtype === 'float32') return this.floats(Float32Array.of(value), []);
    return this.cast(this.floats(Float32Array.of(value), []), dtype);
  }

  private unary(opType: string, x: Value): Value {
    return this.one(opType, [x], x.dtype, x.shape);
  }

  private binary(opType: string, a: Operand, b: Operand, dtype?: DType): Value {
    const [x, y] = this.operands(a, b);
    return this.one(opType, [x, y], dtype ?? x.dtype, broadcast(x.shape, y.shape));
  }

  private operands(a: Operand, b: Operand): [Value, Value] {
    const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : 'float32';
    return [
      typeof a === 'number' ? this.number(a, dtype) : a,
      typeof b === 'number' ? this.number(b, dtype) : b,
    ];
  }

  private reduce(opType: string, x: Value, axes: readonly number[], keep: boolean): Value {
    if (axes.length === 0) return opType === 'ReduceSumSquare' ? this.square(x) : x;
    return this.one(opType, [x, this.integers(axes)], x.dtype, reduced(x.shape, axes, keep), {
      keepdims: int(Number(keep)),
    });
  }

  private one(
    opType: string,
    inputs: readonly Value[],
    dtype: DType,
    shape: readonly number[],
    attributes: Parameters<GraphBuilder['emit']>[3] = {},
  ): Value {
    return this.emit(opType, inputs, [{ dtype, shape }], attributes)[0]!;
  }
}

/** The window as the attributes of Conv and its like. */
export function windowAttributes(window: Window) {
  return {
    kernel_shape: ints(window.kernel),
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints(window.pads),
  };
}

/** A graph and what it computes, by name. */
export interface BuiltGraph {
  readonly g: Ops;
  readonly outputs: ReadonlyMap<string, Value>;
}
