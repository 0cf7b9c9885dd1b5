import type { PixelPool } from '../../data/pixel-pool';
import type { Random } from '../../data/random';
import { DataError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';

/** Labelled images that models learn from or are measured on; samples are numbered as in the pool. */
export interface LabelledImages {
  readonly pool: PixelPool;
  /** Class number of each sample. */
  readonly labels: Int32Array;
  readonly preprocessing: Preprocessing;
}

/** A dataset that may be poisoned, and the samples of it that are known to be clean. */
export interface TrainingSet extends LabelledImages {
  /** Sample numbers. */
  readonly seeds: readonly number[];
}

/**
 * The images at `order`, in batches of count × height × width × 3 bytes that hold exactly those. Throws DataError
 * `unreadable-image` where an image that was read before no longer can be: labels would go to the wrong pictures.
 */
export async function* exactBatches(
  { pool, preprocessing: { width, height } }: LabelledImages,
  order: readonly number[],
  batchSize: number,
): AsyncGenerator<{ pixels: Uint8Array; samples: readonly number[] }, void, undefined> {
  let start = 0;
  for await (const pixels of pool.batches(order, batchSize)) {
    const samples = order.slice(start, start + batchSize);
    if (pixels.length !== samples.length * width * height * 3) throw vanished(pool);
    start += batchSize;
    yield { pixels, samples };
  }
  if (start < order.length) throw vanished(pool);
}

function vanished(pool: PixelPool): DataError {
  const { path } = pool.samples[0]!.location;
  return new DataError(
    'unreadable-image',
    path,
    `The images of ${path} changed while they were used: some can no longer be read. Nothing was written; put them back and continue with --resume.`,
  );
}

/** `count` draws from a deck of items: shuffled, dealt out to the last, shuffled again. Empty where there are no items. */
export function deal(items: readonly number[], count: number, random: Random): number[] {
  const drawn: number[] = [];
  while (items.length > 0 && drawn.length < count)
    drawn.push(...random.shuffle([...items]).slice(0, count - drawn.length));
  return drawn;
}
