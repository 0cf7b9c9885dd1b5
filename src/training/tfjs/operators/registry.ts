import type { TfOperator } from '../tf-node';
import * as activation from './activation';
import * as convolution from './convolution';
import * as elementwise from './elementwise';
import * as linear from './linear';
import * as normalization from './normalization';
import * as pooling from './pooling';
import * as reduction from './reduction';
import * as shape from './shape';

/** Operators of the standard domain in operators of TensorFlow.js, by their name. */
const OPERATORS: ReadonlyMap<string, TfOperator> = new Map(
  Object.entries({
    Abs: elementwise.abs,
    Add: elementwise.add,
    And: elementwise.and,
    AveragePool: pooling.averagePool,
    BatchNormalization: normalization.batchNormalization,
    Cast: elementwise.cast,
    Celu: activation.celu,
    Clip: activation.clip,
    Concat: shape.concat,
    Conv: convolution.conv,
    ConvTranspose: convolution.convTranspose,
    Cos: elementwise.cos,
    DepthToSpace: shape.depthToSpace,
    Div: elementwise.div,
    Elu: activation.elu,
    Equal: elementwise.equal,
    Erf: elementwise.erf,
    Exp: elementwise.exp,
    Expand: shape.expand,
    Flatten: shape.reshape,
    Gather: shape.gather,
    Gelu: activation.gelu,
    Gemm: linear.gemm,
    GlobalAveragePool: pooling.globalAveragePool,
    GlobalMaxPool: pooling.globalMaxPool,
    Greater: elementwise.greater,
    GreaterOrEqual: elementwise.greaterOrEqual,
    GroupNormalization: normalization.groupNormalization,
    HardSigmoid: activation.hardSigmoid,
    HardSwish: activation.hardSwish,
    Identity: elementwise.identity,
    InstanceNormalization: normalization.instanceNormalization,
    LRN: normalization.lrn,
    LayerNormalization: normalization.layerNormalization,
    LeakyRelu: activation.leakyRelu,
    Less: elementwise.less,
    LessOrEqual: elementwise.lessOrEqual,
    Log: elementwise.log,
    LogSoftmax: activation.logSoftmax,
    LpNormalization: normalization.lpNormalization,
    MatMul: linear.matmul,
    Max: elementwise.max,
    MaxPool: pooling.maxPool,
    Mean: elementwise.mean,
    Min: elementwise.min,
    Mish: activation.mish,
    Mul: elementwise.mul,
    Neg: elementwise.neg,
    Not: elementwise.not,
    PRelu: activation.prelu,
    Pad: shape.pad,
    Pow: elementwise.pow,
    RMSNormalization: normalization.rmsNormalization,
    Reciprocal: elementwise.reciprocal,
    ReduceL1: reduction.reduceL1,
    ReduceL2: reduction.reduceL2,
    ReduceLogSum: reduction.reduceLogSum,
    ReduceLogSumExp: reduction.reduceLogSumExp,
    ReduceMax: reduction.reduceMax,
    ReduceMean: reduction.reduceMean,
    ReduceMin: reduction.reduceMin,
    ReduceSum: reduction.reduceSum,
    ReduceSumSquare: reduction.reduceSumSquare,
    Relu: activation.relu,
    Reshape: shape.reshape,
    Selu: activation.selu,
    Sigmoid: elementwise.sigmoid,
    Sign: elementwise.sign,
    Sin: elementwise.sin,
    Slice: shape.slice,
    Softmax: activation.softmax,
    Softplus: activation.softplus,
    Softsign: activation.softsign,
    SpaceToDepth: shape.spaceToDepth,
    Split: shape.split,
    Sqrt: elementwise.sqrt,
    Squeeze: shape.reshape,
    Sub: elementwise.sub,
    Sum: elementwise.sum,
    Swish: activation.swish,
    Tanh: elementwise.tanh,
    ThresholdedRelu: activation.thresholdedRelu,
    Tile: shape.tile,
    Transpose: shape.transpose,
    Unsqueeze: shape.reshape,
    Where: elementwise.where,
  }),
);

/** How TensorFlow.js computes a standard operator; undefined where Scour has no mapping. */
export function operatorOf(opType: string): TfOperator | undefined {
  return OPERATORS.get(opType);
}

/**
 * Operators that onnxruntime's engine trains through and this one does not, and why. TensorFlow.js 4.22 itself has no
 * gradient for dilated Conv2D and DepthwiseConv2dNative, ScatterNd, GatherNd, StridedSlice, DepthToSpace, TopK, Einsum
 * and most comparisons; those of Maximum, Minimum and BatchMatMul are not summed over broadcast axes, that of a split
 * into one part fails, and that of MirrorPad leaves mirrored elements out (training-tfjs-gaps.test.ts). Where the
 * operator can be written in others that have theirs, `operators/` does so.
 */
export const NOT_MAPPED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Dropout: 'training graphs hold none: it is taken out when a model is prepared',
    ReduceProd: 'tf.prod differentiates through cumulative products that not every backend has',
    Resize: 'TensorFlow.js resizes by two of the eight coordinate rules that ONNX knows',
    ScatterND: 'tf.scatterND has no gradient',
  }),
);
