import type { Random } from './random';

export interface Augmentation {
  /** Pixels of black border that the random crop is taken from; 0 = no crop. */
  readonly pad: number;
  /** Mirror half of the images left to right; not for signs and letters. */
  readonly flip: boolean;
}

/** METHODS.md §2: random crop with 4 pixels of black padding, horizontal flip. */
export const STANDARD: Augmentation = { pad: 4, flip: true };

/**
 * Randomly cropped and mirrored copies of 8-bit images, so before normalisation: each is shifted by −pad … pad pixels
 * down and across, black where it leaves the image, then mirrored with probability ½. All offsets are equally likely.
 *
 * `pixels`: images of height × width × 3 bytes, one after the other. Returns as many; the input stays as it is. Throws
 * RangeError where it does not divide into images.
 */
export function augment(
  pixels: Uint8Array,
  size: { readonly width: number; readonly height: number },
  { pad, flip }: Augmentation,
  random: Random,
): Uint8Array {
  const { width, height } = size;
  const bytes = width * height * 3;
  if (pixels.length % bytes !== 0)
    throw new RangeError(`${pixels.length} bytes are no number of ${width} × ${height} images.`);
  const out = new Uint8Array(pixels.length);
  for (let image = 0; image < pixels.length; image += bytes) {
    const down = random.integer(2 * pad + 1) - pad;
    const across = random.integer(2 * pad + 1) - pad;
    const isMirrored = flip && random.bernoulli(0.5);
    const left = Math.max(0, -across);
    const right = Math.min(width, width - across);
    for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
      const from = image + ((row + down) * width + across) * 3;
      const to = image + row * width * 3;
      if (right > left) out.set(pixels.subarray(from + left * 3, from + right * 3), to + left * 3);
      if (isMirrored) mirror(out.subarray(to, to + width * 3));
    }
  }
  return out;
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
