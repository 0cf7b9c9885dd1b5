import * as v from 'valibot';
import { AttackSchema } from './attack';
import { CleanseEpochSchema, CleanseReportSchema, MonitoredPairSchema } from './cleanse';
import { DEVICES } from './evaluation';
import { PreprocessingOptionsSchema } from './preprocessing';
import { AgreementSchema } from './prune';
import { ONNXRUNTIME, TrainingEngineChoiceSchema } from './training-engine';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const U = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
const Seed = v.pipe(v.number(), v.safeInteger());
const Samples = v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(100_000_000));

/** One ratio (0…1) a layer, in the order of the description's layers, stage after stage. */
export const RatiosSchema = v.pipe(v.array(Share), v.maxLength(100_000));

export const CleansingLayerSchema = v.object({
  /** Unique within the model. Untrusted text. */
  name: v.string(),
  kind: v.picklist(['convolution', 'linear']),
  /** Number of weights, without the bias. */
  weights: Count,
  /** Statistics of UCLC for `outliersAt`; null where the layer has none (linear layers, skipped convolutions). */
  scan: v.nullable(
    v.object({
      mean: v.nullable(v.number()),
      std: v.nullable(v.number()),
      uclc: v.array(v.nullable(v.number())),
    }),
  ),
});
/** A layer whose weights BCU re-draws in part. */
export type CleansingLayer = v.InferOutput<typeof CleansingLayerSchema>;

export const CleansingPresetSchema = v.object({
  /** As `--preset` takes it: `increasing`, `single:stage 3`, `clp+bcu` … */
  id: v.string(),
  /** For a person: "Increasing (paper)". */
  label: v.string(),
  /** One sentence on what it is for. */
  description: v.string(),
  ratios: RatiosSchema,
  /** CLP at this u first, its channels held at zero; null without. */
  clpU: v.nullable(U),
});
/** A choice of ratios for one model. */
export type CleansingPreset = v.InferOutput<typeof CleansingPresetSchema>;

export const CleansingDescriptionSchema = v.object({
  /** Key of the model's content: runs belong to it, whatever the file is called. */
  key: v.string(),
  /** By depth: stem first, classifier last. */
  stages: v.array(v.object({ name: v.string(), layers: v.array(CleansingLayerSchema) })),
  presets: v.array(CleansingPresetSchema),
  /** False where the paper did not study nets of this kind (transformers, no batch norm); `notes` say why. */
  studied: v.boolean(),
  notes: v.array(v.string()),
});
/** What of a model can be re-drawn, and the presets for it. Read from the file alone: nothing runs. */
export type CleansingDescription = v.InferOutput<typeof CleansingDescriptionSchema>;

/** Bounds of what a user may set; the command line and the panels share them. */
export const TRAINING_BOUNDS = {
  epochs: [1, 100_000],
  batchSize: [2, 65_536],
  rate: [0, 1000],
  temperature: [0.01, 1000],
  pad: [0, 1024],
} as const;

const within = ([least, most]: readonly [number, number]) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(most));
const wholeWithin = ([least, most]: readonly [number, number]) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** How a student is trained: METHODS.md §2. */
export const TrainingChoiceSchema = v.object({
  epochs: wholeWithin(TRAINING_BOUNDS.epochs),
  batchSize: wholeWithin(TRAINING_BOUNDS.batchSize),
  /** Learning rate at the start; it follows a cosine. */
  rate: within(TRAINING_BOUNDS.rate),
  labels: v.picklist(['soft', 'hard']),
  /** Null: rising from 1 to 4 over the epochs. */
  temperature: v.nullable(within(TRAINING_BOUNDS.temperature)),
  augmentation: v.object({ pad: wholeWithin(TRAINING_BOUNDS.pad), flip: v.boolean() }),
  seed: Seed,
  /** Put batch norms back where the exporter folded them away, and fold them again. Runs of earlier versions do not say it. */
  restoreNorms: v.optional(v.boolean(), false),
});
export type TrainingChoice = v.InferOutput<typeof TrainingChoiceSchema>;

