import * as v from 'valibot';
import { AttackSchema } from './attack';
import { PreprocessingOptionsSchema, PreprocessingSchema } from './preprocessing';
import { TargetSchema } from './target';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
/** Wilson's 95 % interval of a share, in percent: [low, high]. */
const Interval = v.tuple([Percent, Percent]);
/** A class number; null where the model's scores were not numbers, so that there is no prediction. */
const Predicted = v.nullable(Count);
/** A PNG file in base64, for `data:image/png;base64,…`. */
export const PngSchema = v.pipe(v.string(), v.base64());

/** How many images of true class i were predicted as class j: [i, j, count], zeros left out. */
const Confusion = v.array(v.tuple([Count, Count, Count]));

export const AttackResultSchema = v.object({
  /** Unique among the attacks of a report: `badnets`, `badnets-2`, `triggered` … */
  name: v.string(),
  /** Share predicted as the target (all-to-all: as the next class) among triggered images whose true label is not the target, in percent. */
  asr: Percent,
  asrInterval: Interval,
  /** Share of the same images predicted as their true label, in percent. */
  ra: Percent,
  raInterval: Interval,
  n: Count,
  /** How many of the triggered images were predicted as each class; K numbers. */
  destinations: v.array(Count),
  /** Triggered images that have no prediction because the model's scores were not numbers; counted as misses. */
  undefined: Count,
});
export type AttackResult = v.InferOutput<typeof AttackResultSchema>;

export const TacSchema = v.object({
  attack: v.string(),
  /** Images with and without the trigger that the means are over. */
  images: Count,
  /** True where the two sets are the same images with and without the trigger. */
  paired: v.boolean(),
  layers: v.array(
    v.object({
      /** As in the scan of the model. */
      name: v.string(),
      /** UCLC of each channel; null where it is not finite. */
      uclc: v.array(v.nullable(v.number())),
      /** Mean activation with the trigger minus without, of each channel, after the layer's norm. */
      tac: v.array(v.nullable(v.number())),
      mean: v.nullable(v.number()),
      std: v.nullable(v.number()),
    }),
  ),
});
/** Trigger-activated change beside UCLC, by channel: the evidence behind CLP. */
export type Tac = v.InferOutput<typeof TacSchema>;

export const EmbeddingSchema = v.object({
  attack: v.string(),
  method: v.picklist(['umap']),
  /** Length of the penultimate features before they were laid out in the plane. */
  features: Count,
  points: v.array(
    v.object({
      x: v.number(),
      y: v.number(),
      triggered: v.boolean(),
      label: Count,
      predicted: Predicted,
    }),
  ),
});
/** Penultimate features of clean and triggered images, laid out in the plane. Only neighbourhoods mean something. */
export type Embedding = v.InferOutput<typeof EmbeddingSchema>;

export const SweepPointSchema = v.object({
  u: v.number(),
  /** Channels pruned at this u. */
  channels: Count,
  /** Null where the images have no labels. */
  acc: v.nullable(Percent),
  /** Predictions equal to those of the model as it is, in percent. */
  agreement: Percent,
  n: Count,
  attacks: v.array(v.object({ name: v.string(), asr: Percent, ra: Percent, n: Count })),
});
export type SweepPoint = v.InferOutput<typeof SweepPointSchema>;

export const ModelEvaluationSchema = v.object({
  path: v.string(),
  sha256: v.string(),
  /** Top-1 accuracy on the clean images, in percent; null where they have no labels. */
  acc: v.nullable(Percent),
  accInterval: v.nullable(Interval),
  /** Clean images that the model was run on. */
  n: Count,
  /** Predictions on clean images equal to those of the first model, in percent; absent for the first. */
  agreement: v.optional(Percent),
  /** Clean images by true class: correct of n. Empty without labels; n = 0 for a class without images. */
  perClass: v.array(v.object({ correct: Count, n: Count })),
  /** Clean images. Empty without labels. */
  confusion: Confusion,
  /** How many clean images were predicted as each class; K numbers. */
  predicted: v.array(Count),
  /** Clean images that have no prediction because the model's scores were not numbers; counted as misses. */
  undefined: Count,
  attacks: v.array(AttackResultSchema),
  tac: v.array(TacSchema),
  embeddings: v.array(EmbeddingSchema),
  sweep: v.optional(v.array(SweepPointSchema)),
  preprocessing: PreprocessingSchema,
  /** What it ran on: `cpu`, `webgpu`, `cuda`. */
  device: v.string(),
});
export type ModelEvaluation = v.InferOutput<typeof ModelEvaluationSchema>;

export const SampleSchema = v.object({
  attack: v.string(),
  /** Within the dataset. Untrusted text. */
  name: v.string(),
  label: Count,
  /** Null where the folder of triggered images has no clean counterpart among the data. */
  clean: v.nullable(v.object({ image: PngSchema, predictions: v.array(Predicted) })),
  /** `predictions`: one a model, in the order of the report's models. */
  triggered: v.object({ image: PngSchema, predictions: v.array(Predicted) }),
});
/** One image with and without the trigger and what each model makes of it. */
export type EvaluationSample = v.InferOutput<typeof SampleSchema>;

export const SkippedSchema = v.object({ path: v.string(), reason: v.string() });

