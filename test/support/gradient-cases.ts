import { float, int, ints, text } from '../../src/model/onnx/build';
import type { OnnxAttribute } from '../../src/model/onnx/graph';
import type { HostTensor } from '../../src/runtime/training-session';
import { Ops } from '../../src/training/graph/ops';
import { range, sizeOf } from '../../src/training/graph/shape';
import type { Value } from '../../src/training/graph/value';

/** An operator applied to small inputs: a row of every test that goes through the operators. */
export interface Case {
  readonly op: string;
  readonly title?: string;
  /** Shapes of the inputs that vary. */
  readonly inputs: readonly (readonly number[])[];
  /** Constant inputs, by position: int64 unless they hold floats. */
  readonly constants?: Readonly<Record<number, Constant>>;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Shapes of the outputs; default: that of the first input. */
  readonly outputs?: readonly (readonly number[])[];
  /** From where the values are drawn; default −2 … 2. */
  readonly from?: (i: number, input: number) => number;
  readonly opset?: number;
}

interface Constant {
  readonly dtype: 'int64' | 'float32' | 'bool';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const int64 = (...values: number[]): Constant => ({ dtype: 'int64', shape: [values.length], values });
const scalar = (value: number): Constant => ({ dtype: 'float32', shape: [], values: [value] });
const floats = (...values: number[]): Constant => ({ dtype: 'float32', shape: [values.length], values });

/** Distinct values, none within 0.04 of 0 or of one another: no kink, no tie within reach of h. */
const spaced = (i: number): number => (((i * 37) % 101) - 50.5) * 0.08;
const positive = (i: number): number => 0.5 + Math.abs(spaced(i)) / 2;
const image = [2, 4, 7, 6];

/** At least one of every operator that has a gradient rule. */
export const CASES: readonly Case[] = [
  { op: 'Abs', inputs: [[3, 5]], from: spaced },
  {
    op: 'Add',
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
    outputs: [[2, 3, 4]],
  },
  {
    op: 'AveragePool',
    inputs: [image],
    attributes: { kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: ints([1, 0, 1, 1]) },
    outputs: [[2, 4, 4, 6]],
  },
  {
    op: 'AveragePool',
    title: 'counting pads',
    inputs: [image],
    attributes: { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), count_include_pad: int(1) },
    outputs: [image],
  },
  {
    op: 'AveragePool',
    title: 'ceil mode',
    inputs: [[1, 2, 6, 6]],
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: int(1) },
    outputs: [[1, 2, 3, 3]],
  },
  {
    op: 'AveragePool',
    title: 'ceil mode counting pads',
    inputs: [[1, 2, 6, 6]],
    attributes: {
      kernel_shape: ints([3, 3]),
      strides: ints([2, 2]),
      pads: ints([1, 1, 1, 1]),
      ceil_mode: int(1),
      count_include_pad: int(1),
    },
    outputs: [[1, 2, 4, 4]],
  },
  {
    op: 'AveragePool',
    title: 'SAME_LOWER',
    inputs: [[1, 2, 5, 6]],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]), auto_pad: text('SAME_LOWER') },
    outputs: [[1, 2, 3, 3]],
  },
  {
    op: 'AveragePool',
    title: 'dilated',
    inputs: [[1, 2, 7, 7]],
    attributes: { kernel_shape: ints([2, 2]), dilations: ints([2, 3]) },
    outputs: [[1, 2, 5, 4]],
    opset: 19,
  },
  {
    op: 'BatchNormalization',
    inputs: [[4, 3, 5, 2], [3], [3], [3], [3]],
    from: (i, input) => (input === 4 ? positive(i) : spaced(i)),
    outputs: [[4, 3, 5, 2]],
  },
  {
    op: 'BatchNormalization',
    title: 'of vectors',
    inputs: [[4, 3], [3], [3], [3], [3]],
    from: (i, input) => (input === 4 ? positive(i) : spaced(i)),
    outputs: [[4, 3]],
  },

  { op: 'Cast', inputs: [[3, 4]], attributes: { to: int(1) } },
  { op: 'Celu', inputs: [[3, 5]], from: spaced, attributes: { alpha: float(1.5) } },
  { op: 'Clip', inputs: [[4, 7]], from: spaced, constants: { 1: scalar(-1), 2: scalar(1.4) } },
  { op: 'Clip', title: 'from above', inputs: [[4, 7]], from: spaced, constants: { 2: scalar(1.4) } },
  {
    op: 'Concat',
    inputs: [
      [2, 1, 3],
      [2, 4, 3],
      [2, 2, 3],
    ],
    attributes: { axis: int(-2) },
    outputs: [[2, 7, 3]],
  },
  {
    op: 'Conv',
    inputs: [[2, 3, 6, 5], [4, 3, 3, 3], [4]],
    attributes: { pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 4, 6, 5]],
  },
  {
    op: 'Conv',
    title: 'strided, dilated, uneven pads',
    inputs: [
      [2, 3, 9, 8],
      [4, 3, 3, 2],
    ],
    attributes: { strides: ints([2, 3]), dilations: ints([2, 1]), pads: ints([2, 0, 1, 1]) },
    outputs: [[2, 4, 4, 3]],
  },
  {
    op: 'Conv',
    title: 'with columns no window reaches',
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { strides: ints([3, 3]) },
    outputs: [[1, 3, 2, 2]],
  },
  {
    op: 'Conv',
    title: 'pads beyond the kernel',
    inputs: [
      [1, 2, 4, 4],
      [3, 2, 2, 2],
    ],
    attributes: { pads: ints([3, 3, 2, 2]) },
    outputs: [[1, 3, 8, 8]],
  },
  {
    op: 'Conv',
    title: 'grouped',
    inputs: [[2, 4, 5, 5], [6, 2, 3, 3], [6]],
    attributes: { group: int(2), pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 6, 5, 5]],
  },
  {
    op: 'Conv',
    title: 'grouped and strided',
    inputs: [
      [2, 6, 5, 5],
      [6, 2, 3, 3],
    ],
    attributes: { group: int(3), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 6, 3, 3]],
  },
  {
    op: 'Conv',
    title: 'depthwise',
    inputs: [
      [2, 4, 5, 5],
      [4, 1, 3, 3],
    ],
    attributes: { group: int(4), pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 4, 5, 5]],
  },
  {
    op: 'Conv',
    title: 'depthwise, strided, dilated',
    inputs: [[2, 4, 8, 7], [4, 1, 3, 3], [4]],
    attributes: { group: int(4), pads: ints([2, 2, 2, 2]), strides: ints([2, 2]), dilations: ints([2, 2]) },
    outputs: [[2, 4, 4, 4]],
  },
  {
    op: 'Conv',
    title: 'depthwise with a multiplier',
    inputs: [
      [2, 3, 5, 5],
      [6, 1, 3, 3],
    ],
    attributes: { group: int(3), pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 6, 5, 5]],
  },
  {
    op: 'Conv',
    title: '1 × 1',
    inputs: [
      [2, 20, 3, 4],
      [5, 20, 1, 1],
    ],
    outputs: [[2, 5, 3, 4]],
  },
  {
    op: 'Conv',
    title: '1 × 1, strided',
    inputs: [
      [2, 20, 4, 4],
      [5, 20, 1, 1],
    ],
    attributes: { strides: ints([2, 2]) },
    outputs: [[2, 5, 2, 2]],
  },
  {
    op: 'Conv',
    title: 'many channels',
    inputs: [
      [2, 18, 4, 4],
      [20, 18, 3, 3],
    ],
    attributes: { pads: ints([1, 1, 1, 1]) },
    outputs: [[2, 20, 4, 4]],
  },
  {
    op: 'Conv',
    title: 'many channels, strided',
    inputs: [
      [2, 18, 6, 6],
      [20, 18, 3, 3],
    ],
    attributes: { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) },
    outputs: [[2, 20, 3, 3]],
  },
  {
    op: 'Conv',
    title: 'SAME_UPPER',
    inputs: [
      [1, 2, 5, 6],
      [3, 2, 4, 2],
    ],
    attributes: { auto_pad: text('SAME_UPPER'), strides: ints([2, 2]) },
    outputs: [[1, 3, 3, 3]],
  },
  {
    op: 'Conv',
    title: 'in one dimension',
    inputs: [[2, 3, 9], [4, 3, 3], [4]],
    attributes: { strides: ints([2]), pads: ints([1, 1]) },
    outputs: [[2, 4, 5]],
  },
  {
    op: 'Conv',
    title: 'in three dimensions',
    inputs: [
      [1, 2, 4, 5, 3],
      [3, 2, 2, 3, 2],
    ],
    attributes: { pads: ints([0, 1, 0, 1, 1, 1]) },
    outputs: [[1, 3, 4, 5, 3]],
  },
  {
    op: 'ConvTranspose',
    inputs: [[2, 3, 4, 5], [3, 4, 3, 3], [4]],
    attributes: { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]), output_padding: ints([1, 0]) },
    outputs: [[2, 4, 8, 9]],
  },
  {
    op: 'ConvTranspose',
    title: 'grouped',
    inputs: [
      [2, 4, 3, 3],
      [4, 2, 2, 2],
    ],
    attributes: { group: int(2), strides: ints([2, 2]) },
    outputs: [[2, 4, 6, 6]],
  },
  {
    op: 'ConvTranspose',
    title: 'SAME_UPPER',
    inputs: [
      [1, 2, 3, 3],
      [2, 3, 3, 3],
    ],
    attributes: { auto_pad: text('SAME_UPPER'), strides: ints([2, 2]) },
    outputs: [[1, 3, 6, 6]],
  },
  { op: 'Cos', inputs: [[3, 4]] },
  { op: 'DepthToSpace', inputs: [[2, 8, 3, 2]], attributes: { blocksize: int(2) }, outputs: [[2, 2, 6, 4]] },
  {
    op: 'DepthToSpace',
    title: 'CRD',
    inputs: [[2, 8, 3, 2]],
    attributes: { blocksize: int(2), mode: text('CRD') },
    outputs: [[2, 2, 6, 4]],
  },
  {
    op: 'Div',
    inputs: [
      [2, 3, 4],
      [2, 1, 4],
    ],
    from: positive,
    outputs: [[2, 3, 4]],
  },
  { op: 'Dropout', inputs: [[3, 4]] },
  { op: 'Elu', inputs: [[3, 5]], from: spaced, attributes: { alpha: float(0.7) } },
  { op: 'Erf', inputs: [[3, 4]] },
  { op: 'Exp', inputs: [[3, 4]] },
  { op: 'Expand', inputs: [[3, 1]], constants: { 1: int64(2, 1, 4) }, outputs: [[2, 3, 4]] },
  { op: 'Flatten', inputs: [[2, 3, 4]], outputs: [[2, 12]] },
  {
    op: 'Gather',
    inputs: [[3, 5, 2]],
    constants: { 1: { dtype: 'int64', shape: [2, 2], values: [0, 4, 4, -2] } },
    attributes: { axis: int(1) },
    outputs: [[3, 2, 2, 2]],
  },
  {
    op: 'Gather',
    title: 'one index',
    inputs: [[3, 5, 2]],
    constants: { 1: { dtype: 'int64', shape: [], values: [-1] } },
    attributes: { axis: int(1) },
    outputs: [[3, 2]],
  },
  { op: 'Gelu', inputs: [[3, 5]], opset: 20 },
  { op: 'Gelu', title: 'by tanh', inputs: [[3, 5]], attributes: { approximate: text('tanh') }, opset: 20 },
  {
    op: 'Gemm',
    inputs: [[3, 4], [4, 5], [5]],
    attributes: { alpha: float(0.7), beta: float(1.3) },
    outputs: [[3, 5]],
  },
  {
    op: 'Gemm',
    title: 'transA',
    inputs: [
      [4, 3],
      [4, 5],
      [3, 1],
    ],
    attributes: { transA: int(1) },
    outputs: [[3, 5]],
  },
  {
    op: 'Gemm',
    title: 'transB',
    inputs: [
      [3, 4],
      [5, 4],
    ],
    attributes: { transB: int(1) },
    outputs: [[3, 5]],
  },
  {
    op: 'Gemm',
    title: 'both transposed',
    inputs: [[4, 3], [5, 4], []],
    attributes: { transA: int(1), transB: int(1) },
    outputs: [[3, 5]],
  },
  { op: 'GlobalAveragePool', inputs: [image], outputs: [[2, 4, 1, 1]] },
  { op: 'GlobalMaxPool', inputs: [[2, 2, 5, 5]], from: spaced, outputs: [[2, 2, 1, 1]] },
  {
    op: 'GroupNormalization',
    inputs: [[2, 6, 3, 4], [6], [6]],
    attributes: { num_groups: int(3) },
    outputs: [[2, 6, 3, 4]],
    opset: 21,
  },
  {
    op: 'HardSigmoid',
    inputs: [[4, 9]],
    from: (i) => spaced(i) * 1.7,
    attributes: { alpha: float(0.21), beta: float(0.45) },
  },
  { op: 'HardSwish', inputs: [[4, 9]], from: (i) => spaced(i) * 1.3 },
  { op: 'Identity', inputs: [[3]] },
  { op: 'InstanceNormalization', inputs: [[2, 3, 4, 5], [3], [3]] },
  {
    op: 'LRN',
    inputs: [[2, 6, 3, 2]],
    attributes: { size: int(3), alpha: float(0.4), beta: float(0.75), bias: float(1.5) },
  },

  { op: 'LayerNormalization', inputs: [[2, 3, 6], [6], [6]] },
  {
    op: 'LayerNormalization',
    title: 'over two axes',
    inputs: [
      [2, 3, 6],
      [3, 6],
      [3, 6],
    ],
    attributes: { axis: int(1) },
  },
  { op: 'LeakyRelu', inputs: [[3, 5]], from: spaced, attributes: { alpha: float(0.2) } },
  { op: 'Log', inputs: [[3, 4]], from: positive },
  { op: 'LogSoftmax', inputs: [[3, 5, 2]], attributes: { axis: int(1) } },
  { op: 'LpNormalization', inputs: [[3, 5]], from: spaced },
  {
    op: 'LpNormalization',
    title: 'p = 1',
    inputs: [[3, 5]],
    from: spaced,
    attributes: { p: int(1), axis: int(0) },
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 3, 4, 5],
      [3, 5, 2],
    ],
    outputs: [[2, 3, 4, 2]],
  },
  {
    op: 'MatMul',
    title: 'by a matrix',
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
    outputs: [[2, 3, 5]],
  },
  {
    op: 'MatMul',
    title: 'matrix by batch',
    inputs: [
      [3, 4],
      [2, 4, 5],
    ],
    outputs: [[2, 3, 5]],
  },
  { op: 'MatMul', title: 'by a vector', inputs: [[2, 3, 4], [4]], outputs: [[2, 3]] },
  {
    op: 'Max',
    inputs: [[3, 5], [5], [3, 1]],
    from: (i, input) => spaced(i + 31 * input) + 0.021 * input,
    outputs: [[3, 5]],
  },
  {
    op: 'MaxPool',
    inputs: [[2, 2, 6, 7]],
    from: spaced,
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
    outputs: [[2, 2, 3, 3]],
  },
  {
    op: 'MaxPool',
    title: 'overlapping and padded',
    inputs: [[1, 2, 7, 7]],
    from: spaced,
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
    outputs: [[1, 2, 4, 4]],
  },
  {
    op: 'MaxPool',
    title: 'ceil mode, dilated',
    inputs: [[1, 2, 8, 6]],
    from: spaced,
    attributes: {
      kernel_shape: ints([2, 2]),
      strides: ints([2, 2]),
      dilations: ints([2, 1]),
      ceil_mode: int(1),
    },
    outputs: [[1, 2, 4, 3]],
  },
  { op: 'Mean', inputs: [[3, 4], [4]], outputs: [[3, 4]] },
  {
    op: 'Min',
    inputs: [[3, 5], [5]],
    from: (i, input) => spaced(i + 31 * input) + 0.021 * input,
    outputs: [[3, 5]],
  },
  { op: 'Mish', inputs: [[3, 5]] },
  { op: 'Mul', inputs: [[2, 3, 4], [4]], outputs: [[2, 3, 4]] },
  { op: 'Neg', inputs: [[3, 4]] },
  {
    op: 'PRelu',
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
    from: spaced,
  },
  { op: 'Pad', inputs: [[2, 3, 4]], constants: { 1: int64(0, 1, -1, 2, 0, 3) }, outputs: [[4, 4, 6]] },
  {
    op: 'Pad',
    title: 'reflect',
    inputs: [[2, 4, 5]],
    constants: { 1: int64(0, 2, 1, 0, 1, 3) },
    attributes: { mode: text('reflect') },
    outputs: [[2, 7, 9]],
  },
  {
    op: 'Pad',
    title: 'edge, some axes',
    inputs: [[2, 3, 4]],
    constants: { 1: int64(2, 1), 2: scalar(0), 3: int64(-1) },
    attributes: { mode: text('edge') },
    outputs: [[2, 3, 7]],
  },
  { op: 'Pow', inputs: [[3, 4], [4]], from: positive, outputs: [[3, 4]] },
  { op: 'Pow', title: 'squared', inputs: [[3, 4]], constants: { 1: scalar(2) } },
  { op: 'Pow', title: 'cubed', inputs: [[3, 4]], constants: { 1: scalar(3) } },
  { op: 'RMSNormalization', inputs: [[2, 3, 6], [6]], opset: 23 },
  { op: 'Reciprocal', inputs: [[3, 4]], from: positive },
  { op: 'ReduceL1', inputs: [[3, 4, 2]], from: spaced, constants: { 1: int64(0, 2) }, outputs: [[1, 4, 1]] },
  {
    op: 'ReduceL2',
    inputs: [[3, 4, 2]],
    constants: { 1: int64(1) },
    attributes: { keepdims: int(0) },
    outputs: [[3, 2]],
  },
  { op: 'ReduceLogSum', inputs: [[3, 4]], from: positive, constants: { 1: int64(1) }, outputs: [[3, 1]] },
  { op: 'ReduceLogSumExp', inputs: [[3, 4]], constants: { 1: int64(-1) }, outputs: [[3, 1]] },
  {
    op: 'ReduceMax',
    inputs: [[3, 4, 5]],
    from: spaced,
    constants: { 1: int64(1, 2) },
    attributes: { keepdims: int(0) },
    outputs: [[3]],
  },
  {
    op: 'ReduceMean',
    inputs: [[3, 4, 2]],
    constants: { 1: int64(0, -1) },
    attributes: { keepdims: int(0) },
    outputs: [[4]],
  },
  { op: 'ReduceMean', title: 'over all', inputs: [[3, 4]], outputs: [[1, 1]] },
  { op: 'ReduceMin', inputs: [[3, 4]], from: spaced, constants: { 1: int64(0) }, outputs: [[1, 4]] },
  { op: 'ReduceProd', inputs: [[3, 4]], from: positive, constants: { 1: int64(1) }, outputs: [[3, 1]] },
  { op: 'ReduceSum', inputs: [[3, 4]], constants: { 1: int64(0) }, outputs: [[1, 4]] },
  { op: 'ReduceSumSquare', inputs: [[3, 4]], constants: { 1: int64(0) }, outputs: [[1, 4]] },
  { op: 'Relu', inputs: [[3, 5]], from: spaced },
  { op: 'Reshape', inputs: [[2, 6]], constants: { 1: int64(3, -1) }, outputs: [[3, 4]] },
  {
    op: 'Resize',
    title: 'nearest',
    inputs: [[1, 2, 3, 4]],
    constants: { 2: floats(1, 1, 2, 2) },
    attributes: {
      mode: text('nearest'),
      coordinate_transformation_mode: text('asymmetric'),
      nearest_mode: text('floor'),
    },
    outputs: [[1, 2, 6, 8]],
  },
  {
    op: 'Resize',
    title: 'linear',
    inputs: [[1, 2, 3, 4]],
    constants: { 3: int64(1, 2, 7, 3) },
    attributes: { mode: text('linear') },
    outputs: [[1, 2, 7, 3]],
  },
  {
    op: 'Resize',
    title: 'linear, corners aligned',
    inputs: [[1, 2, 3, 4]],
    constants: { 2: floats(1, 1, 2, 1.5) },
    attributes: { mode: text('linear'), coordinate_transformation_mode: text('align_corners') },
    outputs: [[1, 2, 6, 6]],
  },
  {
    op: 'Resize',
    title: 'cubic',
    inputs: [[1, 2, 5, 4]],
    constants: { 2: floats(1, 1, 2, 1.5) },
    attributes: { mode: text('cubic') },
    outputs: [[1, 2, 10, 6]],
  },
  {
    op: 'ScatterND',
    inputs: [
      [4, 3],
      [3, 3],
    ],
    constants: { 1: { dtype: 'int64', shape: [3, 1], values: [1, 3, 1] } },
    attributes: { reduction: text('add') },
  },
  { op: 'Selu', inputs: [[3, 5]], from: spaced },
  { op: 'Sigmoid', inputs: [[3, 5]] },
  { op: 'Sin', inputs: [[3, 4]] },
  {
    op: 'Slice',
    inputs: [[4, 6]],
    constants: { 1: int64(1, -2), 2: int64(4, -6), 3: int64(0, 1), 4: int64(2, -2) },
    outputs: [[2, 2]],
  },
  {
    op: 'Slice',
    title: 'to the end, backwards',
    inputs: [[3, 6]],
    constants: { 1: int64(100), 2: int64(-100), 3: int64(1), 4: int64(-1) },
    outputs: [[3, 6]],
  },
  {
    op: 'Slice',
    title: 'every second',
    inputs: [[2, 7]],
    constants: { 1: int64(0), 2: int64(1000), 3: int64(-1), 4: int64(2) },
    outputs: [[2, 4]],
  },
  { op: 'Softmax', inputs: [[3, 5, 2]], attributes: { axis: int(-2) } },
  { op: 'Softplus', inputs: [[3, 5]] },
  { op: 'Softsign', inputs: [[3, 5]], from: spaced },
  { op: 'SpaceToDepth', inputs: [[2, 3, 4, 6]], attributes: { blocksize: int(2) }, outputs: [[2, 12, 2, 3]] },
  {
    op: 'Split',
    inputs: [[3, 7]],
    constants: { 1: int64(2, 4, 1) },
    attributes: { axis: int(1) },
    outputs: [
      [3, 2],
      [3, 4],
      [3, 1],
    ],
  },
  { op: 'Sqrt', inputs: [[3, 4]], from: positive },
  { op: 'Squeeze', inputs: [[3, 1, 4]], constants: { 1: int64(1) }, outputs: [[3, 4]] },
  {
    op: 'Sub',
    inputs: [
      [3, 1],
      [2, 1, 4],
    ],
    outputs: [[2, 3, 4]],
  },
  { op: 'Sum', inputs: [[3, 4], [4], [3, 1]], outputs: [[3, 4]] },
  { op: 'Swish', inputs: [[3, 5]], opset: 24 },
  { op: 'Tanh', inputs: [[3, 5]] },
  { op: 'ThresholdedRelu', inputs: [[3, 9]], from: spaced, attributes: { alpha: float(0.5) } },
  { op: 'Tile', inputs: [[2, 3]], constants: { 1: int64(3, 2) }, outputs: [[6, 6]] },
  { op: 'Transpose', inputs: [[2, 3, 4]], attributes: { perm: ints([1, 2, 0]) }, outputs: [[3, 4, 2]] },
  { op: 'Transpose', title: 'by default', inputs: [[2, 3, 4]], outputs: [[4, 3, 2]] },
  { op: 'Unsqueeze', inputs: [[3, 4]], constants: { 1: int64(0, -1) }, outputs: [[1, 3, 4, 1]] },
  {
    op: 'Where',
    inputs: [[2, 3], [3]],
    constants: { 0: { dtype: 'bool', shape: [2, 1], values: [1, 0] } },
    outputs: [[2, 3]],
  },
];

