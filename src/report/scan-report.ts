import { combinedKey, sha256Of } from '../model/digest';
import {
  PROVENANCE_KEY,
  countOperators,
  countParameters,
  externalLocations,
  modelInputs,
  shapeText,
} from '../model/onnx/facts';
import { fileFindings } from '../model/onnx/findings';
import type { OnnxFile } from '../model/onnx/open';
import type { Finding } from '../protocol/findings';
import type { Layer, ModelFacts, ScanReport } from '../protocol/scan';
import { count } from '../protocol/wording';
import type { Scores } from '../defenses/clp/score';

/** What the bytes of a model are: hashes of all its files. */
export interface Hashes {
  readonly sha256: string;
  readonly external: NonNullable<ModelFacts['external']>;
  readonly key: string;
}

/** Hashes the model file and its external data; `between` is told the share of bytes done. */
export async function hashOnnx(
  file: OnnxFile,
  between: (fraction: number) => Promise<void>,
): Promise<Hashes> {
  const others = externalLocations(file).map((location) => ({
    path: location,
    source: file.external.file(location),
  }));
  const total = others.reduce((sum, { source }) => sum + source.size, file.source.size);
  const sha256 = await sha256Of(file.source, (done) => between(done / total));
  let before = file.source.size;
  const external: { path: string; bytes: number; sha256: string }[] = [];
  for (const { path, source } of others) {
    external.push({
      path,
      bytes: source.size,
      sha256: await sha256Of(source, (done) => between((before + done) / total)),
    });
    before += source.size;
  }
  return { sha256, external, key: combinedKey(sha256, external) };
}

/** Facts about an ONNX file, for reports and panels. */
export function onnxFacts(file: OnnxFile, hashes: Hashes): ModelFacts {
  const { model, source } = file;
  const producer = `${model.producerName} ${model.producerVersion}`.trim();
  const opset = model.opsets.get('');
  const provenance = provenanceOf(model.metadata);
  return {
    path: source.path,
    format: 'onnx',
    sha256: hashes.sha256,
    bytes: source.size,
    parameters: countParameters(model.graph),
    ...(hashes.external.length > 0 ? { external: hashes.external } : {}),
    ...(producer ? { producer } : {}),
    ...(opset === undefined ? {} : { opset }),
    nodes: model.graph.nodes.length,
    operators: countOperators(model.graph),
    inputs: modelInputs(file).map((input) => ({ name: input.name, shape: shapeText(input) })),
    outputs: model.graph.outputs.map((output) => ({ name: output.name, shape: shapeText(output) })),
    ...(provenance ? { provenance } : {}),
  };
}

function provenanceOf(metadata: ReadonlyMap<string, string>): Record<string, string> | null {
  const entries = [...metadata].filter(([key]) => key.startsWith(PROVENANCE_KEY));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** The report of `scour scan`, one model (CONTRACT.md). */
export function scanReport(file: OnnxFile, hashes: Hashes, u: number, scores: Scores): ScanReport {
  const layers = [...scores.layers];
  const scored = layers.filter(({ status }) => status === 'scored');
  const summary = {
    layers: layers.length,
    scored: scored.length,
    skipped: layers.length - scored.length,
    channels: scored.reduce((sum, { channels }) => sum + channels, 0),
    outliers: scored.reduce((sum, { outliers }) => sum + outliers.length, 0),
  };
  return {
    schema: 'scour.scan/1',
    model: onnxFacts(file, hashes),
    u,
    layers,
    summary,
    applicable: scored.length > 0,
    findings: [
      ...withoutRepeats([...fileFindings(file), ...scores.findings]),
      ...outcomeFindings(layers, summary, u),
    ],
  };
}

/** A layer skipped for a tensor that has a finding of its own need not say so twice. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ id, tensor }) => {
    if (tensor === undefined) return true;
    const key = `${id}\0${tensor}`;
    return seen.has(key) ? false : Boolean(seen.add(key));
  });
}

function outcomeFindings(layers: readonly Layer[], summary: ScanReport['summary'], u: number): Finding[] {
  if (summary.scored === 0) {
    return [
      {
        id: 'not-applicable',
        level: 'note',
        message:
          layers.length === 0
            ? 'CLP does not apply: the model has no convolution. That says nothing about a backdoor; evaluate it on triggered images, or test its last layer.'
            : `CLP could not score any of the ${count(layers.length, 'convolution')}. That says nothing about a backdoor; the reasons stand with the layers.`,
      },
    ];
  }
  if (summary.outliers === 0) return [];
  return [
    {
      id: 'uclc-outliers',
      level: 'note',
      message: `${count(summary.outliers, 'channel')} of ${summary.channels.toLocaleString('en-US')} lie above mean + ${u}·std of their layer. Networks without a backdoor have outliers too.`,
    },
  ];
}
