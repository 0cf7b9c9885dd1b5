import * as v from 'valibot';
import { PreprocessingSchema } from './preprocessing';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const LossHistogramSchema = v.object({
  /** One more than bins; both pools share them. */
  edges: v.array(v.number()),
  clean: v.array(Count),
  polluted: v.array(Count),
});
export type LossHistogram = v.InferOutput<typeof LossHistogramSchema>;

/** Rates in percent; null where no triggered images were given. */
export const MonitoredSchema = v.object({
  acc: v.number(),
  asr: v.nullable(v.number()),
  ra: v.nullable(v.number()),
});
export type Monitored = v.InferOutput<typeof MonitoredSchema>;

export const SplitEpochSchema = v.object({
  /** From 1. */
  epoch: Count,
  stage: v.picklist(['class-aware', 'class-agnostic', 'meta-split']),
  /** Sizes of the pools. */
  clean: Count,
  polluted: Count,
  /** Mean of MixMatch's loss over the steps. */
  loss: v.number(),
  /** λ_u at the end of the epoch. */
  lambdaU: v.number(),
  rate: v.number(),
  /** Split losses of the pools as the epoch began; null where the pools are the seeds and the rest. */
  split: v.nullable(
    v.object({
      cleanLoss: v.nullable(v.number()),
      pollutedLoss: v.nullable(v.number()),
      histogram: LossHistogramSchema,
    }),
  ),
  /** On test images at the end of the epoch; null where none were given. */
  monitored: v.nullable(MonitoredSchema),
  seconds: v.number(),
});
export type SplitEpoch = v.InferOutput<typeof SplitEpochSchema>;

/** Bounds of what a user may set; the command line and the panel share them. Whole numbers, but for those below. */
export const SPLIT_BOUNDS = {
  epochs: [0, 999_999],
  iterations: [1, 1_000_000],
  labelledBatch: [2, 65_536],
  unlabelledBatch: [2, 65_536],
  views: [1, 16],
  growth: [0, 1_000_000],
  growEvery: [1, 1_000_000],
  metaBatch: [2, 65_536],
  pad: [0, 1024],
  seedsPerClass: [1, 1_000_000],
  rate: [0, 1000],
  cleanShare: [0.01, 0.99],
  metaShare: [0.01, 0.99],
  temperature: [0.01, 1000],
  alpha: [0.001, 1000],
  lambdaU: [0, 100_000],
  metaRate: [0, 1000],
  splitAlpha: [0, 1000],
  splitBeta: [0, 1000],
} as const;

const within = ([least, most]: readonly [number, number]) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(most));
const wholeWithin = ([least, most]: readonly [number, number]) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const Epochs = wholeWithin(SPLIT_BOUNDS.epochs);

/** Seeds that every class must have at least. */
export const SeedsPerClassSchema = wholeWithin(SPLIT_BOUNDS.seedsPerClass);

export const SplitSettingsSchema = v.object({
  epochs: v.object({ 'class-aware': Epochs, 'class-agnostic': Epochs, 'meta-split': Epochs }),
  iterations: wholeWithin(SPLIT_BOUNDS.iterations),
  labelledBatch: wholeWithin(SPLIT_BOUNDS.labelledBatch),
  unlabelledBatch: wholeWithin(SPLIT_BOUNDS.unlabelledBatch),
  views: wholeWithin(SPLIT_BOUNDS.views),
  rate: within(SPLIT_BOUNDS.rate),
  decay: v.picklist(['constant', 'cosine']),
  growth: wholeWithin(SPLIT_BOUNDS.growth),
  growEvery: wholeWithin(SPLIT_BOUNDS.growEvery),
  cleanShare: within(SPLIT_BOUNDS.cleanShare),
  metaShare: within(SPLIT_BOUNDS.metaShare),
  temperature: within(SPLIT_BOUNDS.temperature),
  alpha: within(SPLIT_BOUNDS.alpha),
  lambdaU: within(SPLIT_BOUNDS.lambdaU),
  metaRate: within(SPLIT_BOUNDS.metaRate),
  metaBatch: wholeWithin(SPLIT_BOUNDS.metaBatch),
  splitAlpha: within(SPLIT_BOUNDS.splitAlpha),
  splitBeta: within(SPLIT_BOUNDS.splitBeta),
  splitOn: v.picklist(['augmented', 'plain']),
  augmentation: v.object({
    pad: wholeWithin(SPLIT_BOUNDS.pad),
    border: v.picklist(['black', 'reflect']),
    flip: v.boolean(),
  }),
  seed: v.pipe(v.number(), v.safeInteger()),
});
/** Every setting of a run (METHODS.md §3). */
export type SplitSettings = v.InferOutput<typeof SplitSettingsSchema>;

export const SuspectSchema = v.object({
  /** From 1: the most suspect first. */
  rank: Count,
  /** The sample's name within the dataset. */
  path: v.string(),
  /** Name of the class it came with, and of the class that the trained model predicts (null where it gives no numbers). */
  label: v.string(),
  predicted: v.nullable(v.string()),
  /** Split loss of the label under the trained model; null where it is not a finite number. */
  loss: v.nullable(v.number()),
  /** Fall of that loss in a virtual epoch on all labels; null where it is not a finite number. */
  score: v.nullable(v.number()),
  /** Pool of the last meta-split. */
  pool: v.picklist(['clean', 'polluted']),
  suspected: v.boolean(),
});
export type Suspect = v.InferOutput<typeof SuspectSchema>;

export const SuspectListSchema = v.object({
  schema: v.literal('scour.suspects/1'),
  data: v.string(),
  /** Suspected: a loss above this; null where nothing stands out. */
  threshold: v.nullable(v.number()),
  suspected: Count,
  samples: v.array(SuspectSchema),
});
/** `suspects.json`: every sample, ranked. */
export type SuspectList = v.InferOutput<typeof SuspectListSchema>;

export const SplitReportSchema = v.object({
  schema: v.literal('scour.split/1'),
  /** The folder of results. */
  output: v.string(),
  /** Of model.onnx in it. */
  sha256: v.string(),
  architecture: v.object({ path: v.string(), sha256: v.string() }),
  settings: SplitSettingsSchema,
  data: v.object({
    path: v.string(),
    images: Count,
    distinct: Count,
    /** Over all decoded pixels. */
    sha256: v.string(),
    classes: v.array(v.object({ name: v.string(), images: Count, seeds: Count })),
    skipped: v.array(v.object({ path: v.string(), reason: v.string() })),
  }),
  seeds: v.object({ path: v.string(), images: Count }),
  monitor: v.nullable(
    v.object({ test: v.string(), triggered: v.nullable(v.string()), target: v.nullable(Count) }),
  ),
  preprocessing: PreprocessingSchema,
  device: v.string(),
  history: v.array(SplitEpochSchema),
  suspects: v.object({
    suspected: Count,
    threshold: v.nullable(v.number()),
    /** Suspected samples by the class they came with. */
    byClass: v.array(v.object({ name: v.string(), suspected: Count })),
    /** Split losses under the trained model, by the pools of the last meta-split. */
    losses: LossHistogramSchema,
  }),
  notes: v.array(v.string()),
  version: v.string(),
});
/** `report.json`, and `scour split --format json`. */
export type SplitReport = v.InferOutput<typeof SplitReportSchema>;
