import { looksLikeOnnx } from '../../model/onnx/parse';
import { matchPyTorch } from '../../model/pytorch/open';
import { matchSafetensors } from '../../model/safetensors/open';
import { FileSource, type ByteSource } from '../../model/source';
import { ModelError } from '../../protocol/errors';
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
