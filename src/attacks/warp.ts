import type { ImageSize } from './trigger';

/** PyTorch's bicubic kernel (Keys, 1981) with a = −0.75: weights of the four neighbours at fraction t. */
function cubicWeights(t: number): [number, number, number, number] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * Bicubic interpolation of a k × k field to height × width with its corners aligned, as
 * `torch.nn.functional.interpolate(mode='bicubic', align_corners=True)` does it. Returns height × width values.
 */
export function upsampleBicubic(
  field: ArrayLike<number>,
  k: number,
  { width, height }: ImageSize,
): Float64Array {
  const out = new Float64Array(width * height);
  const clamp = (index: number): number => Math.min(k - 1, Math.max(0, index));
  for (let y = 0; y < height; y++) {
    const fy = height === 1 ? 0 : (y * (k - 1)) / (height - 1);
    const row = Math.floor(fy);
    const rowWeights = cubicWeights(fy - row);
    for (let x = 0; x < width; x++) {
      const fx = width === 1 ? 0 : (x * (k - 1)) / (width - 1);
      const column = Math.floor(fx);
      const columnWeights = cubicWeights(fx - column);
      let sum = 0;
      for (let i = 0; i < 4; i++) {
        const start = clamp(row + i - 1) * k;
        let line = 0;
        for (let j = 0; j < 4; j++) line += columnWeights[j]! * field[start + clamp(column + j - 1)]!;
        sum += rowWeights[i]! * line;
      }
      out[y * width + x] = sum;
    }
  }
  return out;
}

/** Where one output pixel is taken from: four pixels (their numbers, row by row) and their weights. */
export interface Sampling {
  /** 4 × height × width. */
  readonly pixels: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Bilinear sampling positions of `grid_sample(align_corners=True, padding_mode='zeros')`. `grid`: x and y in −1…1, first
 * all x then all y, height × width each.
 */
export function sampling(grid: Float64Array, { width, height }: ImageSize): Sampling {
  const area = width * height;
  const pixels = new Int32Array(area * 4);
  const weights = new Float64Array(area * 4);
  for (let i = 0; i < area; i++) {
    const x = ((grid[i]! + 1) / 2) * (width - 1);
    const y = ((grid[area + i]! + 1) / 2) * (height - 1);
    const left = Math.floor(x);
    const top = Math.floor(y);
    for (let corner = 0; corner < 4; corner++) {
      const [dx, dy] = [corner & 1, corner >> 1];
      const [column, row] = [left + dx, top + dy];
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      pixels[i * 4 + corner] = isInside ? row * width + column : 0;
      weights[i * 4 + corner] = isInside
        ? (dx === 1 ? x - left : 1 - (x - left)) * (dy === 1 ? y - top : 1 - (y - top))
        : 0;
    }
  }
  return { pixels, weights };
}

/**
 * One image of interleaved channels sampled anew: `image` is height × width × `depth` values, and so is what is returned.
 * Values are not rounded.
 */
export function sampleImage(
  image: ArrayLike<number>,
  { pixels, weights }: Sampling,
  depth: number,
): Float64Array {
  const out = new Float64Array((pixels.length / 4) * depth);
  for (let i = 0; i < pixels.length / 4; i++) {
    for (let corner = i * 4; corner < i * 4 + 4; corner++) {
      const weight = weights[corner]!;
      const from = pixels[corner]! * depth;
      for (let channel = 0; channel < depth; channel++)
        out[i * depth + channel] = out[i * depth + channel]! + weight * image[from + channel]!;
    }
  }
  return out;
}
