import { inverse, range } from '../../graph/shape';
import { locallyConstant } from '../locally-constant';
import type { Tensor, Tfjs } from '../tfjs';
import type { TfNode, TfOperator } from '../tf-node';

/** An activation: y = f(x), element by element. */
const activation =
  (f: (tf: Tfjs, x: Tensor, n: TfNode) => Tensor): TfOperator =>
  (n) =>
    n.map((x) => f(n.tf, x, n));

/** x > bound, through which no gradient flows. */
const above = (tf: Tfjs, x: Tensor, bound: number): Tensor =>
  locallyConstant(tf, (value) => tf.greater(value, bound), x);

export const relu = activation((tf, x) => tf.relu(x));
export const leakyRelu = activation((tf, x, n) => tf.leakyRelu(x, n.float('alpha', 0.01)));
export const softplus = activation((tf, x) => tf.softplus(x));
export const softsign = activation((tf, x) => tf.div(x, tf.add(tf.abs(x), 1)));

/** x > 0 ? x : s·x, by selection: tf.prelu's gradient expects slopes of x's rank. */
export const prelu: TfOperator = (n) =>
  n.zip(([x, slope]) => n.tf.where(above(n.tf, x!, 0), x!, n.tf.mul(x!, slope!)));

/** x > 0 ? x : α(e^min(x, 0) − 1): the bounded exponent keeps the branch not taken from overflowing into NaN gradients. */
const eluOf = (tf: Tfjs, x: Tensor, alpha: number, scale = 1): Tensor =>
  tf.where(above(tf, x, 0), x, tf.mul(tf.expm1(tf.div(tf.neg(tf.relu(tf.neg(x))), scale)), alpha));

export const elu = activation((tf, x, n) => eluOf(tf, x, n.float('alpha', 1)));
export const celu = activation((tf, x, n) => {
  const alpha = n.float('alpha', 1);
  return eluOf(tf, x, alpha, alpha);
});
export const selu = activation((tf, x, n) => {
  const alpha = n.float('alpha', 1.67326319217681884765625);
  return tf.mul(eluOf(tf, x, alpha), n.float('gamma', 1.05070102214813232421875));
});

export const clip: TfOperator = (n) => {
  const bound = (i: number, none: number): number => n.optionalConstant(i)?.[0] ?? none;
  const [low, high] = [bound(1, -Infinity), bound(2, Infinity)];
  return n.map((x) => n.tf.clipByValue(x, low, high));
};

export const hardSigmoid = activation((tf, x, n) =>
  tf.clipByValue(tf.add(tf.mul(x, n.float('alpha', 0.2)), n.float('beta', 0.5)), 0, 1),
);

export const hardSwish = activation((tf, x) => tf.mul(x, tf.clipByValue(tf.add(tf.div(x, 6), 0.5), 0, 1)));

export const thresholdedRelu = activation((tf, x, n) =>
  tf.where(above(tf, x, n.float('alpha', 1)), x, tf.zerosLike(x)),
);

export const gelu = activation((tf, x, n) => {
  const half = tf.mul(x, 0.5);
  if (n.text('approximate', 'none') !== 'tanh')
    return tf.mul(half, tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const cubic = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1));
  return tf.mul(half, tf.add(tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI))), 1));
});

export const mish = activation((tf, x) => tf.mul(x, tf.tanh(tf.softplus(x))));
export const swish = activation((tf, x, n) => tf.mul(x, tf.sigmoid(tf.mul(x, n.float('alpha', 1)))));

/** TensorFlow.js normalises the last axis only: another one is brought there and back. */
const alongLast =
  (f: (tf: Tfjs, x: Tensor) => Tensor): TfOperator =>
  (n) => {
    const rank = n.x().shape.length;
    const axis = n.axis(-1);
    if (axis === rank - 1) return [n.first(f(n.tf, n.t()))];
    const perm = [...range(0, rank).filter((i) => i !== axis), axis];
    return [n.first(n.tf.transpose(f(n.tf, n.tf.transpose(n.t(), perm)), inverse(perm)))];
  };

export const softmax = alongLast((tf, x) => tf.softmax(x));
export const logSoftmax = alongLast((tf, x) => tf.logSoftmax(x));
