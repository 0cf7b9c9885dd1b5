import type { Ops } from './ops';
import { range, sizeOf } from './shape';
import type { Value } from './value';

/** The identity matrix. */
export function identity(g: Ops, size: number): Value {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return g.floats(values, [size, size]);
}

/** mapᵀ applied to x along an axis; map: (x's length there) × (result's length there). */
export function linearAlong(g: Ops, x: Value, map: Value, axis: number): Value {
  const rank = x.shape.length;
  const perm = [...range(0, rank).filter((i) => i !== axis), axis];
  const last = g.transpose(x, perm);
  const [from, to] = [map.shape[0]!, map.shape[1]!];
  const product = g.gemm(g.reshape(last, [sizeOf(x.shape) / from, from]), map);
  return g.untranspose(g.reshape(product, [...last.shape.slice(0, -1), to]), perm);
}
