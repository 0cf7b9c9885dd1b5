import * as v from 'valibot';
import { AttackSchema } from './attack';
import { PreprocessingSchema } from './preprocessing';
import { PrunedLayerSchema } from './prune';
import { TargetSchema } from './target';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const Percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100));

export const MonitoredSchema = v.object({
  /** Null where the images have no labels. */
  acc: v.nullable(Percent),
  /** Clean images. */
  n: Count,
  attacks: v.array(v.object({ name: v.string(), asr: Percent, ra: Percent, n: Count })),
});
/** What a student scores on images kept for watching it, in evaluation mode; percent. Nothing is chosen by it. */
export type Monitored = v.InferOutput<typeof MonitoredSchema>;

/** Before any training: the teacher, and the student just re-initialised. */
export const MonitoredPairSchema = v.object({ teacher: MonitoredSchema, student: MonitoredSchema });
export type MonitoredPair = v.InferOutput<typeof MonitoredPairSchema>;

export const CleanseEpochSchema = v.object({
  /** From 1. */
  epoch: Count,
  /** Mean over the images. */
  loss: v.number(),
  temperature: v.number(),
  rate: v.number(),
  /** Of student and teacher on the augmented training images, the student in training mode; percent. */
  agreement: v.number(),
  seconds: v.number(),
  /** Absent where nothing is monitored. */
  monitored: v.optional(MonitoredSchema),
});
export type CleanseEpoch = v.InferOutput<typeof CleanseEpochSchema>;

export const CleanseStageSchema = v.object({
  name: v.string(),
  layers: v.array(v.object({ name: v.string(), kind: v.string(), weights: Count, ratio: Share })),
});
/** Layers of one depth, and the share of each one's weights that was re-drawn. */
export type CleanseStage = v.InferOutput<typeof CleanseStageSchema>;

export const CleanseSettingsSchema = v.object({
  epochs: Count,
  batchSize: Count,
  /** Learning rate at the start. */
  rate: v.number(),
  momentum: v.number(),
  weightDecay: v.number(),
  labels: v.picklist(['soft', 'hard']),
  /** Null: 1 + 3(e + 1)/E. */
  temperature: v.nullable(v.number()),
  augmentation: v.object({ pad: Count, flip: v.boolean() }),
  seed: v.number(),
  /** Batch norms were put back where the exporter folded them away. Reports of earlier versions do not say it. */
  restoreNorms: v.optional(v.boolean(), false),
});
export type CleanseSettings = v.InferOutput<typeof CleanseSettingsSchema>;

export const CleanseReportSchema = v.object({
  schema: v.literal('scour.cleanse/1'),
  /** `diverged`: the loss was no longer a number. */
  status: v.picklist(['complete', 'diverged']),
  /** The epoch that the output holds: the last one, or of a run that diverged the one that agreed most with the teacher. */
  epoch: Count,
  input: v.string(),
  output: v.string(),
  /** Of the output file. */
  sha256: v.string(),
  /** Of the input file. */
  inputSha256: v.string(),
  settings: CleanseSettingsSchema,
  stages: v.array(CleanseStageSchema),
  /** Expected share of all weights of these layers that was re-drawn. */
  redrawn: Share,
  /** CLP before: its u, and the channels held at zero; null without. */
  clp: v.nullable(v.object({ u: v.number(), layers: v.array(PrunedLayerSchema), channels: Count })),
  data: v.object({
    folder: v.string(),
    images: Count,
    distinct: Count,
    /** Over all decoded pixels. */
    sha256: v.string(),
    skipped: v.array(v.object({ path: v.string(), reason: v.string() })),
  }),
  preprocessing: PreprocessingSchema,
  /** What the teacher ran on, and what the student was trained on. */
  devices: v.object({ teacher: v.string(), student: v.string() }),
  history: v.array(CleanseEpochSchema),
  /** What each epoch was measured on besides, and what teacher and re-initialised student scored there; null without. */
  monitoring: v.nullable(
    v.object({
      data: v.string(),
      target: v.nullable(TargetSchema),
      attacks: v.array(v.object({ name: v.string(), description: v.string(), attack: AttackSchema })),
      before: MonitoredPairSchema,
    }),
  ),
  /** Of the written model and its teacher on the images as they are, in percent. No measure of safety. */
  agreement: v.number(),
  /** What was seen, and what to change where a backdoor may be left. Absent from reports of earlier versions. */
  guidance: v.optional(
    v.object({ seen: v.array(v.string()), change: v.array(v.string()), warns: v.boolean() }),
  ),
  notes: v.array(v.string()),
  version: v.string(),
});
/** `scour cleanse --format json`. */
export type CleanseReport = v.InferOutput<typeof CleanseReportSchema>;
