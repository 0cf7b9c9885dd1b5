import type { Values } from './decode';

/** Strides of a contiguous row-major tensor, in elements. */
export function rowMajor(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let step = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= dims[i]!;
  }
  return strides;
}

/** True where elements lie one after the other in row-major order; a dimension of one may have any stride. */
export function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  if (dims.includes(0)) return true;
  let step = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    if (dims[i] !== 1 && strides[i] !== step) return false;
    step *= dims[i]!;
  }
  return true;
}

/** True where elements fill a stretch of the storage without gaps or repeats, in whatever order of the axes. */
export function isPermuted(dims: readonly number[], strides: readonly number[]): boolean {
  const order = dims.map((_, axis) => axis).filter((axis) => dims[axis] !== 1);
  order.sort((a, b) => strides[b]! - strides[a]!);
  return isContiguous(
    order.map((axis) => dims[axis]!),
    order.map((axis) => strides[axis]!),
  );
}

/** Elements of the storage that must exist for a view of it to be in bounds; 0 for an empty tensor. */
export function extentOf(dims: readonly number[], strides: readonly number[], offset: number): number {
  if (dims.includes(0)) return 0;
  return dims.reduce((last, dim, i) => last + (dim - 1) * strides[i]!, offset) + 1;
}

/** Where `count` elements from row-major element `start` on lie in the storage, in elements. */
export function positionsOf(
  view: { readonly dims: readonly number[]; readonly strides: readonly number[]; readonly offset: number },
  start: number,
  count: number,
): Float64Array {
  const { dims, strides } = view;
  const index = new Array<number>(dims.length).fill(0);
  let rest = start;
  let position = view.offset;
  for (let i = dims.length - 1; i >= 0; i--) {
    index[i] = rest % dims[i]!;
    rest = Math.floor(rest / dims[i]!);
    position += index[i]! * strides[i]!;
  }
  const out = new Float64Array(count);
  for (let done = 0; done < count; done++) {
    out[done] = position;
    for (let i = dims.length - 1; i >= 0; i--) {
      position += strides[i]!;
      if (++index[i]! < dims[i]!) break;
      position -= strides[i]! * dims[i]!;
      index[i] = 0;
    }
  }
  return out;
}

/**
 * Copies whole entries of the first axis of a view, `first` to `first + out.length / entry`, into `out`, row-major.
 * `from[0]` is the storage's element `base`. Axes are walked in the storage's order, so that memory is read forwards.
 */
export function gatherEntries(
  from: Values,
  base: number,
  view: { readonly dims: readonly number[]; readonly strides: readonly number[]; readonly offset: number },
  first: number,
  out: Values,
): void {
  const { dims, strides, offset } = view;
  const steps = rowMajor(dims);
  const axes = dims
    .map((dim, axis) => ({
      count: axis === 0 ? out.length / steps[0]! : dim,
      stride: strides[axis]!,
      step: steps[axis]!,
    }))
    .filter(({ count }) => count !== 1)
    .sort((a, b) => b.stride - a.stride);
  const inner = axes.pop() ?? { count: 1, stride: 0, step: 0 };
  const walk = (level: number, at: number, to: number): void => {
    const axis = axes[level];
    if (axis) {
      for (let i = 0; i < axis.count; i++) walk(level + 1, at + i * axis.stride, to + i * axis.step);
      return;
    }
    for (let i = 0; i < inner.count; i++) out[to + i * inner.step] = from[at + i * inner.stride]!;
  };
  walk(0, offset + first * (strides[0] ?? 0) - base, 0);
}
