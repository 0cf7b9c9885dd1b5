import { onnxLayers, type OnnxLayer } from '../../defenses/clp/onnx-layers';
import { scoreLayers, type Scores } from '../../defenses/clp/score';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import type { Identity } from '../../protocol/engine';
import type { Audit, ScanReport } from '../../protocol/scan';
import { visible } from '../../protocol/wording';
import { histogramOf } from '../../report/histogram';
import { hashOnnx, scanReport, type Hashes } from '../../report/scan-report';
import type { JobContext } from '../job-context';

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
  options: ScanOptions,
  context: JobContext,
): Promise<{ report: ScanReport; identity: Identity }> {
  await context.tick('Reading the graph', 0);
  const file = openOnnx(path);
  try {
    const hashes = await hashFile(file, context.within(0, HASHING));
    const { scores } = await scoreFile(file, options, context.within(HASHING, 1));
    file.verifyUnchanged();
    return { report: scanReport(file, hashes, options.u, scores), identity: identityOf(file, hashes) };
  } finally {
    file.close();
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
  const file = openOnnx(path);
  try {
    const hashes = await hashFile(file, context);
    file.verifyUnchanged();
    return identityOf(file, hashes);
  } finally {
    file.close();
  }
}

/** Scores the convolutions of an open file; `layers` are what pruning needs of them. */
export async function scoreFile(
  file: OnnxFile,
  { u, withEpsilon = false }: ScanOptions,
  context: JobContext,
): Promise<{ layers: OnnxLayer[]; scores: Scores }> {
  const layers = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon });
  const scores = await scoreLayers(
    layers.map(({ layer }) => layer),
    u,
    (fraction, layer) => context.tick(`Scoring ${visible(layer, 80)}`, fraction),
  );
  return { layers, scores };
}

/** Hashes an open file and its external data. */
export function hashFile(file: OnnxFile, context: JobContext): Promise<Hashes> {
  return hashOnnx(file, (fraction) => context.tick('Hashing', fraction));
}

function identityOf(file: OnnxFile, hashes: Hashes): Identity {
  return { key: hashes.key, sha256: hashes.sha256, bytes: file.source.size };
}
