import type { Augmentation } from '../../data/augment';

/** The stages of ASD, in their order. */
export const STAGES = ['class-aware', 'class-agnostic', 'meta-split'] as const;
export type AsdStage = (typeof STAGES)[number];

/** Everything that decides what a run of ASD does, beside its data and architecture (METHODS.md §3). */
export interface AsdSettings {
  /** Epochs of each stage. */
  readonly epochs: Readonly<Record<AsdStage, number>>;
  /** MixMatch steps an epoch. */
  readonly iterations: number;
  /** Labelled images a step, and unlabelled ones (each in `views` versions). */
  readonly labelledBatch: number;
  readonly unlabelledBatch: number;
  /** K: augmented versions of an unlabelled image that its label is guessed from. */
  readonly views: number;
  /** Of Adam. */
  readonly rate: number;
  /** `cosine`: from `rate` down to 0 over the whole run, one step an epoch; the paper keeps it constant. */
  readonly decay: 'constant' | 'cosine';
  /** Class-aware stage: the clean pool grows by this many samples a class … */
  readonly growth: number;
  /** … every so many epochs. */
  readonly growEvery: number;
  /** Class-agnostic stage: share of the whole set that is the clean pool. */
  readonly cleanShare: number;
  /** Meta-split stage: the same share. */
  readonly metaShare: number;
  /** T: guesses are raised to 1/T. */
  readonly temperature: number;
  /** α of mixup's Beta(α, α). */
  readonly alpha: number;
  /** λ_u at the end of the run; it rises linearly from 0. */
  readonly lambdaU: number;
  /** Of Adam in the virtual model's epoch. */
  readonly metaRate: number;
  readonly metaBatch: number;
  /** Weights of CE and RCE in the split loss. */
  readonly splitAlpha: number;
  readonly splitBeta: number;
  /** What split losses are computed on: augmented images, as the reference does, or the images as they are. */
  readonly splitOn: 'augmented' | 'plain';
  readonly augmentation: Required<Augmentation>;
  readonly seed: number;
}

export function totalEpochs({ epochs }: Pick<AsdSettings, 'epochs'>): number {
  return STAGES.reduce((sum, stage) => sum + epochs[stage], 0);
}

/** The stage of an epoch; epochs count from 0. */
export function stageOf(epoch: number, { epochs }: Pick<AsdSettings, 'epochs'>): AsdStage {
  if (epoch < epochs['class-aware']) return 'class-aware';
  return epoch < epochs['class-aware'] + epochs['class-agnostic'] ? 'class-agnostic' : 'meta-split';
}

/** n of the class-aware stage: samples a class beside the seeds; 0 until the pool first grows. */
export function poolGrowth(
  epoch: number,
  { growth, growEvery }: Pick<AsdSettings, 'growth' | 'growEvery'>,
): number {
  return growth * Math.floor(epoch / growEvery);
}

/** λ_u of a step: it rises linearly over the run (Berthelot et al. 2019; METHODS.md §3). */
export function lambdaAt(epoch: number, iteration: number, settings: AsdSettings): number {
  return (settings.lambdaU * (epoch + iteration / settings.iterations)) / totalEpochs(settings);
}
