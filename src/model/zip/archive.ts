import { constants, inflateRawSync } from 'node:zlib';
import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { SliceSource } from '../slice-source';
import { MemorySource, type ByteSource } from '../source';
import { readDirectory, type CentralDirectory } from './directory';
import { inspectMembers } from './inspect';
import { FLAG, METHOD, SIZE, localHeader, localHeaderLength } from './records';
import { ZipError } from './zip-error';

/** A file in an archive. */
export interface ZipMember {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  /** Uncompressed, in bytes. */
  readonly size: number;
  /** Offset of its local header. */
  readonly headerAt: number;
  /** Offset of its data. */
  readonly dataAt: number;
  /** Offset of its entry in the central directory. */
  readonly entryAt: number;
}

/** Compressed members are unpacked into memory up to this size. */
const MAX_UNPACKED = 256 * 1024 * 1024;

/** A zip archive read by range: the directory and local headers at once, members when asked for. */
export class ZipArchive {
  readonly members: readonly ZipMember[];
  readonly findings: readonly Finding[];
  readonly directory: CentralDirectory;
  readonly source: ByteSource;
  private readonly byName = new Map<string, ZipMember>();

  /** @throws ZipError where the archive cannot be read. */
  constructor(source: ByteSource) {
    const findings: Finding[] = [];
    this.source = source;
    this.directory = readDirectory(source, findings);
    this.members = this.directory.headers.map((header) =>
      readMember(source, header, this.directory.shift, findings),
    );
    // Of several members with one name PyTorch reads the first that it meets; the duplicates are a finding.
    for (const member of this.members)
      if (!this.byName.has(member.name)) this.byName.set(member.name, member);
    inspectMembers(source, this.members, this.directory, findings);
    this.findings = findings;
  }

  member(name: string): ZipMember | undefined {
    return this.byName.get(name);
  }

  /**
   * The bytes of a member: by range where it is stored, unpacked where it is deflated.
   * @throws ZipError where it is encrypted, packed in another way, larger than it says or than Scour holds.
   */
  open(member: ZipMember): ByteSource {
    const label = `${this.source.path} (${visible(member.name, 200)})`;
    if (member.flags & FLAG.encrypted) throw new ZipError('unsupported-type', label, 'is encrypted');
    if (member.method === METHOD.stored) {
      if (member.size !== member.compressedSize) {
        throw new ZipError('malformed', label, 'is stored with two different sizes');
      }
      return new SliceSource(this.source, member.dataAt, member.size, label);
    }
    if (member.method !== METHOD.deflated) {
      throw new ZipError(
        'unsupported-type',
        label,
        `is packed by method ${member.method}, which Scour does not read`,
      );
    }
    if (member.size > MAX_UNPACKED || member.compressedSize > MAX_UNPACKED) {
      throw new ZipError('too-large', label, `unpacks to ${member.size} bytes, more than Scour holds`);
    }
    return new MemorySource(label, this.inflate(member, label));
  }

  private inflate(member: ZipMember, label: string): Uint8Array {
    const packed = this.source.read(member.dataAt, member.compressedSize);
    let bytes: Buffer;
    try {
      bytes = inflateRawSync(packed, {
        maxOutputLength: member.size + 1,
        finishFlush: constants.Z_SYNC_FLUSH,
      });
    } catch (cause) {
      throw new ZipError('malformed', label, 'cannot be unpacked, or unpacks to more than it says', {
        cause,
      });
    }
    if (bytes.length !== member.size) {
      throw new ZipError(
        'malformed',
        label,
        `unpacks to ${bytes.length} bytes and not to the ${member.size} it says`,
      );
    }
    return bytes;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readMember(
  source: ByteSource,
  header: CentralDirectory['headers'][number],
  shift: number,
  findings: Finding[],
): ZipMember {
  const name = decodeName(header.name);
  const headerAt = header.headerOffset + shift;
  const lies = (what: string) =>
    new ZipError('malformed', source.path, `says of '${visible(name, 200)}' ${what}`);
  if (headerAt + SIZE.local > source.size) throw lies('that it lies beyond the end of the file');
  const length = localHeaderLength(source.read(headerAt, SIZE.local));
  if (length === null) throw lies('that it lies where no file of the archive begins');
  if (headerAt + length > source.size) throw lies('that its header goes beyond the end of the file');
  const local = localHeader(source.read(headerAt, length));
  const dataAt = headerAt + length;
  if (dataAt + header.compressedSize > source.size) throw lies('that it is longer than the rest of the file');
  const agrees =
    local !== null &&
    Buffer.compare(local.name, header.name) === 0 &&
    local.method === header.method &&
    ((local.flags ^ header.flags) & (FLAG.encrypted | FLAG.descriptor)) === 0 &&
    (local.size === null || (local.size === header.size && local.crc === header.crc)) &&
    (local.compressedSize === null || local.compressedSize === header.compressedSize);
  if (!agrees) {
    findings.push({
      id: 'zip-header-mismatch',
      level: 'error',
      message: `The archive says different things of '${visible(name, 200)}' in its directory and at the file itself: readers may see different files.`,
      location: { offset: headerAt },
    });
  }
  const { flags, method, crc, compressedSize, size, at } = header;
  return { name, flags, method, crc, compressedSize, size, headerAt, dataAt, entryAt: at };
}

/** Names are UTF-8 in practice; others are shown byte by byte. */
function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
