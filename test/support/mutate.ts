import type { Random } from '../../src/data/random';

/** Lengths and codes that parsers get wrong. */
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A damaged copy of a file: one to four random changes of bits, numbers, places or length. */
export function mutated(random: Random, original: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Buffer.from(original);
  for (let left = 1 + random.integer(4); left > 0; left--) bytes = mutateOnce(random, bytes, other);
  return bytes;
}

function mutateOnce(random: Random, bytes: Buffer<ArrayBuffer>, other: Uint8Array): Buffer<ArrayBuffer> {
  if (bytes.length < 16) return Buffer.concat([bytes, other.subarray(0, 64)]);
  const at = random.integer(bytes.length);
  const length = 1 + random.integer(Math.min(64, bytes.length - at));
  switch (random.integer(8)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.integer(8));
      return bytes;
    case 1:
      bytes[at] = random.integer(256);
      return bytes;
    case 2:
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(NUMBERS[random.integer(NUMBERS.length)]!, at);
      return bytes;
    case 3:
      if (at + 8 <= bytes.length)
        bytes.writeBigUInt64LE(BigInt(random.integer(2 ** 31)) << BigInt(random.integer(33)), at);
      return bytes;
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 6: {
      const from = random.integer(other.length);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at)]);
    }
    default:
      return Buffer.from(bytes.subarray(0, at));
  }
}
