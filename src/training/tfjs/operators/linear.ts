import { broadcast, sizeOf } from '../../graph/shape';
import type { Tensor } from '../tfjs';
import type { TfOperator } from '../tf-node';

/** α·A′B′ + β·C */
export const gemm: TfOperator = (n) => {
  const { tf } = n;
  const product = tf.matMul(n.t(0), n.t(1), n.int('transA', 0) !== 0, n.int('transB', 0) !== 0);
  const scaled = tf.mul(product, n.float('alpha', 1));
  const c = n.optionalT(2);
  return [n.first(c === null ? scaled : tf.add(scaled, tf.mul(c, n.float('beta', 1))))];
};

/** A·B over the last two axes; the gradient of tf.matMul does not sum over broadcast batches, so those are spread first. */
export const matmul: TfOperator = (n) => {
  const { tf } = n;
  const [x, w] = [n.x(0).shape, n.x(1).shape];
  const a: Tensor = x.length === 1 ? tf.reshape(n.t(0), [1, x[0]!]) : n.t(0);
  const b: Tensor = w.length === 1 ? tf.reshape(n.t(1), [w[0]!, 1]) : n.t(1);
  if (b.rank === 2) {
    const inner = a.shape.at(-1)!;
    const rows = tf.reshape(a, [sizeOf(a.shape) / inner, inner]);
    return [n.first(tf.reshape(tf.matMul(rows, b), [...n.y().shape]))];
  }
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (t: Tensor): Tensor => tf.add(t, tf.zeros([...batch, ...t.shape.slice(-2)]));
  return [n.first(tf.reshape(tf.matMul(spread(a), spread(b)), [...n.y().shape]))];
};
