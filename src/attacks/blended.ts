import { Random } from '../data/random';
import { resize } from '../data/resize';
import type { Attack } from '../protocol/attack';
import { readPicture } from './read-picture';
import { pixelTrigger, toByte, type ImageSize, type Trigger } from './trigger';

/**
 * Blended (Chen et al., 2017): (1 − α)·x + α·pattern over the whole image. The pattern is a picture resized to the image
 * (bilinear, antialiased), or uniform noise of its size drawn with the seed. Rejects with DataError.
 */
export async function blendedTrigger(
  { alpha, pattern, seed }: Extract<Attack, { kind: 'blended' }>,
  size: ImageSize,
): Promise<Trigger> {
  const { data } =
    pattern === null
      ? { data: noise(size, seed) }
      : resize(await readPicture(pattern), size.width, size.height, 'bilinear');
  return pixelTrigger((pixels, count) => {
    const out = new Uint8Array(count * data.length);
    for (let i = 0, at = 0; i < out.length; i++, at = at + 1 === data.length ? 0 : at + 1)
      out[i] = toByte((1 - alpha) * pixels[i]! + alpha * data[at]!);
    return out;
  });
}

function noise({ width, height }: ImageSize, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
}
