import * as v from 'valibot';
import { ATTACK_FILES, AttackSchema } from './attack';
import {
  CleansingDescriptionSchema,
  CleansingRunSchema,
  RatiosSchema,
  RunIdSchema,
  StepPointSchema,
  StudentPreviewSchema,
  TrainingChoiceSchema,
} from './cleansing';
import { DataDescriptionSchema, DEVICES, ExportedSchema } from './evaluation';
import { PlannedAttackSchema } from './evaluation-panel';
import { jobState } from './job-state';
import { PreprocessingOptionsSchema } from './preprocessing';
import { TargetSchema } from './target';
import { TfjsPackageSchema, TRAINING_ENGINES } from './training-engine';

const AttackId = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What a user may change without a dialog. */
const Settings = {
  ratios: RatiosSchema,
  /** Id of the preset that the ratios are of; null where the user moved them. */
  preset: v.nullable(v.string()),
  /** CLP at this u first, its channels held at zero; null without. */
  clpU: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  training: TrainingChoiceSchema,
  /** At most this many of the images; null = all. */
  samples: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(100_000_000))),
  preprocessing: PreprocessingOptionsSchema,
  device: v.picklist(DEVICES),
  /** Target class of the monitored triggers, or all-to-all; null until one is chosen. */
  target: v.nullable(TargetSchema),
  /** At most this many of the monitored images. */
  monitorLimit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000_000)),
};

export const CleansingPlanSchema = v.object({
  ...Settings,
  /** Null until the model has been described: the default preset then fills it. */
  ratios: v.nullable(RatiosSchema),
  /** Unlabeled images: a folder or dataset file; null until one is chosen. */
  data: v.nullable(v.string()),
  /** Labelled images to watch the student on; null = nothing is monitored. */
  monitorData: v.nullable(v.string()),
  attacks: v.array(PlannedAttackSchema),
});
/** All that cleansing a model is asked for. Kept for each model. */
export type CleansingPlan = v.InferOutput<typeof CleansingPlanSchema>;

const DescriptionState = jobState(CleansingDescriptionSchema);
const DataState = jobState(DataDescriptionSchema);
const StudentPreviewState = jobState(StudentPreviewSchema);
const RunJobState = jobState(CleansingRunSchema);
const StudentExportState = jobState(ExportedSchema);
export type CleansingDescriptionState = v.InferOutput<typeof DescriptionState>;
export type CleansingDataState = v.InferOutput<typeof DataState>;
export type StudentPreviewState = v.InferOutput<typeof StudentPreviewState>;
export type RunJobState = v.InferOutput<typeof RunJobState>;
export type StudentExportState = v.InferOutput<typeof StudentExportState>;

/** The two sets of images that a plan names. */
export const IMAGE_SETS = ['data', 'monitor'] as const;