export const MonitorChoiceSchema = v.object({
  /** Labelled images: a folder or dataset file. */
  data: v.string(),
  attacks: v.pipe(v.array(AttackSchema), v.maxLength(20)),
  /** Class number, or the name of a class; needed with an attack. */
  target: v.nullable(v.union([Count, v.string()])),
  /** At most this many of the images, drawn evenly. */
  limit: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
/** What to measure of the student after every epoch. It never changes what is trained. */
export type MonitorChoice = v.InferOutput<typeof MonitorChoiceSchema>;

export const CleansingOrderSchema = v.object({
  path: v.string(),
  data: v.string(),
  /** At most this many of the images; null = all. */
  samples: v.nullable(Samples),
  ratios: RatiosSchema,
  /** Id of the preset that the ratios are of; null where the user moved them. */
  preset: v.nullable(v.string()),
  clpU: v.nullable(U),
  training: TrainingChoiceSchema,
  monitor: v.nullable(MonitorChoiceSchema),
  preprocessing: PreprocessingOptionsSchema,
  device: v.picklist(DEVICES),
  /** What trains the student. Runs of earlier versions do not say it. */
  engine: v.optional(TrainingEngineChoiceSchema, ONNXRUNTIME),
});
/** All that a run is asked for. */
export type CleansingOrder = v.InferOutput<typeof CleansingOrderSchema>;

export const PreviewStudentParamsSchema = v.object({
  path: v.string(),
  data: v.string(),
  ratios: RatiosSchema,
  clpU: v.nullable(U),
  seed: Seed,
  /** As a run's order has them: norms are restored from the same images. */
  samples: v.nullable(Samples),
  restoreNorms: v.boolean(),
  /** At most this many of the images. */
  limit: v.pipe(v.number(), v.integer(), v.minValue(1)),
  preprocessing: PreprocessingOptionsSchema,
  device: v.picklist(DEVICES),
});
export type PreviewStudentParams = v.InferOutput<typeof PreviewStudentParamsSchema>;

export const StudentPreviewSchema = v.object({
  /** What was previewed. */
  ratios: RatiosSchema,
  clpU: v.nullable(U),
  seed: Seed,
  /** Batch norms were put back first: weights are then of another size, and re-drawing them weighs otherwise. */
  restoreNorms: v.boolean(),
  /** Expected share of all weights of these layers that was re-drawn. */
  redrawn: Share,
  /** Channels that CLP pruned and training would hold at zero. */
  held: Count,
  /** Of teacher (`original`) and re-initialised student (`pruned`), with the spread of their predictions over the classes. */
  agreement: AgreementSchema,
});
/** The student as it would start, before any training. */
export type StudentPreview = v.InferOutput<typeof StudentPreviewSchema>;

/** Names a run's folder: nothing else is taken for one. */
export const RunIdSchema = v.pipe(v.string(), v.regex(/^\d{8}-\d{6}-[0-9a-f]{8}$/));

export const CleansingRunSchema = v.object({
  id: RunIdSchema,
  /** Key of the model's content, as in its description. */
  key: v.string(),
  /** Scour that the run was started with. */
  version: v.string(),
  /** ISO 8601. */
  started: v.string(),
  order: CleansingOrderSchema,
  /**
   * `paused`: by the user, after a finished step. `interrupted`: cancelled, killed, or ended by `error`; what was done up
   * to the last checkpoint is kept. Both can be resumed. `diverged`: ended by itself, holds the best epoch.
   */
  status: v.picklist(['running', 'paused', 'interrupted', 'complete', 'diverged']),
  /** Why the run was interrupted, where it is known. */
  error: v.nullable(v.string()),
  /** Expected share of all weights of these layers that was re-drawn. */
  redrawn: Share,
  /** Channels that CLP pruned and that are held at zero; null without CLP. */
  held: v.nullable(Count),
  /** What teacher and student run on; null until it is known. */
  devices: v.nullable(v.object({ teacher: v.string(), student: v.string() })),
  /** Measured before the training: the teacher, and the student just re-initialised. Null where nothing is monitored. */
  before: v.nullable(MonitoredPairSchema),
  history: v.array(CleanseEpochSchema),
  notes: v.array(v.string()),
  /** The finished run's report; `output` lies in the run's folder. */
  report: v.nullable(CleanseReportSchema),
});
/** One run of BCU, kept in a folder of its own until it is deleted. */
export type CleansingRun = v.InferOutput<typeof CleansingRunSchema>;

export const StepPointSchema = v.object({
  /** From 1, over all epochs. */
  step: Count,
  /** Steps done of all, 0…1: epoch = at · epochs. */
  at: Share,
  loss: v.number(),
  /** Of student and teacher on this batch, in percent. */
  agreement: v.number(),
});
/** One step of training. */
export type StepPoint = v.InferOutput<typeof StepPointSchema>;

/** Engine → host while a run goes on. */
export const CleansingEventSchema = v.variant('kind', [
  /** Replaces what is known of the run: at its start, after each epoch, with each note. */
  v.object({ kind: v.literal('run'), run: CleansingRunSchema }),
  v.object({ kind: v.literal('step'), point: StepPointSchema }),
]);
export type CleansingEvent = v.InferOutput<typeof CleansingEventSchema>;

/** Folder that holds the runs, one folder each. Named by the host, never by a panel. */
const store = v.string();

export const DescribeCleansingParamsSchema = v.object({ path: v.string() });
/** Without `resume`, starts the run `id`; with it, continues it with the order that it was started with. */
export const CleanseParamsSchema = v.variant('kind', [
  v.object({ kind: v.literal('start'), store, id: RunIdSchema, order: CleansingOrderSchema }),
  v.object({ kind: v.literal('resume'), store, id: RunIdSchema, path: v.string() }),
]);
export type CleanseParams = v.InferOutput<typeof CleanseParamsSchema>;
/** Runs of the model with this content, the latest first. */
export const ListRunsParamsSchema = v.object({ store, key: v.string() });
export const RunListSchema = v.object({
  runs: v.array(CleansingRunSchema),
  /** Folders that cannot be read as runs, and why. */
  damaged: v.array(v.object({ id: v.string(), reason: v.string() })),
});
export type RunList = v.InferOutput<typeof RunListSchema>;
export const DeleteRunParamsSchema = v.object({ store, id: RunIdSchema });
export const ExportStudentParamsSchema = v.object({
  store,
  id: RunIdSchema,
  /** The teacher, which is never written over. */
  path: v.string(),
  output: v.string(),
  force: v.boolean(),
});

/** The paper's settings (METHODS.md §2), but for the epochs: its 100 take hours on a laptop. */
export const DEFAULT_TRAINING: TrainingChoice = {
  epochs: 20,
  batchSize: 256,
  rate: 0.01,
  labels: 'soft',
  temperature: null,
  augmentation: { pad: 4, flip: true },
  seed: 0,
  restoreNorms: false,
};
