import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemorySource } from '../../src/model/source';
import { ZipArchive } from '../../src/model/zip/archive';
import { ArchiveChecksums } from '../../src/model/zip/checksums';
import { SIZE } from '../../src/model/zip/records';
import { SEEDS } from '../support/seeds';

const original = new Uint8Array(readFileSync(path.join(SEEDS, 'zip.pth')));
const { members, directory } = new ZipArchive(new MemorySource('zip.pth', original));

/** Ids and members of what the checksums say of an archive that passes by in pieces of `piece` bytes. */
function mismatches(bytes: Uint8Array, piece: number): (string | undefined)[][] {
  const checksums = new ArchiveChecksums(new ZipArchive(new MemorySource('x.pth', bytes)));
  for (let at = 0; at < bytes.length; at += piece) checksums.take(bytes.subarray(at, at + piece));
  return checksums.findings().map(({ id, location }) => [id, location?.member]);
}

describe.each([1, 7, 4096, original.length])('in pieces of %i bytes', (piece) => {
  test('a whole archive fits its checksums', () => {
    expect(mismatches(original, piece)).toEqual([]);
  });

  test.each(members.filter(({ size }) => size > 0).map((member) => [member.name, member] as const))(
    'a changed first or last byte of %s is found',
    (name, { dataAt, size }) => {
      for (const at of [dataAt, dataAt + size - 1]) {
        const changed = original.slice();
        changed[at]! ^= 1;
        expect(mismatches(changed, piece)).toEqual([['zip-crc-mismatch', name]]);
      }
    },
  );
});

test('many members of the same bytes are not worth many passes, and it is said that they were not compared', () => {
  const entries = 20_000;
  const largest = members.reduce((a, b) => (b.size > a.size ? b : a));
  const next = members.map(({ entryAt }) => entryAt).filter((at) => at > largest.entryAt);
  const entry = original.subarray(largest.entryAt, Math.min(directory.end, ...next));
  const end = Buffer.alloc(SIZE.end);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(entries * entry.length, 12);
  end.writeUInt32LE(directory.start, 16);
  const files = original.subarray(0, directory.start);
  const bomb = Buffer.concat([files, ...new Array<Uint8Array>(entries).fill(entry), end]);
  expect(4 * bomb.length).toBeLessThan(entries * largest.size);
  expect(mismatches(new Uint8Array(bomb), 65_536)).toEqual([['zip-unverified-members', largest.name]]);
});
