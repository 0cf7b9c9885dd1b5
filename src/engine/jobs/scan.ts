import type { Hashes } from '../../model/digest';
import { scoreLayers, type Scores } from '../../defenses/clp/score';
import type { Identity } from '../../protocol/engine';
import type { Audit, ScanReport } from '../../protocol/scan';
import { visible } from '../../protocol/wording';
import { histogramOf } from '../../report/histogram';
import { scanReport } from '../../report/scan-report';
import type { JobContext } from '../job-context';
import { openSubject } from '../subjects/open-subject';
import type { Subject } from '../subjects/subject';

export interface ScanOptions {
  readonly u: number;
  /** Adds each batch norm's ε to its variance; the reference does not. */
  readonly withEpsilon?: boolean;
}

/** Share of a scan's time that hashing takes, for progress: both are bound by the bytes of the file. */
const HASHING = 0.3;

/** Scores every convolution of the model at `path`. Throws ModelError or CancelledError. */
export async function scanModel(
  path: string,
  { u, withEpsilon = false }: ScanOptions,
  context: JobContext,
): Promise<{ report: ScanReport; identity: Identity }> {
  await context.tick('Reading the file', 0);
  const subject = openSubject(path, { withEpsilon });
  try {
    const { hashes, findings } = await subject.verify(context.within(0, HASHING));
    const scores = await scoreSubject(subject, u, context.within(HASHING, 1));
    const facts = subject.facts(hashes);
    const report = scanReport(facts, [...subject.findings(), ...findings], u, scores);
    subject.verifyUnchanged();
    return { report, identity: identityOf(facts.bytes, hashes) };
  } finally {
    subject.close();
  }
}

/** The scan with the histograms that the audit panel draws. */
export async function auditModel(
  path: string,
  options: ScanOptions,
  context: JobContext,
): Promise<{ audit: Audit; identity: Identity }> {
  const { report, identity } = await scanModel(path, options, context);
  return { audit: { report, histograms: report.layers.map(histogramOf) }, identity };
}

/** Hashes a model without scoring it. Throws ModelError or CancelledError. */
export async function identifyModel(path: string, context: JobContext): Promise<Identity> {
  const subject = openSubject(path, { withEpsilon: false });
  try {
    const hashes = await subject.hash(context);
    subject.verifyUnchanged();
    return identityOf(subject.facts(hashes).bytes, hashes);
  } finally {
    subject.close();
  }
}

/** Scores the convolutions of an open model at u. */
export function scoreSubject(subject: Subject, u: number, context: JobContext): Promise<Scores> {
  return scoreLayers(subject.layers, u, (fraction, layer) =>
    context.tick(`Scoring ${visible(layer, 80)}`, fraction),
  );
}

function identityOf(bytes: number, hashes: Hashes): Identity {
  return { key: hashes.key, sha256: hashes.sha256, bytes };
}
