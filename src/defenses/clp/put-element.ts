import { bitsOf, type DType } from '../../model/dtype';

/**
 * Writes `value` as element `index` of little-endian `bytes`. Floating types take 0 only: that is all that pruning
 * writes, and its bit pattern is zero in each of them. Throws RangeError otherwise.
 */
export function putElement(bytes: Uint8Array, dtype: DType, index: number, value: number): void {
  const bits = bitsOf(dtype);
  const isInteger = dtype.startsWith('int') || dtype.startsWith('uint');
  if (bits === 0 || (!isInteger && value !== 0))
    throw new RangeError(`${value} cannot be written as ${dtype}`);
  if (bits === 4) {
    const shift = 4 * (index & 1);
    const at = index >> 1;
    bytes[at] = (bytes[at]! & ~(15 << shift)) | ((value & 15) << shift);
    return;
  }
  const width = bits / 8;
  let rest = BigInt.asUintN(bits, BigInt(value));
  for (let i = 0; i < width; i++) {
    bytes[index * width + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}
