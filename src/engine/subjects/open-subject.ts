import { looksLikeOnnx } from '../../model/onnx/parse';
import { matchPyTorch } from '../../model/pytorch/open';
import { matchSafetensors } from '../../model/safetensors/open';
import { FileSource, type ByteSource } from '../../model/source';
import { ModelError, RuntimeError } from '../../protocol/errors';
import { checkpointSubject } from './checkpoint-subject';
import { onnxSubject } from './onnx-subject';
import type { Subject, SubjectOptions } from './subject';

/**
 * Opens a model file of any format that Scour reads, recognised by content. Throws ModelError `empty` or
 * `unsupported-format` where there is nothing to read, and what the reader of the format throws.
 */
export function openSubject(path: string, options: SubjectOptions): Subject {
  const source = new FileSource(path);
  try {
    return kindOf(source) === 'onnx' ? onnxSubject(source, options) : checkpointSubject(source);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Throws RuntimeError `cannot-load` where the file holds weights but no graph, and ModelError where it cannot be read. */
export function requireGraph(path: string): void {
  const source = new FileSource(path);
  try {
    if (kindOf(source) === 'onnx') return;
  } finally {
    source.close();
  }
  throw new RuntimeError(
    'cannot-load',
    `${path} holds weights but no graph, so it cannot be run. Export the model to ONNX to see what pruning does to its predictions.`,
  );
}

function kindOf(source: ByteSource): 'onnx' | 'checkpoint' {
  const { path } = source;
  if (source.size === 0) throw new ModelError('empty', path, `${path} is empty.`);
  if (matchSafetensors(source)) return 'checkpoint';
  if (looksLikeOnnx(source)) return 'onnx';
  if (matchPyTorch(source)) return 'checkpoint';
  throw new ModelError(
    'unsupported-format',
    path,
    `${path} is not a model that Scour reads: its first bytes are not those of ONNX, PyTorch (.pt, .pth) or safetensors.`,
  );
}