/** Host → cleansing panel. Each message replaces one part of what the panel shows, but for `step`, which adds to it. */
export const ToCleansingPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('model'), path: v.string(), name: v.string(), trusted: v.boolean() }),
  v.object({
    kind: v.literal('plan'),
    plan: CleansingPlanSchema,
    /** Why it cannot be run as it stands, for a person; null where it can. */
    obstacle: v.nullable(v.string()),
    /** True where the host set the ratios (the first default, a file, another run): a panel keeps its own otherwise. */
    loaded: v.boolean(),
  }),
  v.object({ kind: v.literal('description'), description: DescriptionState }),
  /** What is to train students, by the settings, and which packages of TensorFlow.js could. */
  v.object({
    kind: v.literal('engine'),
    chosen: v.picklist(TRAINING_ENGINES),
    packages: v.array(TfjsPackageSchema),
  }),
  /** What the chosen images are; the classes of `monitor` name the target. */
  v.object({ kind: v.literal('images'), set: v.picklist(IMAGE_SETS), images: DataState }),
  v.object({
    kind: v.literal('preview'),
    preview: StudentPreviewState,
    /** All previews of this panel, the latest first, so that choices can be compared. */
    previews: v.array(StudentPreviewSchema),
  }),
  /** All runs of this model, the latest first. */
  v.object({
    kind: v.literal('runs'),
    runs: v.array(CleansingRunSchema),
    damaged: v.array(v.object({ id: v.string(), reason: v.string() })),
  }),
  /** One run changed, or is new. */
  v.object({ kind: v.literal('run'), run: CleansingRunSchema }),
  v.object({
    kind: v.literal('job'),
    /** The run that goes on, or went on last. */
    id: v.nullable(RunIdSchema),
    job: RunJobState,
    /** The user asked for a pause; it comes once the step at hand is done. */
    pausing: v.boolean(),
  }),
  /** Steps of the run that goes on, so far; at most a few thousand, thinned evenly. */
  v.object({ kind: v.literal('steps'), id: RunIdSchema, steps: v.array(StepPointSchema) }),
  v.object({ kind: v.literal('step'), id: RunIdSchema, step: StepPointSchema }),
  v.object({ kind: v.literal('export'), id: v.nullable(RunIdSchema), export: StudentExportState }),
]);
export type ToCleansingPanel = v.InferOutput<typeof ToCleansingPanelSchema>;

/**
 * Cleansing panel → host: everything a panel can ask for. The host validates each message. Paths never come from the
 * panel: files are chosen in the host's dialogs.
 */
export const FromCleansingPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  /** `run`: stops at once; what was done up to the last checkpoint is kept and can be resumed. */
  v.object({
    kind: v.literal('cancel'),
    job: v.picklist(['description', 'data', 'monitor', 'preview', 'run', 'export']),
  }),
  v.object({ kind: v.literal('describe') }),
  v.object({
    kind: v.literal('chooseData'),
    set: v.picklist(IMAGE_SETS),
    what: v.picklist(['folder', 'file']),
  }),
  v.object({ kind: v.literal('forgetMonitor') }),
  v.object({ kind: v.literal('describeImages'), set: v.picklist(IMAGE_SETS) }),
  v.object({ kind: v.literal('edit'), change: v.partial(v.object(Settings)) }),
  v.object({
    kind: v.literal('addAttack'),
    attack: v.picklist(['badnets', 'patch', 'blended', 'sig', 'lc', 'wanet', 'input-aware', 'folder']),
  }),
  /** New parameters of an attack of the same kind; files may be let go (null) but not named. */
  v.object({ kind: v.literal('editAttack'), id: AttackId, attack: AttackSchema }),
  v.object({ kind: v.literal('chooseAttackFile'), id: AttackId, field: v.picklist(ATTACK_FILES) }),
  v.object({ kind: v.literal('removeAttack'), id: AttackId }),
  /** Ratios by layer as JSON, beside the model; what `scour cleanse --ratios FILE` reads. */
  v.object({ kind: v.literal('saveRatios') }),
  v.object({ kind: v.literal('loadRatios') }),
  v.object({ kind: v.literal('preview') }),
  v.object({ kind: v.literal('run') }),
  v.object({ kind: v.literal('pause') }),
  v.object({ kind: v.literal('resume'), id: RunIdSchema }),
  v.object({ kind: v.literal('deleteRun'), id: RunIdSchema }),
  /** Takes a run's ratios and settings over into the plan. */
  v.object({ kind: v.literal('reuse'), id: RunIdSchema }),
  /** Writes the student of a finished run to a new file. */
  v.object({ kind: v.literal('export'), id: RunIdSchema }),
  v.object({ kind: v.literal('openExported') }),
  /** Opens the evaluation of the teacher and the exported student. */
  v.object({ kind: v.literal('evaluateExported') }),
  v.object({ kind: v.literal('manageTrust') }),
  v.object({ kind: v.literal('openEngineSettings') }),
]);
export type FromCleansingPanel = v.InferOutput<typeof FromCleansingPanelSchema>;
