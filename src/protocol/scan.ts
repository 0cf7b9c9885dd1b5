import * as v from 'valibot';
import { FindingSchema } from './findings';

/** A number that is not finite travels as null (JSON has no NaN) and has a finding beside it. */
const Statistic = v.nullable(v.number());
const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const OutlierSchema = v.object({ channel: Count, uclc: v.number(), z: v.number() });
/** A channel above its layer's threshold; `z` is (UCLC − mean) / std. */
export type Outlier = v.InferOutput<typeof OutlierSchema>;

export const ConfidenceSchema = v.picklist(['high', 'medium', 'low']);
export type Confidence = v.InferOutput<typeof ConfidenceSchema>;

export const LayerSchema = v.object({
  /** The convolution's node name, or its output's where the node has none. Unique within a report. */
  name: v.string(),
  /** The tensor that holds the convolution's weight. */
  weight: v.string(),
  /** The batch norm paired with it by data flow, or null where the weight is scored as it stands. */
  norm: v.nullable(v.string()),
  /** `Conv`, `ConvTranspose`, `QLinearConv` … */
  operator: v.string(),
  /** Kernel shape, e.g. [3, 3]. */
  kernel: v.array(Count),
  groups: Count,
  channels: Count,
  status: v.picklist(['scored', 'skipped']),
  /** Of a pair, or of there being none, that names and shapes say and no data flow: how far they can be trusted. */
  confidence: v.optional(ConfidenceSchema),
  /** Why a layer was skipped, or what a reader must know of how it was paired. */
  reason: v.optional(v.string()),
  mean: Statistic,
  std: Statistic,
  threshold: Statistic,
  /** UCLC of each channel; empty where the layer was skipped. */
  uclc: v.array(Statistic),
  outliers: v.array(OutlierSchema),
});
/** One convolution of the model: CLP, METHODS.md §1. */
export type Layer = v.InferOutput<typeof LayerSchema>;

export const FormatSchema = v.picklist(['onnx', 'pytorch', 'safetensors', 'keras', 'tfjs']);
export type Format = v.InferOutput<typeof FormatSchema>;

export const ModelFactsSchema = v.object({
  path: v.string(),
  format: FormatSchema,
  /** Of the file itself. */
  sha256: v.string(),
  /** Size of the file itself, in bytes. */
  bytes: Count,
  /** Number of elements of all floating-point and quantised weights. */
  parameters: Count,
  /** Files that hold weights beside the model file (ONNX external data), relative to its folder. */
  external: v.optional(v.array(v.object({ path: v.string(), bytes: Count, sha256: v.string() }))),
  producer: v.optional(v.string()),
  /** Of a file of weights whose network is known, so that it can be run: "ResNet (basic blocks 2-2-2-2, CIFAR stem)". */
  architecture: v.optional(v.string()),
  opset: v.optional(Count),
  nodes: v.optional(Count),
  /** How often each operator occurs, most frequent first. */
  operators: v.optional(v.array(v.tuple([v.string(), Count]))),
  inputs: v.optional(v.array(v.object({ name: v.string(), shape: v.string() }))),
  outputs: v.optional(v.array(v.object({ name: v.string(), shape: v.string() }))),
  /** What Scour wrote into the file's metadata when it made it (a pruned or cleansed model). */
  provenance: v.optional(v.record(v.string(), v.string())),
});
export type ModelFacts = v.InferOutput<typeof ModelFactsSchema>;

export const ScanReportSchema = v.object({
  schema: v.literal('scour.scan/1'),
  model: ModelFactsSchema,
  u: v.number(),
  layers: v.array(LayerSchema),
  summary: v.object({ layers: Count, scored: Count, skipped: Count, channels: Count, outliers: Count }),
  /** False where the model has no convolution that CLP could score. Never to be read as "clean". */
  applicable: v.boolean(),
  findings: v.array(FindingSchema),
});
/** `scour scan --format json`, one model. */
export type ScanReport = v.InferOutput<typeof ScanReportSchema>;

export const ScanFailureSchema = v.object({
  schema: v.literal('scour.error/1'),
  path: v.string(),
  reason: v.string(),
  message: v.string(),
  /** What was noticed before reading failed: a checkpoint may run code in Python first and break afterwards. */
  findings: v.array(FindingSchema),
});
/** A model that could not be scanned. */
export type ScanFailure = v.InferOutput<typeof ScanFailureSchema>;

export const HistogramSchema = v.object({
  /** Bin edges, ascending; one more than counts. Empty for a layer that was skipped. */
  edges: v.array(v.number()),
  counts: v.array(Count),
});
/** Bins of one layer's UCLC, computed in the engine. */
export type Histogram = v.InferOutput<typeof HistogramSchema>;

export const AuditSchema = v.object({
  report: ScanReportSchema,
  /** One a layer, in the order of `report.layers`. */
  histograms: v.array(HistogramSchema),
});
/** All that the audit panel needs of a scan: statistics only, never weights. */
export type Audit = v.InferOutput<typeof AuditSchema>;
