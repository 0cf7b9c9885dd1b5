import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

/** An array of a NumPy archive. Strings come as `text`. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
  readonly text: readonly string[];
}

/** Reads a .npz file (as numpy.savez writes it), by the zip's central directory. For trusted test data only. */
export function readNpz(path: string): Map<string, NpyArray> {
  const file = readFileSync(path);
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const count = file.readUInt16LE(end + 10);
  let at = file.readUInt32LE(end + 16);
  const arrays = new Map<string, NpyArray>();
  for (let i = 0; i < count; i++) {
    const method = file.readUInt16LE(at + 10);
    const size = file.readUInt32LE(at + 20);
    const nameLength = file.readUInt16LE(at + 28);
    const local = file.readUInt32LE(at + 42);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const bytes = file.subarray(start, start + size);
    arrays.set(name.replace(/\.npy$/, ''), readNpy(method === 8 ? inflateRawSync(bytes) : bytes));
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  return arrays;
}

function readNpy(bytes: Buffer): NpyArray {
  const headerLength = bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const start = (bytes[6] === 1 ? 10 : 12) + headerLength;
  const header = bytes.toString('latin1', 10, start);
  const descr = /'descr': '([^']+)'/.exec(header)![1]!;
  const shape = [.../'shape': \(([^)]*)\)/.exec(header)![1]!.matchAll(/\d+/g)].map(Number);
  const body = Uint8Array.from(bytes.subarray(start)).buffer;
  const text: string[] = [];
  if (descr.startsWith('<U')) {
    const width = Number(descr.slice(2));
    const codes = new Uint32Array(body);
    for (let i = 0; i + width <= codes.length && width > 0; i += width)
      text.push(String.fromCodePoint(...codes.subarray(i, i + width)).replace(/\0+$/, ''));
    return { shape, data: new Uint8Array(0), text };
  }
  const types = {
    '<f4': Float32Array,
    '<f8': Float64Array,
    '<i8': BigInt64Array,
    '<i4': Int32Array,
    '|u1': Uint8Array,
    '|b1': Uint8Array,
  } as const;
  const type = types[descr as keyof typeof types];
  return { shape, data: new type(body), text };
}
