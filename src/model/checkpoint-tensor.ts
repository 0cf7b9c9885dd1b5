import { ModelError } from '../protocol/errors';
import { visible } from '../protocol/wording';
import { decodeValues, type Values } from './decode';
import { bitsOf, type DType } from './dtype';
import type { ByteSource } from './source';
import { extentOf, gatherEntries, isContiguous, positionsOf } from './strides';

/** A run of elements of one type that tensors are views of. Tensors with the same storage may share elements. */
export interface TensorStorage {
  /** Where it lies, for a person: `archive/data/17`. */
  readonly label: string;
  /** Its bytes, from the first on. Unpacks them where they are compressed. */
  open(): ByteSource;
  /** Offset of its first byte in the model file; null where the bytes cannot be changed in place (compressed). */
  readonly fileOffset: number | null;
  readonly bigEndian: boolean;
}

/** Real value = (stored − zeroPoint) · scale, the pair chosen by the index along `axis` (null: one pair for all). */
export interface Quantization {
  readonly axis: number | null;
  readonly scales: Values;
  readonly zeroPoints: Values;
}

export interface TensorLayout {
  /** Type of the stored elements. */
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** In elements; one a dimension. */
  readonly strides: readonly number[];
  /** Of the first element in the storage, in elements. */
  readonly offset: number;
  readonly quantization: Quantization | null;
}

/** Elements decoded at once. */
const MAX_ELEMENTS = 64 * 1024 * 1024;

/** A named weight of a checkpoint. */
export class CheckpointTensor {
  /** Without what wrappers put before it: `layer1.0.conv1.weight`. */
  readonly name: string;
  /** How to get to it in the file: `state_dict → module.layer1.0.conv1.weight`. */
  readonly path: string;
  readonly layout: TensorLayout;
  readonly storage: TensorStorage;
  /** Why its values cannot be read, or null. */
  readonly problem: string | null;
  /** The file that it was read from; used in error messages. */
  readonly file: string;

  constructor(
    file: string,
    name: string,
    path: string,
    layout: TensorLayout,
    storage: TensorStorage,
    problem: string | null,
  ) {
    this.file = file;
    this.name = name;
    this.path = path;
    this.layout = layout;
    this.storage = storage;
    this.problem = problem;
  }

  get dtype(): DType {
    return this.layout.dtype;
  }

  get dims(): readonly number[] {
    return this.layout.dims;
  }

  /** Number of elements. */
  get elements(): number {
    return this.layout.dims.reduce((product, dim) => product * dim, 1);
  }

  /** All values, row-major and dequantised. Throws as `slice` does. */
  values(): Values {
    return this.slice(0, this.elements);
  }

  /**
   * `count` values from row-major element `start` on. Do not write to the result.
   * @throws ModelError where the values cannot be read (`problem`), are cut short, or are too many to hold.
   */
  slice(start: number, count: number): Values {
    if (this.problem !== null) throw this.error('unsupported-type', this.problem);
    if (count > MAX_ELEMENTS)
      throw this.error('too-large', `has ${count} values, more than Scour holds at once`);
    if (count === 0) return new Float32Array(0);
    const stored = this.stored(start, count);
    return this.layout.quantization
      ? dequantised(this.layout, this.layout.quantization, start, stored)
      : stored;
  }

  /**
   * Reads runs of whole entries of the first axis (a convolution's channels), as `slice` does. Of a tensor whose entries
   * lie scattered over its storage (Keras keeps C_out innermost), the storage is read once and kept while the reader lives.
   */
  entries(): (first: number, count: number) => Values {
    const { dims, strides, offset, dtype, quantization } = this.layout;
    const size = this.entrySize;
    const extent = extentOf(dims, strides, 0);
    const isScattered = !isContiguous(dims, strides) && extent <= Math.min(MAX_ELEMENTS, 2 * this.elements);
    if (this.problem !== null || quantization !== null || !isScattered)
      return (first, count) => this.slice(first * size, count * size);
    let storage: Values | null = null;
    return (first, count) => {
      storage ??= this.fetch(dtype, offset, extent);
      return this.gathered(storage, offset, first, count);
    };
  }

  /** Elements of an entry of the first axis. */
  private get entrySize(): number {
    return this.layout.dims.slice(1).reduce((product, dim) => product * dim, 1);
  }

  private stored(start: number, count: number): Values {
    const { dtype, dims, strides, offset } = this.layout;
    if (isContiguous(dims, strides)) return this.fetch(dtype, offset + start, count);
    const size = this.entrySize;
    if (start % size === 0 && count % size === 0) {
      const [first, entries] = [start / size, count / size];
      const low = offset + first * strides[0]!;
      const covering = this.covering(low, extentOf([entries, ...dims.slice(1)], strides, 0));
      return this.gathered(covering, low, first, entries);
    }
    const positions = positionsOf(this.layout, start, count);
    let low = Infinity;
    let high = 0;
    for (const position of positions) {
      if (position < low) low = position;
      if (position > high) high = position;
    }
    const covering = this.covering(low, high - low + 1);
    const out = like(covering, count);
    for (let i = 0; i < count; i++) out[i] = covering[positions[i]! - low]!;
    return out;
  }

  /** A stretch of the storage that holds all that is wanted, and more. */
  private covering(low: number, count: number): Values {
    if (count > MAX_ELEMENTS) throw this.error('too-large', 'is spread over more than Scour holds at once');
    return this.fetch(this.layout.dtype, low, count);
  }

  /** `from` holds the storage from element `base` on. */
  private gathered(from: Values, base: number, first: number, count: number): Values {
    const out = like(from, count * this.entrySize);
    gatherEntries(from, base, this.layout, first, out);
    return out;
  }

  private fetch(dtype: DType, first: number, count: number): Values {
    const size = bitsOf(dtype) / 8;
    const bytes = this.storage.open().read(first * size, count * size);
    return decodeValues(dtype, this.storage.bigEndian ? byteSwapped(bytes, size) : bytes, count);
  }

  private error(reason: 'unsupported-type' | 'too-large', what: string): ModelError {
    return new ModelError(reason, this.file, `${this.file}: tensor '${visible(this.name, 200)}' ${what}.`);
  }
}

function like(values: Values, length: number): Values {
  return values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
}

/** A copy with the bytes of each element reversed. */
export function byteSwapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes);
  if (size > 1) for (let i = 0; i + size <= out.length; i += size) out.subarray(i, i + size).reverse();
  return out;
}

function dequantised(layout: TensorLayout, how: Quantization, start: number, stored: Values): Float32Array {
  const channelOf = channels(layout, how);
  const out = new Float32Array(stored.length);
  for (let i = 0; i < out.length; i++) {
    const channel = channelOf(start + i);
    out[i] = (stored[i]! - how.zeroPoints[channel]!) * how.scales[channel]!;
  }
  return out;
}

/** Which pair of scale and zero point a row-major element has. */
export function channels(layout: TensorLayout, how: Quantization): (element: number) => number {
  const { axis } = how;
  if (axis === null) return () => 0;
  const inner = layout.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const count = layout.dims[axis]!;
  return (element) => Math.floor(element / inner) % count;
}
