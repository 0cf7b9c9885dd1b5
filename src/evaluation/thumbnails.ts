import { encodePng } from '../data/encoding/png';
import { resize } from '../data/resize';
import type { ImageSize } from '../attacks/trigger';

/** Longest side of a sample image in a report. */
const LONGEST = 128;

/** Image `index` of a set of height × width × 3 bytes each as a small PNG in base64; larger ones are scaled down. */
export function thumbnail(pixels: Uint8Array, index: number, { width, height }: ImageSize): string {
  const size = width * height * 3;
  const image = { width, height, data: pixels.subarray(index * size, (index + 1) * size) };
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const small = resize(
    image,
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
    'bilinear',
  );
  return encodePng(small).toString('base64');
}
