import { augment } from '../../data/augment';
import type { Random } from '../../data/random';
import { toTensor } from '../../data/tensor';
import type { Trainer } from '../../training/trainer';
import type { AsdSettings } from './settings';
import { exactBatches, type TrainingSet } from './training-set';

/**
 * Trains a copy of the model for one epoch on the whole set with the labels it came with (METHODS.md §3, meta-split);
 * the model itself stays as it is. Throws TrainingError, DataError, and what `onProgress` throws.
 */
export async function trainVirtually(
  virtual: Trainer,
  model: Trainer,
  set: TrainingSet,
  settings: Pick<AsdSettings, 'metaBatch' | 'metaRate' | 'augmentation'>,
  random: Random,
  onProgress: (share: number) => Promise<void>,
): Promise<void> {
  virtual.adopt(await model.snapshot());
  const { pool, labels, preprocessing } = set;
  const order = random.shuffle(Array.from({ length: pool.size }, (_, i) => i));
  // A batch of one has no batch statistics.
  if (order.length % settings.metaBatch === 1 && order.length > 1) order.pop();
  let done = 0;
  for await (const { pixels, samples } of exactBatches(set, order, settings.metaBatch)) {
    await onProgress(done / order.length);
    const size = samples.length;
    const shown = augment(pixels, preprocessing, settings.augmentation, random);
    const targets = { labels: samples.map((sample) => labels[sample]!) };
    await virtual.step(
      { images: toTensor(shown, size, preprocessing), size, targets },
      { rate: settings.metaRate },
    );
    done += size;
  }
}
