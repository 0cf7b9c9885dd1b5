import { crc32 } from 'node:zlib';
import { copyWithEdits, type ByteEdit } from '../edits';
import type { ZipArchive, ZipMember } from './archive';
import { descriptorLength } from './inspect';
import { FLAG, SIGNATURE, SIZE } from './records';

/** A file to add to an archive. */
export interface ZipAddition {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const FULL16 = 0xffff;
const FULL32 = 0xffffffff;

/**
 * The bytes of an archive with `edits` (ascending, each within the data of stored members) applied, checksums brought up
 * to date, and `addition` added at its end. All other bytes stay as they are.
 */
export function* editedArchive(
  archive: ZipArchive,
  edits: readonly ByteEdit[],
  addition: ZipAddition | null,
): Iterable<Uint8Array> {
  const { source, directory } = archive;
  const all = [...edits, ...checksumEdits(archive, edits)].sort((a, b) => a.offset - b.offset);
  if (!addition) {
    yield* copyWithEdits(source, 0, source.size, all);
    return;
  }
  yield* copyWithEdits(source, 0, directory.start, all);
  const { local, central } = headers(addition, directory.start - directory.shift);
  yield local;
  yield addition.bytes;
  yield* copyWithEdits(source, directory.start, directory.end, all);
  yield central;
  const grown = local.length + addition.bytes.length;
  const end = endRecords(archive, directory.start + grown, directory.end - directory.start + central.length);
  yield end;
  const rest = directory.endRecordAt + SIZE.end;
  yield* copyWithEdits(source, rest, source.size, []);
}

/** The edits that give changed members their new checksum: in the directory, and in the header or the descriptor. */
function checksumEdits(archive: ZipArchive, edits: readonly ByteEdit[]): ByteEdit[] {
  const { source } = archive;
  const found: ByteEdit[] = [];
  for (const member of changedMembers(archive.members, edits)) {
    const end = member.dataAt + member.compressedSize;
    let crc = 0;
    for (const piece of copyWithEdits(source, member.dataAt, end, edits)) crc = crc32(piece, crc);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, crc, true);
    found.push({ offset: member.entryAt + 16, bytes });
    if (!(member.flags & FLAG.descriptor)) {
      found.push({ offset: member.headerAt + 14, bytes });
    } else if (descriptorLength(source, end, member) > 0) {
      const first = source.read(end, 4);
      const signed =
        new DataView(first.buffer, first.byteOffset, 4).getUint32(0, true) === SIGNATURE.descriptor;
      found.push({ offset: end + (signed ? 4 : 0), bytes });
    }
  }
  return found;
}

function changedMembers(members: readonly ZipMember[], edits: readonly ByteEdit[]): Set<ZipMember> {
  const inOrder = [...members].sort((a, b) => a.dataAt - b.dataAt);
  const changed = new Set<ZipMember>();
  let i = 0;
  for (const { offset, bytes } of edits) {
    while (i + 1 < inOrder.length && inOrder[i + 1]!.dataAt <= offset) i++;
    const member = inOrder[i];
    if (!member || offset < member.dataAt || offset + bytes.length > member.dataAt + member.compressedSize) {
      throw new RangeError(`bytes ${offset} to ${offset + bytes.length} lie in no member of the archive`);
    }
    changed.add(member);
  }
  return changed;
}

/** Local header and directory entry of a stored member whose header lies at `offset`; dated 1980, as PyTorch's are. */
function headers(addition: ZipAddition, offset: number): { local: Uint8Array; central: Uint8Array } {
  const name = Buffer.from(addition.name, 'utf8');
  const wide = offset >= FULL32;
  const common = Buffer.alloc(26);
  common.writeUInt16LE(wide ? 45 : 20, 0);
  common.writeUInt16LE(FLAG.utf8, 2);
  common.writeUInt16LE(0x21, 8);
  common.writeUInt32LE(crc32(addition.bytes), 10);
  common.writeUInt32LE(addition.bytes.length, 14);
  common.writeUInt32LE(addition.bytes.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([uint32(SIGNATURE.local), common, name]);
  const extra = Buffer.alloc(wide ? 12 : 0);
  if (wide) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8, 2);
    extra.writeBigUInt64LE(BigInt(offset), 4);
  }
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(Math.min(offset, FULL32), 10);
  const entry = Buffer.from(common);
  entry.writeUInt16LE(extra.length, 24);
  const madeBy = Buffer.from([45, 0]);
  return { local, central: Buffer.concat([uint32(SIGNATURE.central), madeBy, entry, rest, name, extra]) };
}

/** The end records for a directory at `start`, without the comment. */
function endRecords(archive: ZipArchive, start: number, size: number): Uint8Array {
  const { directory } = archive;
  const entries = directory.headers.length + 1;
  const offset = start - directory.shift;
  const end = Buffer.alloc(SIZE.end);
  end.writeUInt32LE(SIGNATURE.end, 0);
  end.writeUInt16LE(Math.min(entries, FULL16), 8);
  end.writeUInt16LE(Math.min(entries, FULL16), 10);
  end.writeUInt32LE(Math.min(size, FULL32), 12);
  end.writeUInt32LE(Math.min(offset, FULL32), 16);
  end.writeUInt16LE(directory.comment.length, 20);
  if (!directory.zip64 && entries < FULL16 && offset + size < FULL32) return end;
  const end64 = Buffer.alloc(SIZE.end64);
  end64.writeUInt32LE(SIGNATURE.end64, 0);
  end64.writeBigUInt64LE(BigInt(SIZE.end64 - 12), 4);
  end64.writeUInt16LE(45, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(entries), 24);
  end64.writeBigUInt64LE(BigInt(entries), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(SIZE.locator64);
  locator.writeUInt32LE(SIGNATURE.locator64, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
