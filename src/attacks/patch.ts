import type { Image } from '../data/image';
import { resize } from '../data/resize';
import type { Attack, CORNERS } from '../protocol/attack';
import { UsageError } from '../protocol/errors';
import { patternImage } from './patterns';
import { readPicture } from './read-picture';
import { pixelTrigger, scaledSide, type ImageSize, type Trigger } from './trigger';

/** A picture and where its left upper corner goes. */
export interface Placed {
  readonly image: Image;
  readonly x: number;
  readonly y: number;
}

type Corner = (typeof CORNERS)[number];

/** Side of BadNets' square on a 32 × 32 image. */
const SQUARE = 3;

/** Pastes pictures over the image. Throws UsageError where one does not lie within it. */
export function pasteTrigger(patches: readonly Placed[], size: ImageSize): Trigger {
  for (const { image, x, y } of patches) {
    if (x + image.width > size.width || y + image.height > size.height) {
      throw new UsageError(
        'bad-value',
        `A patch of ${image.width} × ${image.height} pixels at (${x}, ${y}) does not lie within images of ${size.width} × ${size.height}.`,
      );
    }
  }
  const area = size.width * size.height * 3;
  return pixelTrigger((pixels, count) => {
    const out = pixels.slice(0, count * area);
    for (let n = 0; n < count; n++) {
      for (const { image, x, y } of patches) {
        for (let row = 0; row < image.height; row++) {
          const from = row * image.width * 3;
          out.set(
            image.data.subarray(from, from + image.width * 3),
            n * area + ((y + row) * size.width + x) * 3,
          );
        }
      }
    }
    return out;
  });
}

/** BadNets: a square in a corner (Gu et al., 2017). */
export function badnetsTrigger(attack: Extract<Attack, { kind: 'badnets' }>, size: ImageSize): Trigger {
  const image = patternImage(attack.pattern, attack.size ?? scaledSide(SQUARE, size));
  return pasteTrigger([inCorner(image, attack.position, size)], size);
}

/** LC's trigger at test time: the square in all four corners (Turner et al., 2019). */
export function labelConsistentTrigger(attack: Extract<Attack, { kind: 'lc' }>, size: ImageSize): Trigger {
  const image = patternImage(attack.pattern, attack.size ?? scaledSide(SQUARE, size));
  const corners: readonly Corner[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];
  return pasteTrigger(
    corners.map((corner) => inCorner(image, corner, size)),
    size,
  );
}

/** Any picture at any place. Rejects with DataError where it cannot be read, UsageError where it does not fit. */
export async function patchTrigger(
  { file, x, y, width, height }: Extract<Attack, { kind: 'patch' }>,
  size: ImageSize,
): Promise<Trigger> {
  const picture = await readPicture(file);
  const image = resize(picture, width ?? picture.width, height ?? picture.height, 'bilinear');
  return pasteTrigger([{ image, x, y }], size);
}

function inCorner(image: Image, corner: Corner, { width, height }: ImageSize): Placed {
  return {
    image,
    x: corner.endsWith('left') ? 0 : Math.max(0, width - image.width),
    y: corner.startsWith('top') ? 0 : Math.max(0, height - image.height),
  };
}
