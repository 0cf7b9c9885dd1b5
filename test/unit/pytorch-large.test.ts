import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { openPyTorch } from '../../src/model/pytorch/open';
import { FileSource } from '../../src/model/source';

const folder = mkdtempSync(path.join(tmpdir(), 'scour-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GIB = 2 ** 30;
const BIG = 5 * GIB;

function tensor(key: string, dims: readonly number[]): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((product, dim) => product * dim, 1));
  const tuple = (values: readonly number[]) => `(${values.map((value) => `I${value}\n`).join('')}t`;
  const storage = `(S'storage'\nctorch\nFloatStorage\nS'${key}'\nS'cpu'\nI${count}\ntQ`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}I0\n${tuple(dims)}${tuple(strides)}I00\nccollections\nOrderedDict\n(tRtR`;
}

function extra(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * values.length);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return bytes;
}

/** A local header or a directory entry with every size and offset in its zip64 field. */
function header(signature: number, name: string, size: number, crc: number, offset?: number): Buffer {
  const central = offset !== undefined;
  const field = extra(central ? [size, size, offset] : [size, size]);
  const bytes = Buffer.alloc(central ? 46 : 30);
  const at = central ? 2 : 0;
  bytes.writeUInt32LE(signature, 0);
  bytes.writeUInt32LE(crc, 14 + at);
  bytes.writeUInt32LE(0xffffffff, 18 + at);
  bytes.writeUInt32LE(0xffffffff, 22 + at);
  bytes.writeUInt16LE(name.length, 26 + at);
  bytes.writeUInt16LE(field.length, 28 + at);
  if (central) bytes.writeUInt32LE(0xffffffff, 42);
  return Buffer.concat([bytes, Buffer.from(name), field]);
}

/** A checkpoint with a storage of 5 GiB (a hole in the file) before one of four floats: everything after needs zip64. */
function largeCheckpoint(): string {
  const file = path.join(folder, 'large.pth');
  const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const pickle = Buffer.from(
    `(dS'embedding.weight'\n${tensor('0', [BIG / 4])}sS'conv.weight'\n${tensor('1', [1, 1, 2, 2])}s.`,
  );
  const fd = openSync(file, 'w');
  let at = 0;
  const put = (bytes: Uint8Array) => {
    writeSync(fd, bytes, 0, bytes.length, at);
    at += bytes.length;
  };
  const directory: Buffer[] = [];
  const members: [string, Uint8Array | number][] = [
    ['m/data.pkl', pickle],
    ['m/data/0', BIG],
    ['m/data/1', floats],
  ];
  for (const [name, data] of members) {
    const size = typeof data === 'number' ? data : data.length;
    const crc = typeof data === 'number' ? 0 : crc32(data);
    directory.push(header(0x02014b50, name, size, crc, at));
    put(header(0x04034b50, name, size, crc));
    if (typeof data === 'number') at += data;
    else put(data);
  }
  const start = at;
  for (const entry of directory) put(entry);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeBigUInt64LE(BigInt(members.length), 24);
  end64.writeBigUInt64LE(BigInt(members.length), 32);
  end64.writeBigUInt64LE(BigInt(at - start), 40);
  end64.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(at), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22, 0xff);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(0, 4);
  end.writeUInt16LE(0, 20);
  put(end64);
  put(locator);
  put(end);
  ftruncateSync(fd, at);
  closeSync(fd);
  return file;
}

test('a checkpoint of more than 5 GiB is opened and read by range', () => {
  const source = new FileSource(largeCheckpoint());
  expect(source.size).toBeGreaterThan(BIG);
  const before = process.memoryUsage().rss;
  const checkpoint = openPyTorch(source);
  expect(checkpoint.findings).toEqual([]);
  const [embedding, conv] = checkpoint.tensors;
  expect([embedding!.name, embedding!.elements]).toEqual(['embedding.weight', BIG / 4]);
  expect(Array.from(conv!.values())).toEqual([1, 2, 3, 4]);
  expect(conv!.storage.fileOffset).toBeGreaterThan(BIG);
  expect(Array.from(embedding!.slice(BIG / 4 - 3, 3))).toEqual([0, 0, 0]);
  expect(() => embedding!.values()).toThrow(/more than Scour holds at once/);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  source.close();
});
