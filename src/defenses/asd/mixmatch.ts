import { augment } from '../../data/augment';
import type { Random } from '../../data/random';
import { toTensor } from '../../data/tensor';
import type { Preprocessing } from '../../protocol/preprocessing';
import { probabilityMse, softCrossEntropy, type LossTerm } from '../../training/losses';
import type { Trainer } from '../../training/trainer';
import type { StepResult } from '../../training/trainer-options';
import { guessLabels, oneHot } from './guess';
import { dealt, drawLambda, mixRows } from './mixup';
import type { AsdSettings } from './settings';

/** Names of what a MixMatch step gives the trainer. */
const [TARGETS, LABELLED, UNLABELLED, LAMBDA_U] = ['targets', 'labelled', 'unlabelled', 'lambdaU'];

/** Soft cross entropy of the labelled rows + λ_u · mean squared error of the probabilities of the others (METHODS.md §3). */
export const MIXMATCH_LOSS: readonly LossTerm[] = [
  { loss: softCrossEntropy({ targets: TARGETS }), samples: LABELLED },
  { loss: probabilityMse({ targets: TARGETS }), samples: UNLABELLED, weight: LAMBDA_U },
];

/** Samples that go through the network at once: a step is computed in as many parts as it has groups of rows. */
export function partSize({
  labelledBatch,
  unlabelledBatch,
  views,
}: Pick<AsdSettings, 'labelledBatch' | 'unlabelledBatch' | 'views'>): number {
  return Math.ceil((labelledBatch + views * unlabelledBatch) / (views + 1));
}

/** What one MixMatch step is made of: 8-bit images, before augmentation. */
export interface MixMatchBatch {
  readonly labelled: Uint8Array;
  /** Class numbers, one a labelled image. */
  readonly labels: readonly number[];
  /** Empty where no sample is polluted: the step then learns from the labelled ones alone. */
  readonly unlabelled: Uint8Array;
}

export interface MixMatchOptions {
  readonly settings: Pick<
    AsdSettings,
    'views' | 'temperature' | 'alpha' | 'augmentation' | 'labelledBatch' | 'unlabelledBatch'
  >;
  readonly preprocessing: Preprocessing;
  readonly classes: number;
  readonly lambdaU: number;
  readonly rate: number;
  readonly random: Random;
}

/**
 * One step of MixMatch (Berthelot et al. 2019, algorithm 1; METHODS.md §3): guesses the labels of the unlabelled images
 * from augmented views of them, mixes all rows up with each other, and steps on the mixed ones. Guesses are made in
 * training mode without gradient, so they move the running statistics. Throws TrainingError.
 */
export async function mixMatchStep(
  trainer: Trainer,
  batch: MixMatchBatch,
  { settings, preprocessing, classes, lambdaU, rate, random }: MixMatchOptions,
): Promise<StepResult> {
  const { augmentation, temperature, alpha, views: k } = settings;
  const bytes = preprocessing.width * preprocessing.height * 3;
  const shown = (pixels: Uint8Array): Float32Array =>
    toTensor(augment(pixels, preprocessing, augmentation, random), pixels.length / bytes, preprocessing);
  const labelled = shown(batch.labelled);
  const width = labelled.length / batch.labels.length;
  const size = batch.unlabelled.length / bytes;
  const views = size === 0 ? [] : Array.from({ length: k }, () => shown(batch.unlabelled));
  const logits: Float32Array[] = [];
  for (const images of views)
    logits.push((await trainer.forward({ images, size, targets: {} }, { batchNorm: 'train' })).logits);
  const guesses = size === 0 ? new Float32Array() : guessLabels(logits, classes, temperature);
  const images = joined([labelled, ...views]);
  const targets = joined([oneHot(batch.labels, classes), ...views.map(() => guesses)]);
  const rows = images.length / width;
  const lambda = drawLambda(alpha, random);
  const partners = random.shuffle(Array.from({ length: rows }, (_, i) => i));
  const order = dealt(rows, Math.ceil(rows / partSize(settings)));
  const isLabelled = order.map((row) => row < batch.labels.length);
  return trainer.step(
    {
      images: mixRows(images, width, partners, lambda, order),
      size: rows,
      targets: {
        targets: mixRows(targets, classes, partners, lambda, order),
        labelled: isLabelled.map((is) => (is ? 1 / batch.labels.length : 0)),
        unlabelled: isLabelled.map((is) => (is ? 0 : 1 / (views.length * size))),
      },
    },
    { scalars: { lambdaU }, rate },
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
