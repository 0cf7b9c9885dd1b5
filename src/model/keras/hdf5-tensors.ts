import { ModelError } from '../../protocol/errors';
import { CheckpointTensor, type TensorStorage } from '../checkpoint-tensor';
import type { DType } from '../dtype';
import { MAX_UNPACKED_BYTES } from '../hdf5/limits';
import type { Hdf5Dataset } from '../hdf5/messages';
import type { Hdf5File } from '../hdf5/open';
import { SliceSource } from '../slice-source';
import { MemorySource, type ByteSource } from '../source';
import { rowMajor } from '../strides';

/**
 * A dataset of an HDF5 file as a named weight. Elements that lie flat in the file are read from it by range, without
 * the library; others are unpacked by it.
 * `base`: offset of the HDF5 file in the model file, null where it is compressed there.
 */
export function tensorOf(
  file: Hdf5File,
  source: ByteSource,
  base: number | null,
  dataset: Hdf5Dataset,
  name: string,
): CheckpointTensor {
  const { path, dims, type, fileOffset } = dataset;
  const dtype = dtypeOf(dataset);
  const bytes = dims.reduce((product, dim) => product * dim, 1) * type.bytes;
  const storage: TensorStorage = {
    label: path,
    open: () => {
      if (fileOffset !== null) return new SliceSource(source, fileOffset, bytes, source.path);
      return new MemorySource(source.path, checked(file.values(path), bytes, source.path, path));
    },
    fileOffset: fileOffset === null || base === null ? null : base + fileOffset,
    bigEndian: type.bigEndian,
  };
  const layout = { dtype, dims, strides: rowMajor(dims), offset: 0, quantization: null };
  const problem =
    dataset.problem ??
    (dtype === 'unknown'
      ? 'holds values of a type that Scour does not read'
      : fileOffset === null && bytes > MAX_UNPACKED_BYTES
        ? `unpacks to ${bytes} bytes, more than Scour holds`
        : null);
  return new CheckpointTensor(source.path, name, path, layout, storage, problem);
}

function checked(bytes: Uint8Array, expected: number, file: string, path: string): Uint8Array {
  if (bytes.length === expected) return bytes;
  throw new ModelError(
    'malformed',
    file,
    `${file}: dataset '${path}' has ${bytes.length} bytes and not ${expected}.`,
  );
}

/** Keras marks bfloat16, which HDF5 did not know, with an attribute on two opaque bytes. */
function dtypeOf({ type, attributes }: Hdf5Dataset): DType {
  const { kind, bytes, signed } = type;
  if (attributes['dtype'] === 'bfloat16' && bytes === 2) return 'bfloat16';
  if (kind === 'float')
    return bytes === 2 ? 'float16' : bytes === 4 ? 'float32' : bytes === 8 ? 'float64' : 'unknown';
  if (kind !== 'integer') return 'unknown';
  switch (bytes) {
    case 1:
      return signed ? 'int8' : 'uint8';
    case 2:
      return signed ? 'int16' : 'uint16';
    case 4:
      return signed ? 'int32' : 'uint32';
    case 8:
      return signed ? 'int64' : 'uint64';
    default:
      return 'unknown';
  }
}
