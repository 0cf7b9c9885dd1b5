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
import type { Batch } from '../../training/batch';
import type { Trainer } from '../../training/trainer';
import { remember, type Remembered } from './remembered';
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

/** Sums over the steps of an epoch that is not finished. */
export interface PartialEpoch {
  readonly steps: number;
  readonly images: number;
  /** Sum of the losses of all images. */
  readonly loss: number;
  /** Images on which student and teacher agreed. */
  readonly agreed: number;
  readonly seconds: number;
}

/** How far a run has come: with the trainer's state, all that continuing it needs. */
export interface DistillationProgress {
  /** Finished epochs. */
  readonly history: readonly CleanseEpoch[];
  /** Null between two epochs. */
  readonly partial: PartialEpoch | null;
}

/** One step that was done. */
export interface DistillationStep {
  /** From 0. */
  readonly epoch: number;
  /** Of the epoch's images, 0 … 1, that have been seen. */
  readonly share: number;
  readonly loss: number;
  /** Of student and teacher on this batch, in percent. */
  readonly agreement: number;
  readonly progress: DistillationProgress;
}

export interface Distillation {
  readonly trainer: Trainer;
  readonly teacher: Teacher;
  readonly pool: PixelPool;
  readonly preprocessing: Preprocessing;
  readonly settings: DistillationSettings;
  /** What is already done; the trainer holds the state of that moment. */
  readonly from: DistillationProgress;
  /** While the teacher is asked about all images before the first epoch (0 … 1 done); may throw to stop. */
  readonly onTeach: (share: number) => Promise<void>;
  /** After each step; may throw to stop. */
  readonly onStep: (step: DistillationStep) => Promise<void>;
  /** What is to be kept of an epoch (from 0) beside its figures, measured once it is done; may throw to stop. */
  readonly measure: (epoch: number) => Promise<Pick<CleanseEpoch, 'monitored'>>;
  /** After each epoch, with all so far; may throw to stop. */
  readonly onEpoch: (progress: DistillationProgress) => Promise<void>;
}

/** An epoch diverged where its loss is this many times that of a student which holds every class for as likely, ln K. */
const HOPELESS = 100;

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
 * random stream of its own, and every step from a fork of that, so a run that continues after any step does what it would
 * have done in one go.
 *
 * Where the loss is no longer a number, or that of an epoch beyond all hope, returns the error in `diverged`, with the
 * history of the epochs before; the trainer then holds the parameters of that moment. Throws TrainingError, RuntimeError,
 * and what the callbacks throw.
 */
export async function distil(
  run: Distillation,
): Promise<{ history: readonly CleanseEpoch[]; diverged: TrainingError | null }> {
  let { history, partial } = run.from;
  const remembered = await rememberedOf(run);
  while (history.length < run.settings.epochs) {
    try {
      const epoch = await oneEpoch(run, remembered, history, partial);
      checkHope(epoch, run.trainer.classes);
      history = [...history, { ...epoch, ...(await run.measure(history.length)) }];
    } catch (error) {
      if (error instanceof TrainingError && error.reason === 'diverged') return { history, diverged: error };
      throw error;
    }
    partial = null;
    await run.onEpoch({ history, partial });
  }
  return { history, diverged: null };
}

/** Throws TrainingError `diverged`: numbers can grow without end and still be numbers. */
function checkHope({ epoch, loss }: CleanseEpoch, classes: number): void {
  const ignorant = Math.log(classes);
  if (loss <= HOPELESS * ignorant) return;
  throw new TrainingError(
    'diverged',
    `Training diverged in epoch ${epoch}: its loss is ${loss.toPrecision(3)}, where a student that knows nothing has ${ignorant.toPrecision(3)}. Try a smaller learning rate.`,
  );
}

/** Without augmentation an image is the same in every epoch, and so is what the teacher says of it. */
async function rememberedOf({ teacher, pool, preprocessing, settings, onTeach }: Distillation) {
  const { augmentation, batchSize } = settings;
  if (augmentation.pad > 0 || augmentation.flip) return null;
  return remember(teacher, pool, preprocessing, batchSize, onTeach);
}

async function oneEpoch(
  run: Distillation,
  remembered: Remembered | null,
  history: readonly CleanseEpoch[],
  before: PartialEpoch | null,
): Promise<CleanseEpoch> {
  const { trainer, teacher, pool, preprocessing, settings, onStep } = run;
  const { epochs, batchSize, labels } = settings;
  const index = history.length;
  const random = streamOf(settings.seed, index + 1);
  const temperature = settings.temperature ?? 1 + (3 * (index + 1)) / epochs;
  const rate = cosine(settings.rate, epochs)(index);
  const dims = inputDims(preprocessing);
  const order = random.shuffle(Array.from({ length: pool.size }, (_, i) => i));
  // A batch of one has no batch statistics; whose turn it is to be left out changes with the order.
  if (order.length % batchSize === 1) order.pop();
  let done: PartialEpoch = before ?? { steps: 0, images: 0, loss: 0, agreed: 0, seconds: 0 };
  for (let step = 0; step < done.steps; step++) random.fork();
  const left = order.slice(done.steps * batchSize);
  let started = performance.now();
  for await (const pixels of pool.batches(left, batchSize)) {
    const size = pixels.length / (preprocessing.width * preprocessing.height * 3);
    const images = toTensor(
      augment(pixels, preprocessing, settings.augmentation, random.fork()),
      size,
      preprocessing,
    );
    const places = order.slice(done.steps * batchSize, (done.steps + 1) * batchSize);
    const { logits, classes } = remembered?.at(places) ?? (await teacher.logits(images, size, dims));
    const taught = predictions(logits, classes);
    const targets: Batch['targets'] = labels === 'soft' ? { teacher: logits } : { labels: taught };
    const scalars = labels === 'soft' ? { temperature } : {};
    const step = await trainer.step({ images, size, targets }, { scalars, rate });
    const agreed = predictions(step.logits, classes).reduce(
      (sum, predicted, i) => sum + Number(predicted === taught[i]),
      0,
    );
    const now = performance.now();
    done = {
      steps: done.steps + 1,
      images: done.images + size,
      loss: done.loss + step.loss * size,
      agreed: done.agreed + agreed,
      seconds: done.seconds + (now - started) / 1000,
    };
    started = now;
    await onStep({
      epoch: index,
      share: Math.min(1, (done.steps * batchSize) / order.length),
      loss: step.loss,
      agreement: (100 * agreed) / size,
      progress: { history, partial: done },
    });
  }
  return {
    epoch: index + 1,
    loss: done.loss / done.images,
    temperature,
    rate,
    agreement: (100 * done.agreed) / done.images,
    seconds: done.seconds,
  };
}
