import * as v from 'valibot';
import { DataDescriptionSchema, DEVICES } from './evaluation';
import { jobState } from './job-state';
import { PreprocessingOptionsSchema } from './preprocessing';
import { LabelledSetSchema, PicksSchema, SeedPageSchema, SeedQuerySchema } from './seed-picking';
import { SeedsPerClassSchema, SplitEpochSchema, SplitSettingsSchema } from './split';
import { FoundSplitSchema, MovedSchema, SplitOutcomeSchema, SuspectPageSchema } from './splitting';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a user may change without a dialog. */
const Settings = {
  seedsPerClass: SeedsPerClassSchema,
  settings: SplitSettingsSchema,
  preprocessing: PreprocessingOptionsSchema,
  device: v.picklist(DEVICES),
  /** Target class of the triggered images; null until one is chosen. */
  target: v.nullable(Count),
};

/** The files and folders that a plan names beside the dataset; null until they are chosen. */
export const SPLIT_FILES = ['architecture', 'seeds', 'output', 'test', 'triggered'] as const;
export type SplitFile = (typeof SPLIT_FILES)[number];
const path = v.nullable(v.string());

export const SplittingPlanSchema = v.object({
  ...Settings,
  architecture: path,
  seeds: path,
  output: path,
  test: path,
  triggered: path,
  /** Where suspected images were moved to; null where they were not. */
  quarantine: path,
  /** Seeds picked in the gallery, whether they are used or not. */
  picks: v.optional(PicksSchema, []),
  /** Where they were saved last, and which they were then; null where they never were. */
  saved: v.optional(v.nullable(v.object({ file: v.string(), digest: v.string() })), null),
});
/** All that splitting a dataset is asked for. Kept for each dataset. */
export type SplittingPlan = v.InferOutput<typeof SplittingPlanSchema>;

const Query = {
  which: v.picklist(['suspected', 'all']),
  label: v.nullable(v.string()),
};

const ImagesState = jobState(DataDescriptionSchema);
const SetState = jobState(LabelledSetSchema);
const SeedPageState = jobState(SeedPageSchema);
export type SetState = v.InferOutput<typeof SetState>;
export type SeedPageState = v.InferOutput<typeof SeedPageState>;
const SplitJobState = jobState(SplitOutcomeSchema);
const PageState = jobState(SuspectPageSchema);
const MoveState = jobState(MovedSchema);
export type SplitJobState = v.InferOutput<typeof SplitJobState>;
export type SuspectPageState = v.InferOutput<typeof PageState>;
export type SplitImagesState = v.InferOutput<typeof ImagesState>;
export type MoveState = v.InferOutput<typeof MoveState>;

/** Host → splitting panel. Each message replaces one part of what the panel shows. */
export const ToSplittingPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('dataset'), path: v.string(), trusted: v.boolean() }),
  v.object({
    kind: v.literal('plan'),
    plan: SplittingPlanSchema,
    /** Why it cannot be run as it stands, for a person; null where it can. */
    obstacle: v.nullable(v.string()),
  }),
  /** What the dataset holds. */
  v.object({ kind: v.literal('set'), set: SetState }),
  /** Images to pick seeds from; idle until the gallery is opened. */
  v.object({ kind: v.literal('seedPage'), page: SeedPageState, query: SeedQuerySchema }),
  /** How its images become the architecture's input; idle until one has been chosen. */
  v.object({ kind: v.literal('images'), images: ImagesState }),
  /** What lies at the output folder; null where it is not known. */
  v.object({ kind: v.literal('found'), found: v.nullable(FoundSplitSchema) }),
  v.object({
    kind: v.literal('job'),
    job: SplitJobState,
    /** Training has begun: there is something to keep. */
    pausable: v.boolean(),
    /** The user asked for a pause; it comes once the step or batch at hand is done. */
    pausing: v.boolean(),
  }),
  /** Of the run that goes on, or went on last; of the results found where none did. */
  v.object({ kind: v.literal('history'), history: v.array(SplitEpochSchema), notes: v.array(v.string()) }),
  v.object({ kind: v.literal('page'), page: PageState, ...Query }),
  v.object({ kind: v.literal('move'), move: MoveState, back: v.boolean() }),
]);
export type ToSplittingPanel = v.InferOutput<typeof ToSplittingPanelSchema>;

/** Splitting panel → host. The host validates each message; paths never come from the panel. */
export const FromSplittingPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  /** `run`: stops at once; what was done up to the last kept state can be resumed. */
  v.object({ kind: v.literal('cancel'), job: v.picklist(['set', 'images', 'run', 'page', 'move', 'seeds']) }),
  v.object({ kind: v.literal('describe') }),
  v.object({ kind: v.literal('seedPage'), query: SeedQuerySchema }),
  /** An image of the page shown. */
  v.object({ kind: v.literal('pick'), name: v.string(), picked: v.boolean() }),
  /** Writes the list where the user says, and uses it. */
  v.object({ kind: v.literal('savePicks') }),
  v.object({
    kind: v.literal('choose'),
    field: v.picklist(SPLIT_FILES),
    what: v.picklist(['folder', 'file']),
  }),
  v.object({ kind: v.literal('forget'), field: v.picklist(['test', 'triggered']) }),
  v.object({ kind: v.literal('edit'), change: v.partial(v.object(Settings)) }),
  v.object({ kind: v.literal('run') }),
  v.object({ kind: v.literal('resume') }),
  v.object({ kind: v.literal('pause') }),
  v.object({ kind: v.literal('page'), ...Query, from: Count }),
  /** Saves a copy of the ranked list where the user says. */
  v.object({ kind: v.literal('save'), format: v.picklist(['csv', 'json']) }),
  v.object({ kind: v.literal('reveal') }),
  v.object({ kind: v.literal('evaluate') }),
  v.object({ kind: v.literal('quarantine') }),
  v.object({ kind: v.literal('release') }),
  v.object({ kind: v.literal('manageTrust') }),
]);
export type FromSplittingPanel = v.InferOutput<typeof FromSplittingPanelSchema>;
