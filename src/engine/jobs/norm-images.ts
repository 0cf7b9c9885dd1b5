import { sampleEvenly } from '../../data/dataset';
import { loadPixels } from '../../data/loading/load-batches';
import { openDataset } from '../../data/open-dataset';
import { toTensor } from '../../data/tensor';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { ImageBatch } from '../../training/norms/channel-statistics';

/** Even a channel that gives one number an image has its variance to 6 % then (√(2 / n)). */
const MOST = 512;
const BATCH = 64;

/** Which images a student is made from. */
export interface StudentImages {
  readonly data: string;
  /** At most this many of them, chosen by the seed. */
  readonly samples: number;
  readonly seed: number;
}

/**
 * Images that restored batch norms start from: up to 512 of those that the student is trained on, as they are. Those that
 * cannot be decoded are left out, as in training. Iterating throws DataError.
 */
export function normImages(
  { data, samples, seed }: StudentImages,
  preprocessing: Preprocessing,
): () => AsyncGenerator<ImageBatch, void, undefined> {
  return async function* () {
    const { samples: all } = await openDataset(data);
    const chosen = sampleEvenly(sampleEvenly(all, samples, seed), MOST, seed);
    const options = { batchSize: BATCH, onSkip: () => undefined };
    for await (const { pixels, samples: batch } of loadPixels(chosen, preprocessing, options))
      yield { images: toTensor(pixels, batch.length, preprocessing), size: batch.length };
  };
}
