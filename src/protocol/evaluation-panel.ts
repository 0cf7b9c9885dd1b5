import * as v from 'valibot';
import { ATTACK_FILES, AttackSchema } from './attack';
import {
  DataDescriptionSchema,
  DEVICES,
  EvaluationReportSchema,
  ExportedSchema,
  SweepReportSchema,
  TriggerPreviewSchema,
} from './evaluation';
import { jobState } from './job-state';
import { PreprocessingOptionsSchema } from './preprocessing';
import { TargetSchema } from './target';

const AttackId = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What a user may change without a dialog. */
const Settings = {
  /** Target class, or all-to-all; null until one is chosen. */
  target: v.nullable(TargetSchema),
  /** At most this many clean images; null = all. */
  limit: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000_000))),
  device: v.picklist(DEVICES),
  seed: v.pipe(v.number(), v.safeInteger()),
  preprocessing: PreprocessingOptionsSchema,
  /** Whether sample images, TAC and embeddings are wanted beside the rates. */
  samples: v.boolean(),
  tac: v.boolean(),
  embedding: v.boolean(),
};

export const PlannedAttackSchema = v.object({
  /** Names the attack between host and panel as long as it is planned. */
  id: AttackId,
  attack: AttackSchema,
});
export type PlannedAttack = v.InferOutput<typeof PlannedAttackSchema>;

export const EvaluationPlanSchema = v.object({
  /** Folder or dataset file; null until one is chosen. */
  data: v.nullable(v.string()),
  attacks: v.array(PlannedAttackSchema),
  ...Settings,
});
/** All that an evaluation is asked for, apart from its models. Kept for each model. */
export type EvaluationPlan = v.InferOutput<typeof EvaluationPlanSchema>;

const DescriptionState = jobState(DataDescriptionSchema);
const TriggerState = jobState(TriggerPreviewSchema);
const RunState = jobState(EvaluationReportSchema);
const SweepState = jobState(SweepReportSchema);
const ExportState = jobState(ExportedSchema);
export type DescriptionState = v.InferOutput<typeof DescriptionState>;
export type TriggerState = v.InferOutput<typeof TriggerState>;
export type RunState = v.InferOutput<typeof RunState>;
export type SweepState = v.InferOutput<typeof SweepState>;
export type EvaluationExportState = v.InferOutput<typeof ExportState>;

export const REPORT_FORMATS = ['html', 'markdown', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Host → evaluation panel. Each message replaces one part of what the panel shows. */
export const ToEvaluationPanelSchema = v.variant('kind', [
  v.object({
    kind: v.literal('models'),
    /** The first is the one that the others are compared with. */
    models: v.array(v.object({ path: v.string(), name: v.string() })),
    trusted: v.boolean(),
  }),
  v.object({
    kind: v.literal('plan'),
    plan: EvaluationPlanSchema,
    /** True where models or plan have changed since the finished run, or the finished sweep, was started. */
    outdated: v.object({ run: v.boolean(), sweep: v.boolean() }),
  }),
  v.object({ kind: v.literal('description'), description: DescriptionState }),
  v.object({
    kind: v.literal('trigger'),
    /** The attack that is previewed. */
    id: v.nullable(AttackId),
    trigger: TriggerState,
  }),
  v.object({ kind: v.literal('run'), run: RunState }),
  v.object({ kind: v.literal('sweep'), sweep: SweepState }),
  v.object({ kind: v.literal('export'), export: ExportState }),
]);
export type ToEvaluationPanel = v.InferOutput<typeof ToEvaluationPanelSchema>;

/**
 * Evaluation panel → host: everything a panel can ask for. The host validates each message. Paths never come from the
 * panel, except that of a model which the host has named to it: files are chosen in the host's dialogs.
 */
export const FromEvaluationPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({
    kind: v.literal('cancel'),
    job: v.picklist(['description', 'trigger', 'run', 'sweep', 'export']),
  }),
  v.object({ kind: v.literal('addModels') }),
  v.object({ kind: v.literal('removeModel'), path: v.string() }),
  v.object({ kind: v.literal('chooseData'), what: v.picklist(['folder', 'file']) }),
  v.object({ kind: v.literal('describe') }),
  v.object({ kind: v.literal('edit'), change: v.partial(v.object(Settings)) }),
  v.object({
    kind: v.literal('addAttack'),
    attack: v.picklist(['badnets', 'patch', 'blended', 'sig', 'lc', 'wanet', 'input-aware', 'folder']),
  }),
  /** New parameters of an attack of the same kind; files may be let go (null) but not named. */
  v.object({ kind: v.literal('editAttack'), id: AttackId, attack: AttackSchema }),
  v.object({ kind: v.literal('chooseAttackFile'), id: AttackId, field: v.picklist(ATTACK_FILES) }),
  v.object({ kind: v.literal('removeAttack'), id: AttackId }),
  v.object({ kind: v.literal('previewTrigger'), id: AttackId }),
  v.object({ kind: v.literal('run') }),
  v.object({ kind: v.literal('sweep'), path: v.string() }),
  v.object({ kind: v.literal('export'), format: v.picklist(REPORT_FORMATS) }),
  v.object({ kind: v.literal('openExported') }),
  v.object({ kind: v.literal('manageTrust') }),
]);
export type FromEvaluationPanel = v.InferOutput<typeof FromEvaluationPanelSchema>;

/** What a panel keeps for the host to restore it from when its window has been reloaded, beside what is its own. */
export const KeptModelsSchema = v.object({
  models: v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1), v.maxLength(100)),
});
export type KeptModels = v.InferOutput<typeof KeptModelsSchema>;
