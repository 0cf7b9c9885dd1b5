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

const Share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const SplitSettingsSchema = v.object({
  epochs: v.object({ 'class-aware': Count, 'class-agnostic': Count, 'meta-split': Count }),
  iterations: Count,
  labelledBatch: Count,
  unlabelledBatch: Count,
  views: Count,
  rate: v.number(),
  decay: v.picklist(['constant', 'cosine']),
  growth: Count,
  growEvery: Count,
  cleanShare: Share,
  temperature: v.number(),
  alpha: v.number(),
  lambdaU: v.number(),
  metaRate: v.number(),
  metaBatch: Count,
  splitAlpha: v.number(),
  splitBeta: v.number(),
  splitOn: v.picklist(['augmented', 'plain']),
  augmentation: v.object({ pad: Count, border: v.picklist(['black', 'reflect']), flip: v.boolean() }),
  seed: v.number(),
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
