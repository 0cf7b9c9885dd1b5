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
