import type { Finding } from '../../protocol/findings';
import type { ByteSource } from '../source';
import {
  SIGNATURE,
  SIZE,
  centralHeader,
  endRecord,
  endRecord64,
  isSaturated,
  type CentralHeader,
} from './records';
import { ZipError } from './zip-error';

/** The longest comment is 65,535 bytes. */
const TAIL = 65_535 + SIZE.end;
const MAX_DIRECTORY = 64 * 1024 * 1024;
const MAX_ENTRIES = 200_000;

export interface CentralDirectory {
  readonly headers: readonly (CentralHeader & { /** Of the entry in the file. */ readonly at: number })[];
  /** Offset of its first entry. */
  readonly start: number;
  /** Just past its last entry. */
  readonly end: number;
  /** What must be added to the offsets it names: bytes were put before the archive. */
  readonly shift: number;
  /** Offset of the end-of-central-directory record. */
  readonly endRecordAt: number;
  readonly zip64: boolean;
  readonly comment: Uint8Array;
}

/** Offset of the last end-of-central-directory record in a file, or null where it has none. */
function findEndRecord(source: ByteSource): number | null {
  const start = Math.max(0, source.size - TAIL);
  const tail = source.read(start, source.size - start);
  for (let at = tail.length - SIZE.end; at >= 0; at--) {
    if (tail[at] === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6) {
      return start + at;
    }
  }
  return null;
}

/** True where a file ends as a zip archive with files in it, whatever it begins as. */
export function endsAsZip(source: ByteSource): boolean {
  try {
    return readDirectory(source, []).headers.length > 0;
  } catch (error) {
    if (error instanceof ZipError) return false;
    throw error;
  }
}

/**
 * Reads the central directory. Adds findings about what different readers would read differently.
 * @throws ZipError where there is none or it is broken.
 */
export function readDirectory(source: ByteSource, findings: Finding[]): CentralDirectory {
  const endRecordAt = findEndRecord(source);
  if (endRecordAt === null) {
    throw new ZipError('truncated', source.path, 'has no zip directory at its end; it is probably cut short');
  }
  const { end, stop, zip64, comment } = readEnd(source, endRecordAt, findings);
  if (end.disk !== 0) throw new ZipError('malformed', source.path, 'is one part of a split zip archive');
  if (end.entries > MAX_ENTRIES || end.size > MAX_DIRECTORY) {
    throw new ZipError('too-large', source.path, `lists ${end.entries} files, more than Scour reads`);
  }
  if (end.size > stop) throw new ZipError('malformed', source.path, 'has a zip directory larger than itself');
  // The directory ends where the end records begin; what its offset lacks to that was put before the archive.
  const shift = stop - end.size - end.offset;
  if (shift < 0) throw new ZipError('truncated', source.path, 'has a zip directory that does not lie in it');
  const start = stop - end.size;
  const bytes = source.read(start, end.size);
  const headers: (CentralHeader & { at: number })[] = [];
  let at = 0;
  while (at < bytes.length && headers.length < end.entries) {
    const header = centralHeader(bytes, at);
    if (!header) break;
    headers.push({ ...header, at: start + at });
    at += header.length;
  }
  if (headers.length !== end.entries) {
    throw new ZipError(
      'malformed',
      source.path,
      `announces ${end.entries} files in its zip directory, but entry ${headers.length + 1} cannot be read`,
    );
  }
  if (at !== bytes.length) {
    findings.push({
      id: 'zip-hidden-data',
      level: 'warning',
      message: `The zip directory has ${bytes.length - at} bytes after its last entry; readers that go by its size see other entries than those that go by their number.`,
      location: { offset: start + at },
    });
  }
  return { headers, start, end: start + at, shift, endRecordAt, zip64, comment };
}

function readEnd(source: ByteSource, at: number, findings: Finding[]) {
  const bytes = source.read(at, source.size - at);
  const end = endRecord(bytes, 0)!;
  const after = bytes.length - SIZE.end - end.commentLength;
  if (after < 0) throw new ZipError('truncated', source.path, 'ends within the comment of its zip directory');
  if (after > 0) {
    findings.push({
      id: 'zip-trailing-data',
      level: 'warning',
      message: `${after} bytes follow the end of the zip archive; PyTorch ignores them.`,
      location: { offset: source.size - after },
    });
  }
  const comment = bytes.subarray(SIZE.end, SIZE.end + end.commentLength);
  const locatorAt = at - SIZE.locator64;
  const locator = locatorAt >= 0 ? view(source.read(locatorAt, SIZE.locator64)) : null;
  if (locator?.getUint32(0, true) !== SIGNATURE.locator64) {
    if (isSaturated(end) && end.offset !== 0) {
      throw new ZipError('malformed', source.path, 'needs a zip64 directory and has none');
    }
    return { end, stop: at, zip64: false, comment };
  }
  const named = Number(locator.getBigUint64(8, true));
  // Where bytes were put before the archive the record is still just before its locator.
  for (const recordAt of [named, locatorAt - SIZE.end64]) {
    if (recordAt < 0 || recordAt + SIZE.end64 > locatorAt) continue;
    const end64 = endRecord64(source.read(recordAt, SIZE.end64));
    if (!end64) continue;
    if (!isSaturated(end) && (end.entries !== end64.entries || end.offset !== end64.offset)) {
      findings.push({
        id: 'zip-ambiguous-directory',
        level: 'error',
        message:
          'The zip and zip64 directories disagree on where the list of files is: readers may see different files.',
        location: { offset: recordAt },
      });
    }
    return { end: end64, stop: recordAt, zip64: true, comment };
  }
  throw new ZipError('malformed', source.path, 'has a zip64 directory that cannot be read');
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
