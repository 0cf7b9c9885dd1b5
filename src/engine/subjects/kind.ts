import type { Checkpoint } from '../../model/checkpoint';
import { foreignFile } from '../../model/foreign';
import { looksLikeOnnx } from '../../model/onnx/parse';
import { checkpointReader } from '../../model/open-checkpoint';
import { openPyTorch } from '../../model/pytorch/open';
import type { ByteSource } from '../../model/source';
import { ModelError } from '../../protocol/errors';

/**
 * `onnx`, or the reader of the format of weights that the file has, recognised by content. Throws ModelError `empty` or
 * `unsupported-format` where there is nothing to read.
 */
export function kindOf(source: ByteSource): 'onnx' | ((source: ByteSource) => Checkpoint) {
  const { path } = source;
  if (source.size === 0) throw new ModelError('empty', path, `${path} is empty.`);
  const reader = checkpointReader(source);
  // PyTorch's reader takes whatever has one of its usual names; ONNX files travel as .bin too.
  if (reader !== null && reader !== openPyTorch) return reader;
  if (looksLikeOnnx(source)) return 'onnx';
  if (reader !== null) return reader;
  const foreign = foreignFile(source);
  if (foreign !== null) throw new ModelError('unsupported-format', path, `${path} ${foreign}.`);
  throw new ModelError(
    'unsupported-format',
    path,
    `${path} is not a model that Scour reads: its first bytes are not those of ONNX, PyTorch (.pt, .pth), safetensors, Keras (.keras, .h5) or TensorFlow.js (model.json).`,
  );
}
