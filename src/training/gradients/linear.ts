import { broadcast, sizeOf } from '../graph/shape';
import type { Ops } from '../graph/ops';
import type { Value } from '../graph/value';
import type { GradientRule } from './rule';

/**
 * y = α·A′B′ + β·C, A′ = A or Aᵀ, B′ = B or Bᵀ: dA′ = α·dy·B′ᵀ, dB′ = α·A′ᵀ·dy, dC = β·dy summed to C's shape.
 */
export const gemm: GradientRule = (n) => {
  const { g, dy } = n;
  const [a, b] = [n.x(0), n.x(1)];
  const [transA, transB] = [n.int('transA', 0) !== 0, n.int('transB', 0) !== 0];
  const alpha = n.float('alpha', 1);
  return [
    () =>
      transA
        ? g.gemm(b, dy, { transA: transB, transB: true, alpha })
        : g.gemm(dy, b, { transB: !transB, alpha }),
    () =>
      transB
        ? g.gemm(dy, a, { transA: true, transB: transA, alpha })
        : g.gemm(a, dy, { transA: !transA, alpha }),
    () => g.sumTo(g.mul(dy, n.float('beta', 1)), n.x(2).shape),
  ];
};

/**
 * y = A·B over the last two axes, the others broadcast; vectors count as a row (A) or a column (B).
 * dA = dy·Bᵀ, dB = Aᵀ·dy, summed over the axes that were broadcast.
 */
export const matmul: GradientRule = (n) => {
  const { g } = n;
  const a = n.x(0).shape.length === 1 ? g.reshape(n.x(0), [1, n.x(0).shape[0]!]) : n.x(0);
  const b = n.x(1).shape.length === 1 ? g.reshape(n.x(1), [n.x(1).shape[0]!, 1]) : n.x(1);
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const dy = g.reshape(n.dy, [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
  return [
    () => {
      const da = b.shape.length === 2 ? rowsTimes(g, dy, b) : g.matmul(dy, g.swapLast(b));
      return g.reshape(g.sumTo(da, a.shape), n.x(0).shape);
    },
    () => {
      // A plain matrix on the right: one product over all rows instead of one a batch and a sum.
      const db =
        b.shape.length === 2
          ? g.gemm(asRows(g, a), asRows(g, dy), { transA: true })
          : g.sumTo(g.matmul(g.swapLast(a), dy), b.shape);
      return g.reshape(db, n.x(1).shape);
    },
  ];
};

/** All but the last axis as one. */
function asRows(g: Ops, x: Value): Value {
  const last = x.shape.at(-1)!;
  return g.reshape(x, [sizeOf(x.shape) / last, last]);
}

/** dy·bᵀ for a matrix b. */
function rowsTimes(g: Ops, dy: Value, b: Value): Value {
  const product = g.gemm(asRows(g, dy), b, { transB: true });
  return g.reshape(product, [...dy.shape.slice(0, -1), b.shape[0]!]);
}
