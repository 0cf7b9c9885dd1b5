import { ModelError } from '../../protocol/errors';
import { bitsOf, bytesOf, type DType } from '../dtype';
import type { ByteSource } from '../source';
import type { OnnxTensor, Span, TensorData, TypedPiece } from './graph';
import { NAME_LIMIT, type Budget } from './parse-budget';
import { STRING_ENTRY, TENSOR, dtypeOf, typedFieldOf } from './schema';
import { WIRE, WireReader } from './wire';

const MAX_RANK = 64;
const EXTERNAL = 1;

/**
 * A TensorProto without its values. Checks that the shape makes sense and that the bytes that are there match it;
 * throws ModelError `malformed` or `shape-mismatch`.
 */
export function parseTensor(source: ByteSource, span: Span, budget: Budget): OnnxTensor {
  const reader = new WireReader(source, span, 'TensorProto');
  const dims: number[] = [];
  let name = '';
  let dtype: DType = 'unknown';
  let raw: Span | null = null;
  let external = false;
  const entries = new Map<string, string>();
  const typed = new Map<number, TypedPiece[]>();
  while (reader.next()) {
    switch (reader.field) {
      case TENSOR.dims:
        reader.numbers('varint', (dim) => {
          budget.items(1);
          dims.push(dim);
        });
        break;
      case TENSOR.dataType:
        dtype = dtypeOf(reader.int());
        break;
      case TENSOR.name:
        name = reader.text(NAME_LIMIT);
        break;
      case TENSOR.rawData:
        raw = reader.span();
        break;
      case TENSOR.floatData:
      case TENSOR.int32Data:
      case TENSOR.int64Data:
      case TENSOR.doubleData:
      case TENSOR.uint64Data:
      case TENSOR.stringData: {
        const pieces = typed.get(reader.field) ?? [];
        const piece = typedPiece(reader);
        if (piece.span.end > piece.span.start) {
          budget.items(1);
          pieces.push(piece);
          typed.set(reader.field, pieces);
        }
        break;
      }
      case TENSOR.externalData: {
        budget.items(1);
        const [key, value] = entry(source, reader.span());
        entries.set(key, value);
        break;
      }
      case TENSOR.dataLocation:
        external = reader.int() === EXTERNAL;
        break;
      default:
    }
  }
  const elements = elementCount(source.path, name, dims);
  const field = typedFieldOf(dtype);
  const pieces = typed.get(field) ?? [];
  const data = dataOf(source.path, name, { raw, external, entries, pieces, field });
  if (data.kind === 'raw')
    checkBytes(source.path, name, dtype, dims, elements, data.span.end - data.span.start);
  const ways = (raw && raw.end > raw.start ? 1 : 0) + typed.size + (external ? 1 : 0);
  return { name, dtype, dims, data, ambiguous: ways > 1, span };
}

function typedPiece(reader: WireReader): TypedPiece {
  const tag = reader.fieldStart;
  if (reader.wire === WIRE.bytes) return { span: reader.span(), packed: reader.field !== TENSOR.stringData };
  // A single value: the span covers it without its tag, which is one byte for every typed field.
  return { span: { start: tag + 1, end: reader.skipped() }, packed: false };
}

interface Ways {
  readonly raw: Span | null;
  readonly external: boolean;
  readonly entries: ReadonlyMap<string, string>;
  readonly pieces: readonly TypedPiece[];
  readonly field: number;
}

/** The values that onnxruntime would use where there are several: external, then raw, then typed. */
function dataOf(path: string, name: string, ways: Ways): TensorData {
  if (ways.external) {
    const number = (key: string): number | null => {
      const text = ways.entries.get(key);
      if (text === undefined) return null;
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      if (!Number.isSafeInteger(value)) {
        throw new ModelError(
          'malformed',
          path,
          `${path}: the external data of tensor '${name}' has ${key} '${text.slice(0, 40)}', which is no number of bytes.`,
        );
      }
      return value;
    };
    return {
      kind: 'external',
      location: ways.entries.get('location') ?? '',
      offset: number('offset') ?? 0,
      length: number('length'),
    };
  }
  if (ways.raw && (ways.raw.end > ways.raw.start || ways.pieces.length === 0))
    return { kind: 'raw', span: ways.raw };
  if (ways.pieces.length > 0) return { kind: 'typed', field: ways.field, pieces: ways.pieces };
  return { kind: 'none' };
}

function entry(source: ByteSource, span: Span): [string, string] {
  const reader = new WireReader(source, span, 'external_data');
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === STRING_ENTRY.key) key = reader.text(NAME_LIMIT);
    else if (reader.field === STRING_ENTRY.value) value = reader.text(NAME_LIMIT);
  }
  return [key, value];
}

/** Product of the dimensions; throws where one is negative or the product cannot be a size. */
function elementCount(path: string, name: string, dims: readonly number[]): number {
  if (dims.length > MAX_RANK) {
    throw new ModelError('malformed', path, `${path}: tensor '${name}' has ${dims.length} dimensions.`);
  }
  let elements = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new ModelError('malformed', path, `${path}: tensor '${name}' has the dimension ${dim}.`);
    }
    elements *= dim;
  }
  if (!Number.isSafeInteger(elements)) {
    throw new ModelError(
      'malformed',
      path,
      `${path}: tensor '${name}' of shape [${dims.join(', ')}] is larger than any memory.`,
    );
  }
  return elements;
}

function checkBytes(
  path: string,
  name: string,
  dtype: DType,
  dims: readonly number[],
  elements: number,
  bytes: number,
): void {
  if (bitsOf(dtype) === 0 || bytes === bytesOf(dtype, elements)) return;
  throw new ModelError(
    'shape-mismatch',
    path,
    `${path}: tensor '${name}' of shape [${dims.join(', ')}] and type ${dtype} needs ${bytesOf(dtype, elements)} bytes, but the file holds ${bytes} for it.`,
  );
}
