import * as v from 'valibot';
import { PreprocessingOptionsSchema, PreprocessingSchema } from './preprocessing';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const PrunedLayerSchema = v.object({
  name: v.string(),
  norm: v.nullable(v.string()),
  channels: v.array(Count),
});
/** The channels of one layer whose output pruning sets to zero. */
export type PrunedLayer = v.InferOutput<typeof PrunedLayerSchema>;

export const AgreementSchema = v.object({
  /** Share of inputs on which both models predict the same class, in percent. */
  agreement: v.number(),
  n: Count,
  /** `images`: a folder of the user's; `random`: uniform noise, which flatters or slanders a pruned model. */
  source: v.picklist(['images', 'random']),
  /** The folder, or null for random inputs. */
  folder: v.nullable(v.string()),
  seed: v.nullable(v.number()),
  /** How many inputs each class was predicted for, by the original and by the pruned model. */
  original: v.array(Count),
  pruned: v.array(Count),
  preprocessing: v.nullable(PreprocessingSchema),
  device: v.string(),
  /** Files of the folder that could not be decoded and were left out. */
  skipped: v.array(v.object({ path: v.string(), reason: v.string() })),
  warnings: v.array(v.string()),
});
/** Prediction agreement between a model and its pruned self. */
export type Agreement = v.InferOutput<typeof AgreementSchema>;

export const PruneReportSchema = v.object({
  schema: v.literal('scour.prune/1'),
  input: v.string(),
  output: v.string(),
  /** Of the output file. */
  sha256: v.string(),
  /** Of the input file. */
  inputSha256: v.string(),
  u: v.number(),
  layers: v.array(PrunedLayerSchema),
  channels: Count,
  agreement: v.optional(AgreementSchema),
  notes: v.array(v.string()),
  version: v.string(),
});
/** `scour prune --format json`. */
export type PruneReport = v.InferOutput<typeof PruneReportSchema>;

export const PreviewParamsSchema = v.object({
  path: v.string(),
  u: v.number(),
  /** Folder of images; without one, random inputs. */
  images: v.optional(v.string()),
  /** At most this many inputs. */
  limit: v.optional(Count),
  seed: v.optional(v.number()),
  preprocessing: v.optional(PreprocessingOptionsSchema),
});
export type PreviewParams = v.InferOutput<typeof PreviewParamsSchema>;
