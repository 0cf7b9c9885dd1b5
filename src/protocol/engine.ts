import * as v from 'valibot';
import {
  CleanseParamsSchema,
  CleansingDescriptionSchema,
  CleansingEventSchema,
  CleansingRunSchema,
  DeleteRunParamsSchema,
  DescribeCleansingParamsSchema,
  ExportStudentParamsSchema,
  ListRunsParamsSchema,
  PreviewStudentParamsSchema,
  RunListSchema,
  StudentPreviewSchema,
} from './cleansing';
import {
  DataDescriptionSchema,
  DescribeDataParamsSchema,
  EvaluateParamsSchema,
  EvaluationReportSchema,
  ExportEvaluationParamsSchema,
  ExportedSchema,
  PreviewTriggerParamsSchema,
  SweepParamsSchema,
  SweepReportSchema,
  TriggerPreviewSchema,
} from './evaluation';
import { AgreementSchema, PreviewParamsSchema, PruneReportSchema } from './prune';
import { AuditSchema } from './scan';
import { LabelledSetSchema, SeedPageParamsSchema, SeedPageSchema } from './seed-picking';
import {
  FindSplitParamsSchema,
  FoundSplitSchema,
  MovedSchema,
  QuarantineParamsSchema,
  QuarantinePlanSchema,
  ReleaseParamsSchema,
  SplitEventSchema,
  SplitOutcomeSchema,
  SplitParamsSchema,
  SuspectPageParamsSchema,
  SuspectPageSchema,
} from './splitting';
import { TfjsPackagesSchema, TfjsSearchSchema } from './training-engine';

export const ProgressSchema = v.object({
  /** What is being done, for a person: "Scoring layer3.0.conv1". */
  message: v.string(),
  /** 0…1, or null while the amount of work is unknown. */
  fraction: v.nullable(v.number()),
  /** Where the job itself knows how long it will take; otherwise the receiver estimates it from `fraction`. */
  secondsLeft: v.optional(v.number()),
});
/** Progress of a running job. */
export type Progress = v.InferOutput<typeof ProgressSchema>;

export const IdentitySchema = v.object({
  /** SHA-256 over the model file and every external data file it names: the key under which results are kept. */
  key: v.string(),
  sha256: v.string(),
  bytes: v.number(),
});
/** What a model's bytes are. */
export type Identity = v.InferOutput<typeof IdentitySchema>;

/**
 * What the engine can be asked, by method name. Parameters are validated where they arrive in the engine, results and
 * progress where they arrive in the host.
 */
export const ENGINE = {
  /** Hashes a model without scoring it, so that an earlier scan can be recognised. */
  identify: { params: v.object({ path: v.string() }), result: IdentitySchema },
  /** Scores every convolution (CLP). */
  scan: {
    params: v.object({ path: v.string(), u: v.number() }),
    result: v.object({ audit: AuditSchema, identity: IdentitySchema }),
  },
  /** What pruning at u would do to predictions, without writing anything beside the user's files. */
  preview: { params: PreviewParamsSchema, result: AgreementSchema },
  /** Writes the pruned model to `output`, atomically. */
  prune: {
    params: v.object({ path: v.string(), u: v.number(), output: v.string(), force: v.boolean() }),
    result: PruneReportSchema,
  },
  /** What a dataset holds and how its images would become the model's input; runs nothing. */
  describeData: { params: DescribeDataParamsSchema, result: DataDescriptionSchema },
  /** A trigger put on a few images of a dataset, for a person to look at. */
  previewTrigger: { params: PreviewTriggerParamsSchema, result: TriggerPreviewSchema },
  /** ACC on clean images, ASR and RA on triggered ones, for one or several models. */
  evaluate: { params: EvaluateParamsSchema, result: EvaluationReportSchema },
  /** The same for a model pruned at several u. */
  sweep: { params: SweepParamsSchema, result: SweepReportSchema },
  /** Writes a report as a file, atomically. */
  exportEvaluation: { params: ExportEvaluationParamsSchema, result: ExportedSchema },
  /** Stages, layers, outliers and presets of a model for BCU; runs nothing. */
  describeCleansing: { params: DescribeCleansingParamsSchema, result: CleansingDescriptionSchema },
  /** Which packages of TensorFlow.js could train; reads their manifests and runs nothing. */
  findTfjs: { params: TfjsSearchSchema, result: TfjsPackagesSchema },
  /** What the student predicts just after its re-initialisation, beside its teacher. */
  previewStudent: { params: PreviewStudentParamsSchema, result: StudentPreviewSchema },
  /** Starts or resumes a run of BCU. Answers when it is complete, diverged or paused. */
  cleanse: { params: CleanseParamsSchema, result: CleansingRunSchema, event: CleansingEventSchema },
  listRuns: { params: ListRunsParamsSchema, result: RunListSchema },
  deleteRun: { params: DeleteRunParamsSchema, result: v.object({}) },
  /** Writes the student of a finished run to `output`, atomically. */
  exportStudent: { params: ExportStudentParamsSchema, result: ExportedSchema },
  /** Splits a dataset and trains a model from it (ASD). Answers when it is complete or paused. */
  split: { params: SplitParamsSchema, result: SplitOutcomeSchema, event: SplitEventSchema },
  /** What a dataset to be split holds. Rejects where it has no labels. */
  describeLabelled: { params: v.object({ data: v.string() }), result: LabelledSetSchema },
  /** Images of one class to pick seeds from. */
  seedPage: { params: SeedPageParamsSchema, result: SeedPageSchema },
  /** What lies at an output folder of a split. */
  findSplit: { params: FindSplitParamsSchema, result: FoundSplitSchema },
  /** A page of the ranked samples, with pictures. */
  suspects: { params: SuspectPageParamsSchema, result: SuspectPageSchema },
  /** What moving the suspects would do; changes nothing. */
  planQuarantine: { params: QuarantineParamsSchema, result: QuarantinePlanSchema },
  quarantine: { params: QuarantineParamsSchema, result: MovedSchema },
  /** Puts back what a quarantine folder holds. */
  releaseQuarantine: { params: ReleaseParamsSchema, result: MovedSchema },
} as const;

export type EngineApi = typeof ENGINE;
export type EngineMethod = keyof EngineApi;
export type ParamsOf<M extends EngineMethod> = v.InferOutput<EngineApi[M]['params']>;
export type ResultOf<M extends EngineMethod> = v.InferOutput<EngineApi[M]['result']>;
/** What a method says while it runs, besides its progress; never for most methods. */
export type EventOf<M extends EngineMethod> = EngineApi[M] extends {
  event: infer E extends v.GenericSchema;
}
  ? v.InferOutput<E>
  : never;
