import type { DType } from './dtype';

/** Decoded values: float64 stays exact, everything else fits float32 or is an integer that float64 holds. */
export type Values = Float32Array | Float64Array;

/**
 * Little-endian bytes of `count` elements as numbers. float32 is a view of the bytes where their alignment allows:
 * do not write to the result. 64-bit integers beyond 2^53 lose their low bits.
 * @throws RangeError for types that are not numbers.
 */
export function decodeValues(dtype: DType, bytes: Uint8Array, count: number): Values {
  switch (dtype) {
    case 'float32': {
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
      return new Float32Array(aligned.buffer, aligned.byteOffset, count);
    }
    case 'float64': {
      const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
      return new Float64Array(aligned.buffer, aligned.byteOffset, count);
    }
    case 'float16':
      return mapped(table16(), halves(bytes, count));
    case 'bfloat16': {
      const words = halves(bytes, count);
      const out = new Float32Array(count);
      const bits = new Uint32Array(out.buffer);
      for (let i = 0; i < count; i++) bits[i] = words[i]! << 16;
      return out;
    }
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
      return mapped(table8(dtype), bytes.subarray(0, count));
    case 'int4':
      return nibbles(bytes, count, (n) => (n > 7 ? n - 16 : n));
    case 'uint4':
      return nibbles(bytes, count, (n) => n);
    case 'int8':
      return Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, count));
    case 'uint8':
    case 'bool':
      return Float32Array.from(bytes.subarray(0, count));
    case 'int16':
      return Float32Array.from(new Int16Array(new Uint8Array(bytes).buffer, 0, count));
    case 'uint16':
      return Float32Array.from(halves(bytes, count));
    case 'int32':
      return Float64Array.from(new Int32Array(new Uint8Array(bytes).buffer, 0, count));
    case 'uint32':
      return Float64Array.from(new Uint32Array(new Uint8Array(bytes).buffer, 0, count));
    case 'int64':
      return wide(new BigInt64Array(new Uint8Array(bytes).buffer, 0, count));
    case 'uint64':
      return wide(new BigUint64Array(new Uint8Array(bytes).buffer, 0, count));
    case 'string':
    case 'complex64':
    case 'complex128':
    case 'unknown':
      throw new RangeError(`${dtype} values are not real numbers`);
  }
}

function halves(bytes: Uint8Array, count: number): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, count);
}

function mapped(table: Float32Array, codes: Uint8Array | Uint16Array): Float32Array {
  const out = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]!]!;
  return out;
}

function nibbles(bytes: Uint8Array, count: number, value: (nibble: number) => number): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = value((bytes[i >> 1]! >> (4 * (i & 1))) & 15);
  return out;
}

function wide(values: BigInt64Array | BigUint64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = Number(values[i]!);
  return out;
}

let halfTable: Float32Array | null = null;

/** All 65,536 IEEE 754 half-precision values. */
function table16(): Float32Array {
  return (halfTable ??= Float32Array.from({ length: 65536 }, (_, code) => minifloat(code, 5, 10, 'ieee')));
}

const byteTables = new Map<DType, Float32Array>();

function table8(dtype: 'float8e4m3fn' | 'float8e4m3fnuz' | 'float8e5m2' | 'float8e5m2fnuz'): Float32Array {
  let table = byteTables.get(dtype);
  if (!table) {
    const exponentBits = dtype.startsWith('float8e4') ? 4 : 5;
    const flavour = dtype.endsWith('fnuz') ? 'fnuz' : dtype.endsWith('fn') ? 'fn' : 'ieee';
    table = Float32Array.from({ length: 256 }, (_, code) =>
      minifloat(code, exponentBits, 7 - exponentBits, flavour),
    );
    byteTables.set(dtype, table);
  }
  return table;
}

/** A small float: `fn` has no infinities, `fnuz` neither infinities nor -0 (whose code is NaN) and a bias one larger. */
function minifloat(
  code: number,
  exponentBits: number,
  mantissaBits: number,
  flavour: 'ieee' | 'fn' | 'fnuz',
): number {
  const sign = code >> (exponentBits + mantissaBits) === 1 ? -1 : 1;
  const exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1);
  const mantissa = code & ((1 << mantissaBits) - 1);
  const top = exponent === (1 << exponentBits) - 1;
  if (flavour === 'fnuz' && sign < 0 && exponent === 0 && mantissa === 0) return NaN;
  if (flavour === 'ieee' && top) return mantissa === 0 ? sign * Infinity : NaN;
  if (flavour === 'fn' && top && mantissa === (1 << mantissaBits) - 1) return NaN;
  const bias = (1 << (exponentBits - 1)) - (flavour === 'fnuz' ? 0 : 1);
  const fraction = mantissa / (1 << mantissaBits);
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
