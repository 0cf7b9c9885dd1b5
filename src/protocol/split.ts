import * as v from 'valibot';

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
