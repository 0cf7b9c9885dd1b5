import * as v from 'valibot';
import { DEVICES, PngSchema } from './evaluation';
import { PreprocessingOptionsSchema } from './preprocessing';
import {
  SeedsPerClassSchema,
  SplitEpochSchema,
  SplitReportSchema,
  SplitSettingsSchema,
  SuspectSchema,
} from './split';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const SplitOrderSchema = v.object({
  /** The labelled dataset. */
  data: v.string(),
  /** Known-clean images: a folder or archive with one folder a class, or a `.txt` list of names. */
  seeds: v.string(),
  seedsPerClass: SeedsPerClassSchema,
  /** An ONNX classifier; its weights are drawn anew. */
  architecture: v.string(),
  /** Folder to write results to. */
  output: v.string(),
  settings: SplitSettingsSchema,
  monitor: v.nullable(
    v.object({
      test: v.string(),
      triggered: v.nullable(v.object({ folder: v.string(), target: Count })),
    }),
  ),
  preprocessing: PreprocessingOptionsSchema,
  device: v.picklist(DEVICES),
});
/** All that a run of ASD is asked for. */
export type SplitOrder = v.InferOutput<typeof SplitOrderSchema>;

export const SplitParamsSchema = v.object({
  order: SplitOrderSchema,
  /** `resume`: continue the interrupted run; `replace`: forget it, and replace results that are there. */
  start: v.picklist(['new', 'resume', 'replace']),
});
export type SplitParams = v.InferOutput<typeof SplitParamsSchema>;

/** Engine → host while a dataset is split. */
export const SplitEventSchema = v.variant('kind', [
  /** Epochs done before, of a run that goes on; none for a new one. */
  v.object({ kind: v.literal('started'), history: v.array(SplitEpochSchema) }),
  v.object({ kind: v.literal('epoch'), epoch: SplitEpochSchema }),
  v.object({ kind: v.literal('note'), note: v.string() }),
]);
export type SplitEvent = v.InferOutput<typeof SplitEventSchema>;

export const SplitOutcomeSchema = v.variant('status', [
  v.object({ status: v.literal('complete'), report: SplitReportSchema }),
  v.object({ status: v.literal('paused') }),
]);
/** How a run ended that was not cancelled and did not fail. */
export type SplitOutcome = v.InferOutput<typeof SplitOutcomeSchema>;

export const FindSplitParamsSchema = v.object({ output: v.string() });
export const FoundSplitSchema = v.object({
  /** True where an interrupted run can be continued. */
  unfinished: v.boolean(),
  /** True where the folder holds anything. */
  occupied: v.boolean(),
  /** Of the finished run whose results the folder holds; null where there is none that can be read. */
  report: v.nullable(SplitReportSchema),
});
/** What lies at an output folder. */
export type FoundSplit = v.InferOutput<typeof FoundSplitSchema>;

/** Suspects that a page may hold at most. */
export const MOST_SUSPECTS = 100;

export const SuspectPageParamsSchema = v.object({
  /** The folder of results. */
  output: v.string(),
  /** The dataset that was split. */
  data: v.string(),
  /** Where suspected images were moved to; null where they were not. */
  quarantine: v.nullable(v.string()),
  which: v.picklist(['suspected', 'all']),
  /** Only samples of this class; null = of every class. */
  label: v.nullable(v.string()),
  /** Number of the first, from 0, among those asked for. */
  from: Count,
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_SUSPECTS)),
});
export type SuspectPageParams = v.InferOutput<typeof SuspectPageParamsSchema>;

export const SuspectPageSchema = v.object({
  from: Count,
  /** Samples that were asked for, on all pages. */
  total: Count,
  /** Of a picture, in pixels. */
  width: Count,
  height: Count,
  samples: v.pipe(
    v.array(
      v.object({
        ...SuspectSchema.entries,
        /** As the model is given it, before normalisation; null where it can no longer be read. */
        image: v.nullable(PngSchema),
      }),
    ),
    v.maxLength(MOST_SUSPECTS),
  ),
});
/** One page of the ranked samples. */
export type SuspectPage = v.InferOutput<typeof SuspectPageSchema>;

/** The suspected samples of a results folder, out of the dataset into a quarantine folder. */
export const QuarantineParamsSchema = v.object({ output: v.string(), data: v.string(), folder: v.string() });
/** What the move would be, once it has been checked that it can be done. */
export const QuarantinePlanSchema = v.object({ images: Count, description: v.string() });
export const ReleaseParamsSchema = v.object({ folder: v.string() });
/** Images that were moved, and the quarantine folder. */
export const MovedSchema = v.object({ images: Count, folder: v.string() });
export type Moved = v.InferOutput<typeof MovedSchema>;
