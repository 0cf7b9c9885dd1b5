import { statSync } from 'node:fs';
import { DataError } from '../../protocol/errors';
import type { Dataset, MemberLocation, Skipped } from '../dataset';
import { IMAGE_NAMES, labelByFolder } from '../labelling';
import { readRange } from '../read-range';

const BLOCK = 512;
/** Longest name that an extension record may give. */
const MAX_RECORD = 64 * 1024;
const MAX_MEMBERS = 20_000_000;

/** True where the bytes start as a POSIX or GNU tar archive does (its first block holds `ustar`). */
export function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
}

/**
 * Lists the images of a tar archive of folders, read in place (ustar, GNU and pax names); `unpacked` is its content where
 * it is compressed. Throws DataError `no-images`, `bad-layout` or `unreadable-image` where the archive is broken.
 */
export function openTar(root: string, unpacked: Uint8Array<SharedArrayBuffer> | null = null): Dataset {
  const end = unpacked?.length ?? statSync(root).size;
  const read = (at: number, length: number, limit: number): Buffer =>
    unpacked && length <= limit
      ? Buffer.from(unpacked.slice(at, at + length))
      : readRange(root, at, length, limit);
  const skipped: Skipped[] = [];
  const images: { name: string; location: MemberLocation }[] = [];
  const broken = (why: string) =>
    new DataError('unreadable-image', root, `${root}: broken tar archive: ${why}.`);
  let longName: string | null = null;
  for (let at = 0, members = 0; ; members++) {
    if (at + BLOCK > end) throw broken('it is truncated');
    const header = read(at, BLOCK, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (!hasChecksum(header)) throw broken(`the record at byte ${at} has a wrong checksum`);
    if (members > MAX_MEMBERS) throw broken('it has too many members');
    const size = readNumber(header.subarray(124, 136));
    const start = at + BLOCK;
    if (size === null || start + size > end) throw broken('it is truncated');
    const kind = String.fromCharCode(header[156]!);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === 'L' || kind === 'x') {
      const record = read(start, size, MAX_RECORD).toString('utf8');
      longName = kind === 'L' ? record.replace(/\0.*$/s, '') : (paxPath(record) ?? longName);
      continue;
    }
    if (kind === 'g') continue;
    const name = (longName ?? shortName(header)).replace(/^(?:\.\/)+/, '');
    longName = null;
    if (kind === '5' || /(^|\/)\./.test(name)) continue;
    if (kind !== '0' && kind !== '\0') skipped.push({ path: name, reason: 'it is not a regular file' });
    else if (!IMAGE_NAMES.test(name))
      skipped.push({ path: name, reason: 'its name is not that of an image' });
    else {
      images.push({
        name,
        location: {
          kind: 'member',
          path: root,
          name,
          unpacked: unpacked?.buffer ?? null,
          offset: start,
          length: size,
          packing: 'stored',
          size,
          crc: null,
        },
      });
    }
  }
  if (images.length === 0) {
    throw new DataError('no-images', root, `${root} holds no images (PNG, JPEG, WebP, BMP or PPM files).`);
  }
  return { root, ...labelByFolder(root, images), skipped };
}

/** The sum of the header's bytes, its own field counted as spaces. */
function hasChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 0x20 : byte;
  return sum === readNumber(header.subarray(148, 156));
}

/** Octal digits, or GNU's binary form; null where it is neither. */
function readNumber(field: Uint8Array): number | null {
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((number, byte) => number * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = /^ *([0-7]+)[ \0]*$/.exec(Buffer.from(field).toString('latin1'))?.[1];
  return digits === undefined ? null : parseInt(digits, 8);
}

function shortName(header: Buffer): string {
  const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '');
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 500) : '';
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}

/** The `path` of a pax record: lines of `length key=value`. */
function paxPath(record: string): string | null {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(record)?.[1] ?? null;
}