export const EvaluationReportSchema = v.object({
  schema: v.literal('scour.evaluation/1'),
  version: v.string(),
  /** What the user named, and what was found there. */
  data: v.object({ path: v.string(), images: Count, used: Count }),
  /** Class names in the order of their numbers; null for unlabelled images. Untrusted text. */
  classes: v.nullable(v.array(v.string())),
  /** Of the first model; each model carries its own. */
  preprocessing: PreprocessingSchema,
  /** Target class, `all` for all-to-all; null where no trigger was tried. */
  target: v.nullable(TargetSchema),
  /** What was tried, in the order of each model's results; `name` links the two. */
  attacks: v.array(v.object({ name: v.string(), description: v.string(), attack: AttackSchema })),
  /** The first is the one that the others are compared with. */
  models: v.array(ModelEvaluationSchema),
  samples: v.array(SampleSchema),
  seed: v.number(),
  /** Images that could not be read, and files that are none. */
  skipped: v.array(SkippedSchema),
  /** False where something that should have been measured was not: unreadable images, scores that are not numbers. */
  complete: v.boolean(),
  warnings: v.array(v.string()),
});
/** `scour evaluate --format json` (CONTRACT.md), and all that the panel shows. */
export type EvaluationReport = v.InferOutput<typeof EvaluationReportSchema>;

export const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda'] as const;

/** What evaluation and sweep share. */
const Common = {
  /** Whatever `openDataset` reads. */
  data: v.string(),
  attacks: v.array(AttackSchema),
  /** Class number, the name of a class, or `all` for all-to-all; needed with an attack. */
  target: v.nullable(v.union([Count, v.string()])),
  /** At most this many clean images, spread evenly over the set; absent = all. */
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Share of images (0…1) that may be unreadable before the run stops. */
  unreadableLimit: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  seed: v.optional(v.pipe(v.number(), v.safeInteger())),
  preprocessing: v.optional(PreprocessingOptionsSchema),
  device: v.optional(v.picklist(DEVICES)),
  threads: v.optional(Count),
};

export const EvaluateParamsSchema = v.object({
  ...Common,
  /** One or several model files; the first is the one that the others are compared with. */
  models: v.pipe(v.array(v.string()), v.minLength(1)),
  /** Images of each attack shown as samples; 0 = none. */
  samples: v.optional(v.pipe(Count, v.maxValue(200))),
  /** Images that TAC is measured on; 0 = none. */
  tacImages: v.optional(v.pipe(Count, v.maxValue(100_000))),
  /** Clean images (and as many triggered ones) in each embedding; 0 = none. */
  embeddingImages: v.optional(v.pipe(Count, v.maxValue(5000))),
});
export type EvaluateParams = v.InferOutput<typeof EvaluateParamsSchema>;

export const SweepParamsSchema = v.object({
  ...Common,
  path: v.string(),
  /** Values of u, at most 201. */
  us: v.pipe(v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(100))), v.minLength(1), v.maxLength(201)),
});
export type SweepParams = v.InferOutput<typeof SweepParamsSchema>;

export const SweepReportSchema = v.object({
  schema: v.literal('scour.sweep/1'),
  version: v.string(),
  path: v.string(),
  data: v.object({ path: v.string(), images: Count, used: Count }),
  preprocessing: PreprocessingSchema,
  target: v.nullable(TargetSchema),
  attacks: EvaluationReportSchema.entries.attacks,
  /** The model as it is. */
  original: v.omit(SweepPointSchema, ['u', 'channels', 'agreement']),
  /** In rising order of u. */
  points: v.array(SweepPointSchema),
  device: v.string(),
  seed: v.number(),
  skipped: v.array(SkippedSchema),
  complete: v.boolean(),
  warnings: v.array(v.string()),
});
/** ACC, ASR and RA of a model pruned at several u; agreement alone where the images have no labels. */
export type SweepReport = v.InferOutput<typeof SweepReportSchema>;

/** The u of BackdoorBench's sweep: 0, 0.5 … 10. */
export const SWEEP_US: readonly number[] = Array.from({ length: 21 }, (_, i) => i / 2);

export const DescribeDataParamsSchema = v.object({
  model: v.string(),
  data: v.string(),
  /** Of a dataset in parts, the one that is meant; `test` by default. */
  part: v.optional(v.picklist(['train', 'test'])),
  preprocessing: v.optional(PreprocessingOptionsSchema),
});
export const DataDescriptionSchema = v.object({
  images: Count,
  /** Null for unlabelled images. `n`: images of the class. */
  classes: v.nullable(v.array(v.object({ name: v.string(), n: Count }))),
  /** Classes that the model tells apart, where its output says so. */
  modelClasses: v.nullable(Count),
  /** How the images would become the model's input. */
  preprocessing: PreprocessingSchema,
  skipped: v.array(SkippedSchema),
  warnings: v.array(v.string()),
});
/** What a dataset holds and how it meets a model, before anything is run. */
export type DataDescription = v.InferOutput<typeof DataDescriptionSchema>;

export const PreviewTriggerParamsSchema = v.object({
  model: v.string(),
  data: v.string(),
  attack: AttackSchema,
  preprocessing: v.optional(PreprocessingOptionsSchema),
  /** Images, spread evenly over the set. */
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(50)),
  seed: v.optional(v.pipe(v.number(), v.safeInteger())),
});
export const TriggerPreviewSchema = v.object({
  /** Of the images as the model is given them; pixel coordinates of a patch count in these. */
  width: Count,
  height: Count,
  images: v.array(v.object({ name: v.string(), clean: PngSchema, triggered: PngSchema })),
});
/** What a trigger looks like on images of the dataset. */
export type TriggerPreview = v.InferOutput<typeof TriggerPreviewSchema>;

export const ExportEvaluationParamsSchema = v.object({
  report: EvaluationReportSchema,
  format: v.picklist(['html', 'markdown', 'json']),
  output: v.string(),
  force: v.boolean(),
});
export const ExportedSchema = v.object({ output: v.string(), bytes: Count, sha256: v.string() });
