import { augment, type Augmentation } from '../../data/augment';
import type { Random } from '../../data/random';
import { toTensor } from '../../data/tensor';
import { predictions } from '../../runtime/classifier';
import type { Trainer } from '../../training/trainer';
import { exactBatches, type LabelledImages } from './training-set';

/** The name under which trainers of ASD give the split loss. */
export const SPLIT_LOSS = 'split';

const BATCH = 256;

export interface InferOptions {
  /** Null: the images as they are. */
  readonly augmentation: Augmentation | null;
  readonly random: Random;
  /** Between batches, with the share done; may throw to stop. */
  readonly onProgress: (share: number) => Promise<void>;
}

export interface Inferred {
  /** Split loss of each sample. */
  readonly losses: Float32Array;
  /** Predicted class of each sample; −1 where the scores are not numbers. */
  readonly predicted: Int32Array;
}

/** Split losses and predictions of all images by the model in inference mode. Throws TrainingError, DataError. */
export async function infer(
  trainer: Trainer,
  images: LabelledImages,
  { augmentation, random, onProgress }: InferOptions,
): Promise<Inferred> {
  const { pool, labels, preprocessing } = images;
  const losses = new Float32Array(pool.size);
  const predicted = new Int32Array(pool.size);
  const order = Array.from({ length: pool.size }, (_, i) => i);
  let done = 0;
  for await (const { pixels, samples } of exactBatches(images, order, BATCH)) {
    await onProgress(done / pool.size);
    const shown = augmentation === null ? pixels : augment(pixels, preprocessing, augmentation, random);
    // The last batch is filled up, so that one compiled graph serves all: images do not influence each other here.
    const size = Math.min(BATCH, pool.size);
    const filled = new Uint8Array(size * (pixels.length / samples.length));
    filled.set(shown);
    const batch = {
      images: toTensor(filled, size, preprocessing),
      size,
      targets: { labels: Array.from({ length: size }, (_, i) => labels[samples[i] ?? samples[0]!]!) },
    };
    const { logits, measured } = await trainer.forward(batch, { batchNorm: 'frozen', measure: SPLIT_LOSS });
    const classes = logits.length / size;
    losses.set(measured!.subarray(0, samples.length), done);
    predicted.set(predictions(logits.subarray(0, samples.length * classes), classes), done);
    done += samples.length;
  }
  return { losses, predicted };
}
