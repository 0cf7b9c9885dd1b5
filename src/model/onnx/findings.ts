import type { Finding } from '../../protocol/findings';
import { MADE_BY_SCOUR } from '../made-by-scour';
import { escapeReason } from './external';
import { PROVENANCE_KEY, storedTensors } from './facts';
import type { OnnxFile } from './open';

/** What a reader of an ONNX file should know before trusting what is read from it. */
export function fileFindings(file: OnnxFile): Finding[] {
  const { model, source } = file;
  const findings: Finding[] = [];
  const escaping = new Set<string>();
  for (const tensor of storedTensors(model.graph)) {
    if (tensor.ambiguous) {
      findings.push({
        id: 'onnx-ambiguous-tensor',
        level: 'error',
        message: `Tensor '${tensor.name}' holds its values twice (raw_data and a typed field, or external data): scanners and runtimes may see different weights. Scour read what onnxruntime would.`,
        tensor: tensor.name,
      });
    }
    if (tensor.data.kind !== 'external' || escaping.has(tensor.data.location)) continue;
    const reason = escapeReason(source.path, tensor.data.location);
    if (reason === null) continue;
    escaping.add(tensor.data.location);
    findings.push({
      id: 'external-data-escape',
      level: 'error',
      message: `Tensor '${tensor.name}' keeps its values at '${tensor.data.location}', which ${reason}. It was not read.`,
      tensor: tensor.name,
    });
  }
  for (const name of model.graph.duplicates) {
    findings.push({
      id: 'onnx-duplicate-initializer',
      level: 'error',
      message: `Several initializers are called '${name}': scanners and runtimes may see different weights. Scour read the last one.`,
      tensor: name,
    });
  }
  if (model.functions.length > 0) {
    findings.push({
      id: 'onnx-functions',
      level: 'warning',
      message: `The model defines ${model.functions.length} operators of its own (${model.functions.slice(0, 3).join(', ')}…). Scour does not look inside them; export with functions inlined to have them scanned.`,
    });
  }
  if (model.metadata.has(PROVENANCE_KEY)) findings.push(MADE_BY_SCOUR);
  return findings;
}
