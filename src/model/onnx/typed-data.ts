import { ModelError } from '../../protocol/errors';
import type { DType } from '../dtype';
import type { ByteSource } from '../source';
import type { OnnxTensor, TypedPiece } from './graph';
import { TENSOR } from './schema';

/** How a typed field encodes one value (onnx.proto, TensorProto). */
export function typedEncoding(field: number): 'fixed32' | 'fixed64' | 'varint' {
  if (field === TENSOR.floatData) return 'fixed32';
  return field === TENSOR.doubleData ? 'fixed64' : 'varint';
}

interface TypedData {
  readonly field: number;
  readonly pieces: readonly TypedPiece[];
}

/**
 * The values of a tensor kept in `float_data`, `int32_data`, `int64_data`, `double_data` or `uint64_data`, as the bytes
 * that `raw_data` would hold. 16-bit and 8-bit floats are bit patterns in int32_data, 4-bit integers come two to a value.
 * Throws ModelError `shape-mismatch`.
 */
export function typedBytes(source: ByteSource, tensor: OnnxTensor, data: TypedData): Uint8Array {
  const elements = tensor.dims.reduce((product, dim) => product * dim, 1);
  const encoding = typedEncoding(data.field);
  if (encoding !== 'varint') {
    const width = encoding === 'fixed32' ? 4 : 8;
    const total = data.pieces.reduce((sum, { span }) => sum + span.end - span.start, 0);
    if (total !== elements * width) throw mismatch(source, tensor, elements, total / width);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const { span } of data.pieces) {
      bytes.set(source.read(span.start, span.end - span.start), at);
      at += span.end - span.start;
    }
    return bytes;
  }
  const packing = tensor.dtype === 'int4' || tensor.dtype === 'uint4' ? 2 : 1;
  const expected = Math.ceil(elements / packing);
  // A varint takes a byte at least: never allocate for more values than the file has bytes.
  const available = data.pieces.reduce((sum, { span }) => sum + span.end - span.start, 0);
  if (available < expected) throw mismatch(source, tensor, expected, available);
  const store = storeFor(tensor.dtype, expected);
  let count = 0;
  for (const { span } of data.pieces) {
    forEachVarint(source.read(span.start, span.end - span.start), (value) => {
      if (count < expected) store.set(count, value);
      count++;
    });
  }
  if (count !== expected) throw mismatch(source, tensor, expected, count);
  return store.bytes;
}

/** Calls `take` with each varint of `bytes` as an unsigned 64-bit number; an unfinished last one is left out. */
function forEachVarint(bytes: Uint8Array, take: (value: bigint) => void): void {
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80 || shift >= 70n) {
      take(value);
      value = 0n;
      shift = 0n;
    }
  }
}

/** Little-endian storage of the width that the type would have in raw_data. */
function storeFor(
  dtype: DType,
  count: number,
): { bytes: Uint8Array; set: (index: number, value: bigint) => void } {
  const make = (width: number, write: (view: DataView, at: number, value: bigint) => void) => {
    const bytes = new Uint8Array(count * width);
    const view = new DataView(bytes.buffer);
    return { bytes, set: (index: number, value: bigint) => write(view, index * width, value) };
  };
  switch (dtype) {
    case 'int64':
    case 'uint64':
      return make(8, (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, value), true));
    case 'int32':
    case 'uint32':
      return make(4, (view, at, value) => view.setUint32(at, Number(BigInt.asUintN(32, value)), true));
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return make(2, (view, at, value) => view.setUint16(at, Number(BigInt.asUintN(16, value)), true));
    default:
      return make(1, (view, at, value) => view.setUint8(at, Number(BigInt.asUintN(8, value))));
  }
}

function mismatch(source: ByteSource, tensor: OnnxTensor, expected: number, found: number): ModelError {
  return new ModelError(
    'shape-mismatch',
    source.path,
    `${source.path}: tensor '${tensor.name}' of shape [${tensor.dims.join(', ')}] needs ${expected} values, but the file holds ${found}.`,
  );
}
