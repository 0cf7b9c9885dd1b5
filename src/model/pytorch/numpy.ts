import type { TensorStorage } from '../checkpoint-tensor';
import { bitsOf, type DType } from '../dtype';
import { calleeName, isNode, tupleItems, type PickleObject, type PickleValue } from '../pickle/values';
import { SliceSource } from '../slice-source';
import { MemorySource, type ByteSource } from '../source';
import { rowMajor } from '../strides';
import { sizes, type FoundTensor } from './found-tensor';

/** Text that stands for bytes (`_codecs.encode`) is decoded up to this length. */
const MAX_RECODED = 64 * 1024 * 1024;

const TYPES: Readonly<Record<string, DType>> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
};

/** Recognises NumPy arrays in a pickle. Their bytes stand in the pickle itself. */
export class NumpyReader {
  private readonly pickle: ByteSource;
  private readonly fileOffset: number | null;
  private readonly recoded = new Map<PickleValue | undefined, number>();

  /** `fileOffset` is where the pickle's source begins in the model file, or null where it was unpacked. */
  constructor(pickle: ByteSource, fileOffset: number | null) {
    this.pickle = pickle;
    this.fileOffset = fileOffset;
  }

  /** The array that an object stands for, or null. */
  arrayOf(object: PickleObject): FoundTensor | null {
    const args = tupleItems(object.args) ?? [];
    const callee = calleeName(object)?.replace('numpy._core.', 'numpy.core.');
    if (callee === 'numpy.core.numeric._frombuffer') {
      return this.array(args[0], args[1], args[2], args[3] === 'F');
    }
    if (callee !== 'numpy.core.multiarray._reconstruct') return null;
    const state = tupleItems(object.states[object.states.length - 1]);
    if (state?.length !== 5) return null;
    return this.array(state[4], state[2], state[1], state[3] === true);
  }

  private array(
    data: PickleValue | undefined,
    type: PickleValue | undefined,
    shape: PickleValue | undefined,
    columnMajor: boolean,
  ): FoundTensor | null {
    const dims = sizes(shape);
    const element = elementType(type);
    const place = dims && element && this.place(data, element.bigEndian);
    if (!place) return null;
    const strides = columnMajor ? rowMajor([...dims].reverse()).reverse() : rowMajor(dims);
    const layout = { dtype: element.dtype, dims, strides, offset: 0, quantization: null };
    const needed = (dims.reduce((product, dim) => product * dim, 1) * bitsOf(element.dtype)) / 8;
    const outOfBounds = needed > place.bytes;
    const problem = outOfBounds ? `needs ${needed} bytes, but its array has ${place.bytes}` : null;
    return { layout, storage: place.storage, problem, outOfBounds };
  }

  private place(
    data: PickleValue | undefined,
    bigEndian: boolean,
  ): { storage: TensorStorage; bytes: number } | null {
    if (isNode(data) && data.kind === 'bytes') {
      const { start, length } = data;
      const storage: TensorStorage = {
        label: `bytes ${start} to ${start + length} of ${this.pickle.path}`,
        open: () => new SliceSource(this.pickle, start, length, this.pickle.path),
        fileOffset: this.fileOffset === null ? null : this.fileOffset + start,
        bigEndian,
      };
      return { storage, bytes: length };
    }
    // Protocol 2 has no bytes: NumPy's come as Latin-1 text that Python encodes again.
    const recoded =
      isNode(data) && calleeName(data) === '_codecs.encode' ? tupleItems((data as PickleObject).args) : null;
    const text = this.text(recoded ? recoded[0] : data);
    if (text === null || (recoded && !/^latin-?1$/.test(typeof recoded[1] === 'string' ? recoded[1] : '')))
      return null;
    const storage: TensorStorage = {
      label: `text in ${this.pickle.path}`,
      open: () => new MemorySource(this.pickle.path, Buffer.from(text(), 'latin1')),
      fileOffset: null,
      bigEndian,
    };
    return { storage, bytes: this.recodedLength(recoded ? recoded[0] : data, text) };
  }

  /** Bytes that a text stands for; looked up once a text, for one text may be named a million times. */
  private recodedLength(data: PickleValue | undefined, text: () => string): number {
    let length = this.recoded.get(data);
    if (length === undefined) this.recoded.set(data, (length = text().length));
    return length;
  }

  /** A string's characters, fetched when asked for. */
  private text(value: PickleValue | undefined): (() => string) | null {
    if (typeof value === 'string') return () => value;
    if (!isNode(value) || value.kind !== 'text' || value.length > MAX_RECODED) return null;
    const { start, length } = value;
    return () => Buffer.from(this.pickle.read(start, length)).toString('utf8');
  }
}

/** `numpy.dtype('f4')` with its state (3, '<', …). */
function elementType(value: PickleValue | undefined): { dtype: DType; bigEndian: boolean } | null {
  if (!isNode(value) || value.kind !== 'object' || calleeName(value) !== 'numpy.dtype') return null;
  const code = tupleItems(value.args)?.[0];
  const order = tupleItems(value.states[0])?.[1];
  const match = typeof code === 'string' ? /^([<>|=]?)([a-z]\d)$/.exec(code) : null;
  const dtype = match && Object.hasOwn(TYPES, match[2]!) ? TYPES[match[2]!] : undefined;
  return dtype === undefined ? null : { dtype, bigEndian: order === '>' || match![1] === '>' };
}
