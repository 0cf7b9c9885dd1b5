import type { TensorStorage } from '../checkpoint-tensor';
import { bitsOf, type DType } from '../dtype';
import { calleeName, isNode, tupleItems, type PickleObject, type PickleValue } from '../pickle/values';
import { rowMajor } from '../strides';
import { sizes, type FoundTensor } from './found-tensor';
import type { PickledBytes } from './pickled-bytes';

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
  private readonly bytes: PickledBytes;

  constructor(bytes: PickledBytes) {
    this.bytes = bytes;
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
    const bytes = this.bytes.of(data);
    if (!bytes) return null;
    const { label, open, fileOffset, length } = bytes;
    return { storage: { label, open, fileOffset, bigEndian }, bytes: length };
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
