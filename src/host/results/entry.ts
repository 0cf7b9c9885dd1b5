import * as v from 'valibot';
import { LEVELS, LevelSchema, type Level } from '../../protocol/findings';
import { AuditSchema, type Audit } from '../../protocol/scan';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A content key as it may stand in a file name. */
export const KeySchema = v.pipe(v.string(), v.regex(/^[0-9A-Za-z_-]{8,128}$/));

const Finished = {
  key: KeySchema,
  /** The gravest level among the findings, or null where there are none. */
  level: v.nullable(LevelSchema),
  /** SHA-256 of the model file. */
  sha256: v.string(),
  /** SHA-256 of the model that Scour made this one from, by the provenance in the file. */
  parent: v.optional(v.string()),
};

export const OutcomeSchema = v.variant('kind', [
  v.object({
    kind: v.literal('scored'),
    ...Finished,
    u: v.number(),
    outliers: Count,
    scored: Count,
    layers: Count,
  }),
  v.object({ kind: v.literal('not-applicable'), ...Finished, layers: Count }),
  v.object({ kind: v.literal('failed'), reason: v.string(), message: v.string() }),
]);
/** How the last scan of a model ended. */
export type Outcome = v.InferOutput<typeof OutcomeSchema>;

export const EntrySchema = v.object({
  path: v.string(),
  /** Milliseconds since 1970. */
  scannedAt: v.number(),
  /** Size of the model file in bytes, or null where it could not be read. */
  bytes: v.nullable(Count),
  outcome: OutcomeSchema,
});
/** A model scanned in this workspace; what the tree lists without reading whole results. */
export type Entry = v.InferOutput<typeof EntrySchema>;

export const IndexSchema = v.object({
  schema: v.literal('scour.index/1'),
  entries: v.array(v.unknown()),
});

/** A result kept on disk. One that another version of Scour made is not used: its scan may have found less. */
export const KeptSchema = v.object({
  schema: v.literal('scour.kept/1'),
  version: v.string(),
  key: KeySchema,
  audit: AuditSchema,
});
export type Kept = v.InferOutput<typeof KeptSchema>;

/** The outcome that a finished audit stands for. */
export function outcomeOf(key: string, audit: Audit): Outcome {
  const { report } = audit;
  const { summary, model } = report;
  const parent = parentOf(model.provenance ?? {});
  const finished = {
    key,
    sha256: model.sha256,
    level: gravest(report.findings.map((finding) => finding.level)),
    ...(parent === null ? {} : { parent }),
  };
  return report.applicable
    ? {
        kind: 'scored',
        ...finished,
        u: report.u,
        outliers: summary.outliers,
        scored: summary.scored,
        layers: summary.layers,
      }
    : { kind: 'not-applicable', ...finished, layers: summary.layers };
}

const ProvenanceSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ input: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
);

/** What the newest entry of a model's provenance names as its input. A model made in several steps has several. */
function parentOf(provenance: Readonly<Record<string, string>>): string | null {
  const keys = Object.keys(provenance).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = keys.at(-1);
  const parsed = v.safeParse(ProvenanceSchema, newest === undefined ? undefined : provenance[newest]);
  return parsed.success ? parsed.output.input : null;
}

function gravest(levels: readonly Level[]): Level | null {
  return levels.reduce<Level | null>(
    (worst, level) => (worst === null || LEVELS.indexOf(level) > LEVELS.indexOf(worst) ? level : worst),
    null,
  );
}