/** What the test reports call a case. */
export function titleOf({ op, title }: Case): string {
  return title === undefined ? op : `${op}, ${title}`;
}

/** The operator in a graph, and as loss a fixed weighting of its outputs. */
export function build(row: Case): { g: Ops; inputs: Value[]; loss: Value; outputs: Map<string, Value> } {
  const g = new Ops();
  const { constants = {}, attributes = {} } = row;
  const inputs: Value[] = [];
  const given: (Value | null)[] = [];
  const last = Math.max(-1, ...Object.keys(constants).map(Number));
  let next = 0;
  for (let position = 0; next < row.inputs.length || position <= last; position++) {
    const constant = constants[position];
    if (constant) given.push(constantOf(g, constant));
    else if (next < row.inputs.length && !(position in constants)) {
      // Inputs that vary fill the positions that constants leave free.
      const input = g.input(`x${next}`, { dtype: 'float32', shape: row.inputs[next]! });
      next++;
      inputs.push(input);
      given.push(input);
    } else given.push(null);
  }
  const shapes = row.outputs ?? [row.inputs[0]!];
  const made = g.emit(
    row.op,
    given,
    shapes.map((shape) => ({ dtype: 'float32' as const, shape })),
    attributes,
  );
  const terms = made.map((value, k) => {
    const size = sizeOf(value.shape);
    const weights = g.floats(
      Float32Array.from({ length: size }, (_, i) => Math.cos(0.7 + i * 1.3 + k)),
      value.shape,
    );
    return g.reduceSum(g.mul(value, weights), range(0, value.shape.length), false);
  });
  return { g, inputs, loss: g.sum(terms), outputs: new Map(made.map((value, k) => [`y${k}`, value])) };
}

function constantOf(g: Ops, constant: Constant): Value {
  if (constant.dtype === 'int64') return g.integers(constant.values, constant.shape);
  const value = g.floats(Float32Array.from(constant.values), constant.shape);
  return constant.dtype === 'bool' ? g.greater(value, 0) : value;
}

/** Where input number `which` of a case is evaluated. */
export function point(
  input: Value,
  which: number,
  { from = (i) => 2 * Math.sin(i * 2.1 + which) }: Case,
): HostTensor {
  const data = Float32Array.from({ length: sizeOf(input.shape) }, (_, i) => from(i, which));
  return { dtype: 'float32', shape: input.shape, data };
}
