import * as v from 'valibot';

/** `quarantine.json` in a quarantine folder: what was moved there, so that it can be put back. */
export const QuarantineSchema = v.object({
  schema: v.literal('scour.quarantine/1'),
  /** The dataset's folder, an absolute path. */
  data: v.string(),
  /** Relative to it, and to the quarantine folder, with '/' between names. */
  files: v.array(v.string()),
});
export type Quarantine = v.InferOutput<typeof QuarantineSchema>;
