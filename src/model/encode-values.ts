import type { Values } from './decode';
import { bytesOf, type DType } from './dtype';

/**
 * Numbers as little-endian elements of a type, the inverse of `decodeValues`: floats are rounded to nearest, ties to
 * even; integers are rounded and clamped.
 * @throws RangeError for types that Scour does not write.
 */
export function encodeValues(dtype: DType, values: Values): Uint8Array {
  const bytes = new Uint8Array(bytesOf(dtype, values.length));
  const view = new DataView(bytes.buffer);
  const each = (put: (at: number, value: number) => void, size: number) => {
    for (let i = 0; i < values.length; i++) put(i * size, values[i]!);
  };
  switch (dtype) {
    case 'float64':
      each((at, value) => view.setFloat64(at, value, true), 8);
      return bytes;
    case 'float32':
      each((at, value) => view.setFloat32(at, value, true), 4);
      return bytes;
    case 'float16':
      each((at, value) => view.setUint16(at, float16Bits(value), true), 2);
      return bytes;
    case 'bfloat16':
      each((at, value) => view.setUint16(at, bfloat16Bits(value), true), 2);
      return bytes;
    case 'int8':
      each((at, value) => view.setInt8(at, clamped(value, -128, 127)), 1);
      return bytes;
    case 'uint8':
      each((at, value) => view.setUint8(at, clamped(value, 0, 255)), 1);
      return bytes;
    case 'int32':
      each((at, value) => view.setInt32(at, clamped(value, -(2 ** 31), 2 ** 31 - 1), true), 4);
      return bytes;
    case 'int64':
      each((at, value) => view.setBigInt64(at, BigInt(clamped(value, -(2 ** 63), LARGEST_INT64)), true), 8);
      return bytes;
    default:
      throw new RangeError(`Scour does not write ${dtype} values`);
  }
}

/** The largest float64 that an int64 holds. */
const LARGEST_INT64 = 2 ** 63 - 1024;

function clamped(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, roundHalfEven(value)));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** IEEE 754 half precision, from the exact value: rounding to float32 first could round twice. */
function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 the step stays 2^-24 (subnormal numbers).
  const exponent = Math.max(
    -14,
    Math.floor(Math.log2(magnitude)) - (magnitude < 2 ** Math.floor(Math.log2(magnitude)) ? 1 : 0),
  );
  const steps = roundHalfEven(magnitude / 2 ** (exponent - 10));
  // A mantissa that rounds up to 2048 carries into the exponent, as the addition does.
  return magnitude === 0 ? sign : sign + steps + (exponent + 14) * 1024;
}
