import { COMPOSITE } from '../graph/builder';
import * as composites from '../graph/composites';
import type { GraphNode } from '../graph/value';
import * as activation from './activation';
import * as convolution from './convolution';
import * as elementwise from './elementwise';
import * as linear from './linear';
import * as normalization from './normalization';
import * as pooling from './pooling';
import * as reduction from './reduction';
import * as resampling from './resampling';
import type { GradientRule } from './rule';
import * as shape from './shape';

/** The gradient rule of every differentiable operator of the standard domain, by its name. */
const RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    Abs: elementwise.abs,
    Add: elementwise.add,
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
    Dropout: shape.dropout,
    Elu: activation.elu,
    Erf: elementwise.erf,
    Exp: elementwise.exp,
    Expand: shape.expand,
    Flatten: shape.reshape,
    Gather: shape.gather,
    Gelu: activation.gelu,
    Gemm: linear.gemm,
    GlobalAveragePool: pooling.globalAveragePool,
    GlobalMaxPool: pooling.globalMaxPool,
    GroupNormalization: normalization.groupNormalization,
    HardSigmoid: activation.hardSigmoid,
    HardSwish: activation.hardSwish,
    Identity: elementwise.identity,
    InstanceNormalization: normalization.instanceNormalization,
    LRN: normalization.lrn,
    LayerNormalization: normalization.layerNormalization,
    LeakyRelu: activation.leakyRelu,
    Log: elementwise.log,
    LogSoftmax: activation.logSoftmax,
    LpNormalization: normalization.lpNormalization,
    MatMul: linear.matmul,
    Max: elementwise.extremum,
    MaxPool: pooling.maxPool,
    Mean: elementwise.mean,
    Min: elementwise.extremum,
    Mish: activation.mish,
    Mul: elementwise.mul,
    Neg: elementwise.neg,
    PRelu: activation.prelu,
    Pad: shape.pad,
    Pow: elementwise.pow,
    RMSNormalization: normalization.rmsNormalization,
    Reciprocal: elementwise.reciprocal,
    ReduceL1: reduction.reduceL1,
    ReduceL2: reduction.reduceL2,
    ReduceLogSum: reduction.reduceLogSum,
    ReduceLogSumExp: reduction.reduceLogSumExp,
    ReduceMax: reduction.reduceExtremum,
    ReduceMean: reduction.reduceMean,
    ReduceMin: reduction.reduceExtremum,
    ReduceProd: reduction.reduceProd,
    ReduceSum: reduction.reduceSum,
    ReduceSumSquare: reduction.reduceSumSquare,
    Relu: activation.relu,
    Reshape: shape.reshape,
    Resize: resampling.resize,
    ScatterND: shape.scatterNd,
    Selu: activation.selu,
    Sigmoid: activation.sigmoid,
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

/** The rules of the operations that Scour composes. */
const COMPOSITE_RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    [composites.INPUT_GRADIENT]: convolution.inputGradientGradient,
    [composites.KERNEL_GRADIENT]: convolution.kernelGradientGradient,
    [composites.TRAINING_BATCH_NORM]: normalization.trainingBatchNorm,
  }),
);

/** Operators whose output does not change with small changes of their input: their gradient is zero everywhere. */
const LOCALLY_CONSTANT = new Set([
  'ArgMax',
  'ArgMin',
  'Ceil',
  'ConstantOfShape',
  'Equal',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'NonZero',
  'Not',
  'OneHot',
  'Round',
  'Shape',
  'Sign',
  'Size',
]);

/** The rule of a node's operator; undefined where there is none. */
export function ruleOf(node: GraphNode): GradientRule | undefined {
  if (node.domain === COMPOSITE) return COMPOSITE_RULES.get(node.opType);
  return node.domain === '' ? RULES.get(node.opType) : undefined;
}

/** True where no gradient passes the node, whatever it computes. */
export function isLocallyConstant(node: GraphNode): boolean {
  return node.domain === '' && LOCALLY_CONSTANT.has(node.opType);
}

/** Names of the operators that have a gradient rule. */
export function differentiableOperators(): string[] {
  return [...RULES.keys()];
}
