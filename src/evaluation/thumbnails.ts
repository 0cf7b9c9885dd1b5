import { encodePng } from '../data/encoding/png';
import { shrinkWithin } from '../data/resize';
import type { ImageSize } from '../attacks/trigger';

/** Longest side of a sample image in a report. */
const LONGEST = 128;

/** Image `index` of a set of height × width × 3 bytes each as a small PNG in base64; larger ones are scaled down. */
export function thumbnail(pixels: Uint8Array, index: number, { width, height }: ImageSize): string {
  const size = width * height * 3;
  const image = { width, height, data: pixels.subarray(index * size, (index + 1) * size) };
  return encodePng(shrinkWithin(image, LONGEST)).toString('base64');
}
