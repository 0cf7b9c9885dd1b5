import { crc32 } from 'node:zlib';
import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import type { Checksums } from '../checkpoint';
import type { ByteSource } from '../source';
import type { ZipArchive, ZipMember } from './archive';
import { FLAG, METHOD } from './records';
import { ZipError } from './zip-error';

/** Members that share bytes make the work longer than the file: so often its length is read, and no more. */
const MOST_PASSES = 4;
/** Bytes that packed members are unpacked to, at most: so much, and so often the archive's length. */
const MOST_UNPACKED = 1024 * 1024 * 1024;
const MOST_RATIO = 8;

interface Running {
  readonly member: ZipMember;
  readonly end: number;
  crc: number;
}

/** CRC-32 of every member: of stored ones as the archive's bytes pass by, of packed ones when they are unpacked at the end. */
export class ArchiveChecksums implements Checksums {
  private readonly archive: ZipArchive;
  private readonly packed: ZipMember[] = [];
  /** Descending by offset, so that the next one is at the end. */
  private readonly waiting: ZipMember[] = [];
  private readonly unverified: ZipMember[] = [];
  private readonly found: Finding[] = [];
  private running: Running[] = [];
  private at = 0;

  constructor(archive: ZipArchive) {
    this.archive = archive;
    const { size } = archive.source;
    let stored = MOST_PASSES * size;
    let unpacked = MOST_UNPACKED + MOST_RATIO * size;
    for (const member of archive.members) {
      if (isPlain(member)) {
        stored -= member.size;
        (stored < 0 ? this.unverified : this.waiting).push(member);
      } else {
        unpacked -= member.size + member.compressedSize;
        (unpacked < 0 ? this.unverified : this.packed).push(member);
      }
    }
    this.waiting.sort((a, b) => b.dataAt - a.dataAt);
  }

  take(bytes: Uint8Array): void {
    const { at } = this;
    const end = at + bytes.length;
    for (let next = this.waiting.at(-1); next && next.dataAt < end; next = this.waiting.at(-1)) {
      this.waiting.pop();
      this.running.push({ member: next, end: next.dataAt + next.size, crc: 0 });
    }
    for (const each of this.running) {
      const piece = bytes.subarray(Math.max(0, each.member.dataAt - at), Math.max(0, each.end - at));
      each.crc = crc32(piece, each.crc);
      if (each.end <= end) this.compare(each.member, each.crc);
    }
    this.running = this.running.filter((each) => each.end > end);
    this.at = end;
  }

  findings(): Finding[] {
    // A member without bytes may lie at the very end.
    for (const member of this.waiting.splice(0)) this.compare(member, 0);
    for (const member of this.packed.splice(0)) {
      const source = openMember(this.archive, member, this.found);
      if (source) this.compare(member, crc32(source.read(0, source.size)));
    }
    if (this.unverified.length === 0) return this.found;
    const [first] = this.unverified;
    const unverified: Finding = {
      id: 'zip-unverified-members',
      level: 'warning',
      message: `${this.unverified.length} members ('${visible(first!.name, 200)}' is one) were not compared with their checksums: members share bytes, or unpack to more than Scour unpacks for that.`,
      location: { member: first!.name, offset: 0 },
    };
    return [...this.found, unverified];
  }

  private compare(member: ZipMember, crc: number): void {
    if (crc === member.crc) return;
    this.found.push({
      id: 'zip-crc-mismatch',
      level: 'warning',
      message: `'${visible(member.name, 200)}' does not have the checksum that the archive says: it was damaged or changed after it was saved (or saved with checksums turned off).`,
      location: { member: member.name, offset: 0 },
    });
  }
}

/** True where the member's bytes are the file's; what else there is, opening it unpacks or refuses. */
function isPlain({ method, size, compressedSize, flags }: ZipMember): boolean {
  return method === METHOD.stored && size === compressedSize && (flags & FLAG.encrypted) === 0;
}

/** Opens a member, or notes why it cannot be opened. */
export function openMember(archive: ZipArchive, member: ZipMember, findings: Finding[]): ByteSource | null {
  try {
    return archive.open(member);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    findings.push({
      id: 'zip-unreadable-member',
      level: 'warning',
      message: error.message,
      location: { member: member.name, offset: 0 },
    });
    return null;
  }
}
