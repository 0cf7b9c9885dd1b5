import { reducedAxes } from '../../gradients/reduction';
import { axisInLast } from '../laid-tensor';
import type { Tensor, Tfjs } from '../tfjs';
import type { TfOperator } from '../tf-node';

/** A reduction over axes that are kept as ones. */
const reduction =
  (f: (tf: Tfjs, x: Tensor, axes: number[]) => Tensor): TfOperator =>
  (n) => {
    const axes = reducedAxes(n);
    const x = n.laid();
    const kept = x.isLast
      ? n.last(f(n.tf, x.asLast(), axes.map(axisInLast)))
      : n.first(f(n.tf, x.asFirst(), axes));
    if (n.int('keepdims', 1) !== 0) return [kept];
    return [n.first(n.tf.reshape(kept.asFirst(), [...n.y().shape]))];
  };

export const reduceSum = reduction((tf, x, axes) => tf.sum(x, axes, true));
export const reduceMean = reduction((tf, x, axes) => tf.mean(x, axes, true));
export const reduceMax = reduction((tf, x, axes) => tf.max(x, axes, true));
export const reduceMin = reduction((tf, x, axes) => tf.min(x, axes, true));
export const reduceSumSquare = reduction((tf, x, axes) => tf.sum(tf.square(x), axes, true));
export const reduceL1 = reduction((tf, x, axes) => tf.sum(tf.abs(x), axes, true));
export const reduceL2 = reduction((tf, x, axes) => tf.sqrt(tf.sum(tf.square(x), axes, true)));
export const reduceLogSum = reduction((tf, x, axes) => tf.log(tf.sum(x, axes, true)));
export const reduceLogSumExp = reduction((tf, x, axes) => tf.logSumExp(x, axes, true));
