import * as v from 'valibot';
import { AgreementSchema, PruneReportSchema } from './prune';
import { PreprocessingOptionsSchema } from './preprocessing';
import { WireErrorSchema } from './rpc';
import { AuditSchema } from './scan';

const Running = {
  message: v.string(),
  fraction: v.nullable(v.number()),
  secondsLeft: v.nullable(v.number()),
};

/** State of the scan that the panel shows. `stalled`: the engine has not been heard of for a while. */
export const ScanStateSchema = v.variant('state', [
  v.object({ state: v.literal('running'), ...Running, stalled: v.boolean() }),
  v.object({ state: v.literal('cancelled') }),
  v.object({ state: v.literal('failed'), error: WireErrorSchema }),
  v.object({
    state: v.literal('done'),
    audit: AuditSchema,
    /** True where the result was kept from an earlier scan. */ kept: v.boolean(),
  }),
]);
export type ScanState = v.InferOutput<typeof ScanStateSchema>;

/** State of a job started from the panel (preview or export). `u` is what it was started with. */
const job = <const T extends v.GenericSchema>(result: T) =>
  v.variant('state', [
    v.object({ state: v.literal('idle') }),
    v.object({ state: v.literal('running'), u: v.number(), ...Running, stalled: v.boolean() }),
    v.object({ state: v.literal('cancelled'), u: v.number() }),
    v.object({ state: v.literal('failed'), u: v.number(), error: WireErrorSchema }),
    v.object({ state: v.literal('done'), u: v.number(), result }),
  ]);

export const PreviewStateSchema = job(AgreementSchema);
export type PreviewState = v.InferOutput<typeof PreviewStateSchema>;
export const ExportStateSchema = job(PruneReportSchema);
export type ExportState = v.InferOutput<typeof ExportStateSchema>;

/** Host → audit panel. Each message replaces one part of what the panel shows. */
export const ToAuditPanelSchema = v.variant('kind', [
  v.object({
    kind: v.literal('file'),
    path: v.string(),
    name: v.string(),
    trusted: v.boolean(),
    u: v.number(),
  }),
  v.object({ kind: v.literal('scan'), scan: ScanStateSchema }),
  v.object({
    kind: v.literal('preview'),
    preview: PreviewStateSchema,
    images: v.nullable(v.string()),
    preprocessing: PreprocessingOptionsSchema,
  }),
  v.object({ kind: v.literal('export'), export: ExportStateSchema }),
]);
export type ToAuditPanel = v.InferOutput<typeof ToAuditPanelSchema>;

/** Audit panel → host: everything a panel can ask for. The host validates each message. */
const U = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
export const FromAuditPanelSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  /** Cancels the scan, preview or export that runs. */
  v.object({ kind: v.literal('cancel'), job: v.picklist(['scan', 'preview', 'export']) }),
  /** Scans again (after a failure, a cancellation, or because the file changed). */
  v.object({ kind: v.literal('rescan') }),
  /** The user moved u; kept with the editor so that it survives a reload. */
  v.object({ kind: v.literal('u'), u: U }),
  v.object({ kind: v.literal('chooseImages') }),
  v.object({ kind: v.literal('forgetImages') }),
  v.object({ kind: v.literal('preprocessing'), options: PreprocessingOptionsSchema }),
  v.object({ kind: v.literal('preview'), u: U }),
  v.object({ kind: v.literal('export'), u: U }),
  /** Opens the exported model in an audit editor beside this one. */
  v.object({ kind: v.literal('openExported') }),
  /** Compares with another scanned model; the host asks which, or takes the exported one. */
  v.object({ kind: v.literal('compare'), withExported: v.boolean() }),
  v.object({ kind: v.literal('manageTrust') }),
]);
export type FromAuditPanel = v.InferOutput<typeof FromAuditPanelSchema>;

/** Host → compare panel. */
export const ToComparePanelSchema = v.object({
  kind: v.literal('compare'),
  left: AuditSchema,
  right: AuditSchema,
  u: v.number(),
});
export type ToComparePanel = v.InferOutput<typeof ToComparePanelSchema>;
export const FromComparePanelSchema = v.variant('kind', [v.object({ kind: v.literal('ready') })]);
export type FromComparePanel = v.InferOutput<typeof FromComparePanelSchema>;
