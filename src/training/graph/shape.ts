/** Arithmetic on shapes and axes. */

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Axis −rank … rank−1 as 0 … rank−1. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The integers from `start` up to `end`, exclusive. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}

/** The shape that `a` and `b` broadcast to, by NumPy's rule. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return range(0, rank).map((i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`Shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return left === 1 ? right : left;
  });
}

/** The permutation that undoes `perm`. */
export function inverse(perm: readonly number[]): number[] {
  const result = new Array<number>(perm.length);
  perm.forEach((from, to) => (result[from] = to));
  return result;
}

/** Axes of a reduction in order, without repetition; all axes where none are named. */
export function axesOf(axes: readonly number[] | null, rank: number): number[] {
  if (axes === null) return range(0, rank);
  return [...new Set(axes.map((axis) => axisOf(axis, rank)))].sort((a, b) => a - b);
}

/** `shape` with `axes` set to 1, or left out. */
export function reduced(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep
    ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : shape.filter((_, i) => !axes.includes(i));
}
