import type { Random } from './random';

export type Border = 'black' | 'reflect';

export interface Augmentation {
  /** Pixels of border that the random crop is taken from; 0 = no crop. */
  readonly pad: number;
  /** What the border shows: black, or the image mirrored at its outermost pixels (as PyTorch's `reflect`). Default: black. */
  readonly border?: Border;
  /** Mirror half of the images left to right; not for signs and letters. */
  readonly flip: boolean;
}

/** METHODS.md §2: random crop with 4 pixels of black padding, horizontal flip. */
export const STANDARD: Augmentation = { pad: 4, flip: true };

/**
 * Randomly cropped and mirrored copies of 8-bit images, so before normalisation: each is shifted by −pad … pad pixels
 * down and across, with the border where it leaves the image, then mirrored with probability ½. All offsets are equally
 * likely.
 *
 * `pixels`: images of height × width × 3 bytes, one after the other. Returns as many; the input stays as it is. Throws
 * RangeError where it does not divide into images, or a reflecting border is as wide as the image.
 */
export function augment(
  pixels: Uint8Array,
  size: { readonly width: number; readonly height: number },
  { pad, border = 'black', flip }: Augmentation,
  random: Random,
): Uint8Array {
  const { width, height } = size;
  const bytes = width * height * 3;
  if (pixels.length % bytes !== 0)
    throw new RangeError(`${pixels.length} bytes are no number of ${width} × ${height} images.`);
  if (border === 'reflect' && pad >= Math.min(width, height))
    throw new RangeError(`A border of ${pad} pixels cannot mirror an image of ${width} × ${height}.`);
  const out = new Uint8Array(pixels.length);
  for (let image = 0; image < pixels.length; image += bytes) {
    const down = random.integer(2 * pad + 1) - pad;
    const across = random.integer(2 * pad + 1) - pad;
    const isMirrored = flip && random.bernoulli(0.5);
    const left = Math.max(0, -across);
    const right = Math.min(width, width - across);
    for (let row = 0; row < height; row++) {
      const source = within(row + down, height, border);
      if (source === null) continue;
      const from = image + source * width * 3;
      const to = image + row * width * 3;
      if (right > left)
        out.set(pixels.subarray(from + (left + across) * 3, from + (right + across) * 3), to + left * 3);
      if (border === 'reflect') {
        for (let column = 0; column < width; column++) {
          if (column >= left && column < right) continue;
          const at = from + reflected(column + across, width) * 3;
          out.set(pixels.subarray(at, at + 3), to + column * 3);
        }
      }
      if (isMirrored) mirror(out.subarray(to, to + width * 3));
    }
  }
  return out;
}

/** The row or column that a position shows; null where that is black. */
function within(position: number, length: number, border: Border): number | null {
  if (position >= 0 && position < length) return position;
  return border === 'reflect' ? reflected(position, length) : null;
}

/** Mirrored at the first and last pixel, which are not repeated: −1 is 1, length is length − 2. */
function reflected(position: number, length: number): number {
  if (position < 0) return -position;
  return position < length ? position : 2 * (length - 1) - position;
}

/** Reverses a row of RGB pixels in place. */
function mirror(row: Uint8Array): void {
  for (let a = 0, b = row.length - 3; a < b; a += 3, b -= 3) {
    for (let channel = 0; channel < 3; channel++) {
      const value = row[a + channel]!;
      row[a + channel] = row[b + channel]!;
      row[b + channel] = value;
    }
  }
}
