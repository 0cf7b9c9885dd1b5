/** A rectangle of pixels; right and bottom are the first ones outside. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The smallest rectangle that holds every pixel in which two images differ; null where they are equal.
 * @param before RGBA, rows of `width` pixels
 * @param after of the same size
 */
export function changedBox(before: Uint8ClampedArray, after: Uint8ClampedArray, width: number): Box | null {
  let box: Box | null = null;
  for (let at = 0; at < before.length; at += 4) {
    const same =
      before[at] === after[at] && before[at + 1] === after[at + 1] && before[at + 2] === after[at + 2];
    if (same) continue;
    const x = (at / 4) % width;
    const y = Math.floor(at / 4 / width);
    box = unite(box, { left: x, top: y, right: x + 1, bottom: y + 1 });
  }
  return box;
}

/** The smallest rectangle that holds both. */
export function unite(a: Box | null, b: Box): Box;
export function unite(a: Box | null, b: Box | null): Box | null;
export function unite(a: Box | null, b: Box | null): Box | null {
  if (a === null || b === null) return a ?? b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** Where a patch of this size may have its left upper corner, nearest to (x, y): whole, and inside the image. */
export function placeInside(
  x: number,
  y: number,
  patch: { readonly width: number; readonly height: number },
  image: { readonly width: number; readonly height: number },
): { x: number; y: number } {
  const clamp = (value: number, most: number): number =>
    Math.min(Math.max(Math.round(value), 0), Math.max(0, most));
  return { x: clamp(x, image.width - patch.width), y: clamp(y, image.height - patch.height) };
}
