import { float, int } from '../../model/onnx/build';
import type { Ops } from './ops';
import { range, sizeOf } from './shape';
import type { Value } from './value';

export const TRAINING_BATCH_NORM = 'TrainingBatchNorm';

/** The gradient of a convolution's input, from dy and the kernel; built by ../gradients/convolution. */
export const INPUT_GRADIENT = 'InputGradient';

/** The gradient of a convolution's kernel, from x and dy; built by ../gradients/convolution. */
export const KERNEL_GRADIENT = 'KernelGradient';

export interface TrainingBatchNorm {
  readonly y: Value;
  /** Of the batch, one a channel. */
  readonly mean: Value;
  /** Of the batch, biased, one a channel. */
  readonly variance: Value;
}

/**
 * Batch normalisation by the statistics of the batch: y = γ·(x − μ)/√(σ² + ε) + β per channel of N × C × spatial.
 * `fused` uses the operator's training mode, which takes half the time on the CPU and fails when run on WebGPU.
 */
export function trainingBatchNorm(
  g: Ops,
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
  fused: boolean,
): TrainingBatchNorm {
  const outputs = g.composite(TRAINING_BATCH_NORM, [x, scale, bias], { epsilon: float(epsilon) }, () => {
    const [y, mean, variance] = (fused ? fusedParts : elementaryParts)(g, x, scale, bias, epsilon);
    // Only the gradient reads the centred x.
    return [y, mean, variance, g.sub(x, perChannel(g, mean, x.shape.length))];
  });
  const [y, mean, variance] = outputs;
  return { y: y!, mean: mean!, variance: variance! };
}

type Parts = readonly [y: Value, mean: Value, variance: Value];

/**
 * With momentum 0 the operator's "running" outputs are the batch's own mean and biased variance. onnxruntime writes
 * them over the buffers of the running inputs, so these must be values that nothing else reads.
 */
function fusedParts(g: Ops, x: Value, scale: Value, bias: Value, epsilon: number): Parts {
  const spare = [g.mul(scale, 0), g.mul(bias, 0)];
  const attributes = { epsilon: float(epsilon), momentum: float(0), training_mode: int(1) };
  const outputs = g.emit('BatchNormalization', [x, scale, bias, ...spare], [x, scale, scale], attributes);
  const [y, mean, variance] = outputs;
  return [y!, mean!, variance!];
}

function elementaryParts(g: Ops, x: Value, scale: Value, bias: Value, epsilon: number): Parts {
  const count = sizeOf(x.shape) / x.shape[1]!;
  const mean = g.div(channelSum(g, x), count);
  const centred = g.sub(x, perChannel(g, mean, x.shape.length));
  const squares = g.reduceSumSquare(centred, range(2, x.shape.length), false);
  const variance = g.div(g.reduceSum(squares, [0], false), count);
  return [channelAffine(g, centred, scale, bias, variance, epsilon), mean, variance];
}

/** x·s/√(v + ε) + b per channel in one pass: BatchNormalization at inference, with mean 0. */
export function channelAffine(
  g: Ops,
  x: Value,
  scale: Value,
  bias: Value,
  variance: Value,
  epsilon: number,
): Value {
  const zeros = g.floats(new Float32Array(x.shape[1]!), [x.shape[1]!]);
  const attributes = { epsilon: float(epsilon) };
  return g.emit('BatchNormalization', [x, scale, bias, zeros, variance], [x], attributes)[0]!;
}

/**
 * Σ over batch and space of N × C × spatial, per channel. Space first: onnxruntime adds up one number after the other,
 * and sums of sums keep more digits (and took half the time).
 */
export function channelSum(g: Ops, x: Value): Value {
  return g.reduceSum(g.reduceSum(x, range(2, x.shape.length), false), [0], false);
}

/** A value per channel, shaped to broadcast over N × C × spatial. */
export function perChannel(g: Ops, x: Value, rank: number): Value {
  return g.reshape(x, [1, x.shape[0]!, ...range(2, rank).map(() => 1)]);
}
