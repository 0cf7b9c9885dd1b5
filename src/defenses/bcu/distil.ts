import { augment, type Augmentation } from '../../data/augment';
import type { PixelPool } from '../../data/pixel-pool';
import { streamOf } from '../../data/random';
import { inputDims, toTensor } from '../../data/tensor';
import type { CleanseEpoch } from '../../protocol/cleanse';
import type { Preprocessing } from '../../protocol/preprocessing';
import { predictions } from '../../runtime/classifier';
import { TrainingError } from '../../training/errors';
import { crossEntropy, distillation, type LossTerm } from '../../training/losses';
import { sgd, type Optimizer } from '../../training/optimizers';
import { cosine } from '../../training/schedules';
import type { Batch, Trainer } from '../../training/trainer';
import type { Teacher } from './teacher';

export interface DistillationSettings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate at the start; it follows a cosine down to 0, one step an epoch. */
  readonly rate: number;
  /** What the teacher teaches: its distribution, or its predicted class. */
  readonly labels: 'soft' | 'hard';
  /** Null: 1 + 3(e + 1)/E in epoch e of E. */
  readonly temperature: number | null;
  readonly augmentation: Augmentation;
  readonly seed: number;
}

export interface Distillation {
  readonly trainer: Trainer;
  readonly teacher: Teacher;
  readonly pool: PixelPool;
  readonly preprocessing: Preprocessing;
  readonly settings: DistillationSettings;
  /** Epochs already done. */
  readonly history: readonly CleanseEpoch[];
  /** Between steps; may throw to stop. */
  readonly onStep: (epoch: number, share: number) => Promise<void>;
  /** After each epoch, with all so far. */
  readonly onEpoch: (history: readonly CleanseEpoch[]) => Promise<void>;
}

/** METHODS.md §2: of SGD, on every parameter. */
export const MOMENTUM = 0.9;
export const WEIGHT_DECAY = 5e-4;

/** METHODS.md §2: the loss of the student. */
export function lossOf({ labels }: DistillationSettings): LossTerm[] {
  return [{ loss: labels === 'soft' ? distillation() : crossEntropy() }];
}

/** Stochastic gradient descent with momentum and weight decay. */
export function optimizerOf(): Optimizer {
  return sgd({ momentum: MOMENTUM, weightDecay: WEIGHT_DECAY });
}

/**
 * Trains the student on what the teacher says of the same augmented images (METHODS.md §2). Every epoch draws from a
 * random stream of its own, so a run that continues after some epochs does what it would have done in one go.
 *
 * Where the loss is no longer a number, returns the error in `diverged`, with the history of the epochs that were
 * finished; the trainer then holds the parameters before the bad step. Throws TrainingError, RuntimeError, and what the
 * callbacks throw.
 */
export async function distil(
  run: Distillation,
): Promise<{ history: CleanseEpoch[]; diverged: TrainingError | null }> {
  const history = [...run.history];
  while (history.length < run.settings.epochs) {
    try {
      history.push(await oneEpoch(run, history.length));
    } catch (error) {
      if (error instanceof TrainingError && error.reason === 'diverged') return { history, diverged: error };
      throw error;
    }
    await run.onEpoch(history);
  }
  return { history, diverged: null };
}

async function oneEpoch(run: Distillation, index: number): Promise<CleanseEpoch> {
  const { trainer, teacher, pool, preprocessing, settings, onStep } = run;
  const { epochs, batchSize, labels } = settings;
  const started = performance.now();
  const random = streamOf(settings.seed, index + 1);
  const temperature = settings.temperature ?? 1 + (3 * (index + 1)) / epochs;
  const rate = cosine(settings.rate, epochs)(index);
  const dims = inputDims(preprocessing);
  const order = random.shuffle(Array.from({ length: pool.size }, (_, i) => i));
  // A batch of one has no batch statistics; whose turn it is to be left out changes with the order.
  if (order.length % batchSize === 1) order.pop();
  let seen = 0;
  let loss = 0;
  let agreed = 0;
  for await (const pixels of pool.batches(order, batchSize)) {
    await onStep(index, seen / order.length);
    const size = pixels.length / (preprocessing.width * preprocessing.height * 3);
    const images = toTensor(
      augment(pixels, preprocessing, settings.augmentation, random),
      size,
      preprocessing,
    );
    const { logits, classes } = await teacher.logits(images, size, dims);
    const taught = predictions(logits, classes);
    const targets: Batch['targets'] = labels === 'soft' ? { teacher: logits } : { labels: taught };
    const scalars = labels === 'soft' ? { temperature } : {};
    const step = await trainer.step({ images, size, targets }, { scalars, rate });
    const learnt = predictions(step.logits, classes);
    loss += step.loss * size;
    agreed += learnt.reduce((sum, predicted, i) => sum + Number(predicted === taught[i]), 0);
    seen += size;
  }
  return {
    epoch: index + 1,
    loss: loss / seen,
    temperature,
    rate,
    agreement: (100 * agreed) / seen,
    seconds: (performance.now() - started) / 1000,
  };
}
