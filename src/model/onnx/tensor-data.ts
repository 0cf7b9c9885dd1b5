import { ModelError } from '../../protocol/errors';
import { decodeValues, type Values } from '../decode';
import { bitsOf, bytesOf, type DType } from '../dtype';
import { encodeValues } from '../encode-values';
import { MemorySource, type ByteSource } from '../source';
import type { ExternalFiles } from './external';
import type { OnnxTensor } from './graph';
import { TENSOR } from './schema';
import { typedBytes } from './typed-data';

/** Number of elements of a tensor. */
export function elementsOf(tensor: Pick<OnnxTensor, 'dims'>): number {
  return tensor.dims.reduce((product, dim) => product * dim, 1);
}

/** Elements decoded at most where values must be decoded as a whole (varints cannot be entered in the middle). */
const MAX_WHOLE = 64 * 1024 * 1024;

/** Where the little-endian bytes of a tensor lie. */
export interface ByteRange {
  readonly source: ByteSource;
  readonly start: number;
  readonly length: number;
}

/** Reads the values of a model's tensors, only what is asked for. */
export class TensorReader {
  private readonly source: ByteSource;
  private readonly external: ExternalFiles | null;

  /** `external` is null for models that may not name other files (those held in memory). */
  constructor(source: ByteSource, external: ExternalFiles | null) {
    this.source = source;
    this.external = external;
  }

  /**
   * All values, row-major. Throws ModelError where they are missing, too short, outside the model's folder, of a type
   * that is no number, or too many to hold (`too-large`).
   */
  values(tensor: OnnxTensor): Values {
    const elements = elementsOf(tensor);
    if (elements > MAX_WHOLE)
      throw this.error('too-large', tensor, `has ${elements} values, more than Scour holds at once`);
    return this.slice(tensor, 0, elements);
  }

  /** `count` values from element `start` on. Throws as `values` does. */
  slice(tensor: OnnxTensor, start: number, count: number): Values {
    this.checkNumeric(tensor);
    const { data } = tensor;
    if (data.kind === 'typed') {
      if (elementsOf(tensor) > MAX_WHOLE)
        throw this.error('too-large', tensor, 'has more values than Scour holds at once');
      return decodeValues(tensor.dtype, typedBytes(this.source, tensor, data), elementsOf(tensor)).slice(
        start,
        start + count,
      );
    }
    if (data.kind === 'foreign') return data.slice(start, count);
    const bits = bitsOf(tensor.dtype);
    const range = this.range(tensor);
    // Four-bit types: start at the byte that holds the first value, and drop the values before it.
    const firstByte = Math.floor((start * bits) / 8);
    const lead = (start * bits - firstByte * 8) / bits;
    const bytes = range.source.read(range.start + firstByte, bytesOf(tensor.dtype, lead + count));
    const values = decodeValues(tensor.dtype, bytes, lead + count);
    return lead === 0 ? values : values.subarray(lead);
  }

  /** The values as exact integers, for shapes and axes. Throws as `values` does. */
  integers(tensor: OnnxTensor): number[] {
    return Array.from(this.values(tensor));
  }

  /** All values as the little-endian bytes that `raw_data` would hold. Throws as `values` does. */
  bytes(tensor: OnnxTensor): Uint8Array {
    if (tensor.data.kind === 'typed') {
      this.checkNumeric(tensor);
      return typedBytes(this.source, tensor, tensor.data);
    }
    const range = this.range(tensor);
    return range.source.read(range.start, range.length);
  }

  /** The bytes of a tensor kept as little-endian bytes (raw, external or in memory) or made so, checked to be all there. */
  range(tensor: OnnxTensor): ByteRange {
    const { data } = tensor;
    const length = bytesOf(tensor.dtype, elementsOf(tensor));
    switch (data.kind) {
      case 'raw':
        return { source: this.source, start: data.span.start, length: data.span.end - data.span.start };
      case 'memory':
        if (data.bytes.length !== length)
          throw this.error('shape-mismatch', tensor, `needs ${length} bytes but has ${data.bytes.length}`);
        return { source: new MemorySource(this.source.path, data.bytes), start: 0, length };
      case 'foreign': {
        const bytes = foreignBytes(tensor.dtype, elementsOf(tensor), data.slice);
        return { source: new MemorySource(this.source.path, bytes), start: 0, length };
      }
      case 'external': {
        if (this.external === null)
          throw this.error(
            'external-data-missing',
            tensor,
            'keeps its values in another file, which is not at hand',
          );
        if (data.length !== null && data.length !== length) {
          throw this.error(
            'shape-mismatch',
            tensor,
            `of shape [${tensor.dims.join(', ')}] and type ${tensor.dtype} needs ${length} bytes, but ${data.length} are said to lie in '${data.location}'`,
          );
        }
        const source = this.external.file(data.location);
        if (data.offset + length > source.size) {
          throw this.error(
            'external-data-short',
            tensor,
            `needs bytes ${data.offset} to ${data.offset + length} of '${data.location}', which has only ${source.size}`,
          );
        }
        return { source, start: data.offset, length };
      }
      case 'none':
        if (length === 0) return { source: this.source, start: 0, length: 0 };
        throw this.error(
          'shape-mismatch',
          tensor,
          `of shape [${tensor.dims.join(', ')}] has no values in the file`,
        );
      case 'typed':
        throw this.error(
          'unsupported-type',
          tensor,
          `keeps its values in the typed field ${fieldName(data.field)}`,
        );
    }
  }

  private checkNumeric(tensor: OnnxTensor): void {
    if (bitsOf(tensor.dtype) === 0 || tensor.dtype.startsWith('complex')) {
      throw this.error(
        'unsupported-type',
        tensor,
        `is of type ${tensor.dtype}, which Scour cannot read as numbers`,
      );
    }
  }

  private error(reason: ModelError['reason'], tensor: OnnxTensor, what: string): ModelError {
    return new ModelError(reason, this.source.path, `${this.source.path}: tensor '${tensor.name}' ${what}.`);
  }
}

/** Elements fetched at once: VGG's first linear layer alone has a hundred million. */
const PIECE = 8 * 1024 * 1024;

/** The little-endian bytes of values that something else reads. Throws what `slice` does. */
export function foreignBytes(
  dtype: DType,
  elements: number,
  slice: (start: number, count: number) => Values,
): Uint8Array {
  const bytes = new Uint8Array(bytesOf(dtype, elements));
  for (let start = 0; start < elements; start += PIECE) {
    const values = slice(start, Math.min(PIECE, elements - start));
    bytes.set(encodeValues(dtype, values), bytesOf(dtype, start));
  }
  return bytes;
}

function fieldName(field: number): string {
  return Object.entries(TENSOR).find(([, number]) => number === field)?.[0] ?? String(field);
}
