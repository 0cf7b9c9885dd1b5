import { hashModel, type Hashes } from '../model/digest';
import {
  PROVENANCE_KEY,
  countOperators,
  countParameters,
  externalLocations,
  modelInputs,
  shapeText,
} from '../model/onnx/facts';
import type { OnnxFile } from '../model/onnx/open';
import type { ModelFacts } from '../protocol/scan';

/** Hashes the model file and its external data; `between` is told the share of bytes done. */
export function hashOnnx(file: OnnxFile, between: (fraction: number) => Promise<void>): Promise<Hashes> {
  const parts = externalLocations(file).map((location) => ({
    path: location,
    source: file.external.file(location),
  }));
  return hashModel(file.source, parts, between);
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
