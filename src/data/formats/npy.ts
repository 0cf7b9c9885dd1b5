import { DataError } from '../../protocol/errors';

/** The header of a NumPy array file: what its bytes are. */
export interface NpyHeader {
  /** NumPy's type string without byte order, e.g. `u1`, `f4`. */
  readonly type: string;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Offset of the values, which lie in C order. */
  readonly start: number;
}

export type NpyValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** Bytes of each type's element, and the typed array of its values. Python objects (`O`) are not among them. */
const TYPES: Readonly<
  Record<string, { bytes: 1 | 2 | 4 | 8; view: new (buffer: ArrayBuffer) => NpyValues }>
> = {
  b1: { bytes: 1, view: Uint8Array },
  u1: { bytes: 1, view: Uint8Array },
  i1: { bytes: 1, view: Int8Array },
  u2: { bytes: 2, view: Uint16Array },
  i2: { bytes: 2, view: Int16Array },
  u4: { bytes: 4, view: Uint32Array },
  i4: { bytes: 4, view: Int32Array },
  u8: { bytes: 8, view: BigUint64Array },
  i8: { bytes: 8, view: BigInt64Array },
  f4: { bytes: 4, view: Float32Array },
  f8: { bytes: 8, view: Float64Array },
};

/** Longest header that is read; NumPy itself refuses above 10,000 characters. */
export const MAX_NPY_HEADER = 64 * 1024;
const MAX_DIMENSIONS = 32;

/** True where the bytes start as an .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, i) => bytes[i] === byte);
}

/**
 * Reads the header (NumPy's format, versions 1 to 3) from the first bytes of a file. The header is a Python literal; it
 * is matched, never evaluated. Throws DataError `unreadable-image` for what is no array and `unsupported-image` for
 * types and orders that are not read (Python objects among them).
 */
export function parseNpyHeader(bytes: Uint8Array, path: string): NpyHeader {
  const wrong = (why: string) =>
    new DataError('unreadable-image', path, `${path}: broken NumPy array: ${why}.`);
  if (!isNpy(bytes) || bytes.length < 12) throw wrong('it does not begin as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFirst = bytes[6] === 1;
  const headerAt = isFirst ? 10 : 12;
  const length = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes[6]! < 1 || bytes[6]! > 3 || length > MAX_NPY_HEADER || headerAt + length > bytes.length) {
    throw wrong('its header is truncated, too long or of an unknown version');
  }
  const text = Buffer.from(bytes.subarray(headerAt, headerAt + length)).toString('latin1');
  const descr = /'descr'\s*:\s*'([<>|=])([a-zA-Z]\d*)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shapeText = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text);
  if (!descr || !order || !shapeText) throw wrong('its header does not say type, order and shape');
  const shape = [...shapeText[1]!.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const elements = shape.reduce((product, size) => product * size, 1);
  if (shape.length > MAX_DIMENSIONS || !Number.isSafeInteger(elements))
    throw wrong('its shape makes no sense');
  const type = descr[2]!;
  if (!(type in TYPES)) {
    throw new DataError(
      'unsupported-image',
      path,
      `${path}: NumPy arrays of type ${JSON.stringify(type)} are not read (Python objects never are).`,
    );
  }
  if (order[1] === 'True' && shape.length > 1) {
    throw new DataError(
      'unsupported-image',
      path,
      `${path}: the array is in Fortran order; save it with numpy.ascontiguousarray.`,
    );
  }
  return { type, bigEndian: descr[1] === '>', shape, elements, start: headerAt + length };
}

/** Bytes of one element. */
export function npyElementBytes({ type }: NpyHeader): number {
  return TYPES[type]!.bytes;
}

/** The values of a whole .npy file held in memory. Throws DataError as `parseNpyHeader` does, and where it is truncated. */
export function readNpy(bytes: Uint8Array, path: string): { header: NpyHeader; values: NpyValues } {
  const header = parseNpyHeader(bytes, path);
  const { bytes: width, view } = TYPES[header.type]!;
  const length = header.elements * width;
  if (header.start + length > bytes.length) {
    throw new DataError('unreadable-image', path, `${path}: broken NumPy array: the file is truncated.`);
  }
  // A copy: typed arrays need aligned bytes, and the caller keeps its own.
  const raw = Buffer.from(new ArrayBuffer(length));
  raw.set(bytes.subarray(header.start, header.start + length));
  if (header.bigEndian && width === 2) raw.swap16();
  if (header.bigEndian && width === 4) raw.swap32();
  if (header.bigEndian && width === 8) raw.swap64();
  return { header, values: new view(raw.buffer) };
}
