import { looksLikeOnnx } from '../../model/onnx/parse';
import type { Checkpoint } from '../../model/checkpoint';
import { checkpointReader } from '../../model/open-checkpoint';
import { openPyTorch } from '../../model/pytorch/open';
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
    const kind = kindOf(source);
    return kind === 'onnx' ? onnxSubject(source, options) : checkpointSubject(source, kind(source));
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Throws RuntimeError `cannot-load` where the file holds weights but no graph, and ModelError where it cannot be read. */
export function requireGraph(path: string, purpose = 'to see what pruning does to its predictions'): void {
  const source = new FileSource(path);
  try {
    if (kindOf(source) === 'onnx') return;
  } finally {
    source.close();
  }
  throw new RuntimeError(
    'cannot-load',
    `${path} holds weights but no graph, so it cannot be run. Export the model to ONNX ${purpose}.`,
  );
}

/** `onnx`, or the reader of the format of weights that the file has. */
function kindOf(source: ByteSource): 'onnx' | ((source: ByteSource) => Checkpoint) {
  const { path } = source;
  if (source.size === 0) throw new ModelError('empty', path, `${path} is empty.`);
  const reader = checkpointReader(source);
  // PyTorch's reader takes whatever has one of its usual names; ONNX files travel as .bin too.
  if (reader !== null && reader !== openPyTorch) return reader;
  if (looksLikeOnnx(source)) return 'onnx';
  if (reader !== null) return reader;
  throw new ModelError(
    'unsupported-format',
    path,
    `${path} is not a model that Scour reads: its first bytes are not those of ONNX, PyTorch (.pt, .pth), safetensors, Keras (.keras, .h5) or TensorFlow.js (model.json).`,
  );
}
