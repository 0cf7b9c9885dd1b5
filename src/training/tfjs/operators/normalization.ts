import { range } from '../../graph/shape';
import type { Tensor, Tfjs } from '../tfjs';
import type { TfOperator } from '../tf-node';

/** γ·(x − μ)/√(v + ε) + β per channel, by the statistics given. */
export const batchNormalization: TfOperator = (n) => {
  const { tf } = n;
  if (n.int('training_mode', 0) !== 0)
    throw n.error(
      'unsupported-model',
      'in training mode is not mapped; Scour writes it out in other operators',
    );
  const x = n.laid(0);
  const rank = n.x().shape.length;
  const channel = (i: number): Tensor => (x.isLast ? n.t(i) : perChannel(tf, n.t(i), rank));
  const factor = tf.mul(channel(1), tf.rsqrt(tf.add(channel(4), n.float('epsilon', 1e-5))));
  return n.map((values) => tf.add(tf.mul(tf.sub(values, channel(3)), factor), channel(2)));
};

export const layerNormalization: TfOperator = (n) => {
  if (n.node.outputs.length > 1)
    throw n.error('unsupported-model', 'gives its mean and deviation, which Scour does not compute');
  const axes = range(n.axis(-1), n.x().shape.length);
  const scaled = n.tf.mul(normalised(n.tf, n.t(), axes, n.float('epsilon', 1e-5)), n.t(1));
  const bias = n.optionalT(2);
  return [n.first(bias === null ? scaled : n.tf.add(scaled, bias))];
};

export const rmsNormalization: TfOperator = (n) => {
  const { tf } = n;
  const axes = range(n.axis(-1), n.x().shape.length);
  const square = tf.mean(tf.square(n.t()), axes, true);
  const unit = tf.mul(n.t(), tf.rsqrt(tf.add(square, n.float('epsilon', 1e-5))));
  return [n.first(tf.mul(unit, n.t(1)))];
};

export const instanceNormalization: TfOperator = (n) => {
  const rank = n.x().shape.length;
  const unit = normalised(n.tf, n.t(), range(2, rank), n.float('epsilon', 1e-5));
  const [scale, bias] = [perChannel(n.tf, n.t(1), rank), perChannel(n.tf, n.t(2), rank)];
  return [n.first(n.tf.add(n.tf.mul(unit, scale), bias))];
};

/** Scale and bias are one a channel (opset 21) or one a group (opset 18). */
export const groupNormalization: TfOperator = (n) => {
  const { tf } = n;
  const [batch, channels, ...spatial] = n.x().shape as [number, number, ...number[]];
  const groups = n.int('num_groups', 1);
  const grouped = tf.reshape(n.t(), [batch, groups, channels / groups, ...spatial]);
  const unit = normalised(tf, grouped, range(2, grouped.rank), n.float('epsilon', 1e-5));
  const parameter = (i: number): Tensor =>
    tf.reshape(n.t(i), [1, groups, n.x(i).shape[0]! / groups, ...spatial.map(() => 1)]);
  return [n.first(tf.reshape(tf.add(tf.mul(unit, parameter(1)), parameter(2)), [...n.x().shape]))];
};

/** x·(k + α/size·Σ x²)^(−β) over neighbouring channels. */
export const lrn: TfOperator = (n) => {
  const size = n.int('size', 1);
  if (size % 2 === 0)
    throw n.error('unsupported-model', 'sums an even number of channels, which TensorFlow.js cannot');
  const [alpha, beta, bias] = [n.float('alpha', 0.0001), n.float('beta', 0.75), n.float('bias', 1)];
  const x = n.laid().asLast();
  return [n.last(n.tf.localResponseNormalization(x, (size - 1) / 2, bias, alpha / size, beta))];
};

export const lpNormalization: TfOperator = (n) => {
  const { tf } = n;
  const axis = [n.axis(-1)];
  const norm =
    n.int('p', 2) === 1 ? tf.sum(tf.abs(n.t()), axis, true) : tf.sqrt(tf.sum(tf.square(n.t()), axis, true));
  return [n.first(tf.div(n.t(), norm))];
};

function normalised(tf: Tfjs, x: Tensor, axes: number[], epsilon: number): Tensor {
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  return tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
}

/** A value per channel, shaped to broadcast over N × C × spatial. */
function perChannel(tf: Tfjs, x: Tensor, rank: number): Tensor {
  return tf.reshape(x, [x.shape[0], ...range(2, rank).map(() => 1)]);
}
