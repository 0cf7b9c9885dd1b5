import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { HiddenBytes } from '../hidden-bytes';
import type { ByteSource } from '../source';
import type { ZipMember } from './archive';
import type { CentralDirectory } from './directory';
import { FLAG, SIGNATURE } from './records';

/** Findings about how members lie in the archive and what they are called. */
export function inspectMembers(
  source: ByteSource,
  members: readonly ZipMember[],
  directory: CentralDirectory,
  findings: Finding[],
): void {
  inspectNames(members, findings);
  inspectPlaces(source, members, directory, findings);
}

function inspectNames(members: readonly ZipMember[], findings: Finding[]): void {
  const seen = new Set<string>();
  const reported = new Set<string>();
  for (const { name, flags, headerAt } of members) {
    const location = { offset: headerAt };
    const shown = visible(name, 200);
    // PyTorch looks names up without regard to case.
    const key = name.toLowerCase();
    if (seen.has(key) && !reported.has(key)) {
      reported.add(key);
      findings.push({
        id: 'zip-duplicate-member',
        level: 'error',
        message: `The archive holds '${shown}' more than once: readers may take different ones.`,
        location,
      });
    }
    seen.add(key);
    if (leavesFolder(name)) {
      findings.push({
        id: 'zip-path-escape',
        level: 'error',
        message: `The archive holds '${shown}', a path that leaves the folder it would be unpacked in.`,
        location,
      });
    }
    if (flags & FLAG.encrypted) {
      findings.push({
        id: 'zip-encrypted-member',
        level: 'error',
        message: `'${shown}' is encrypted; PyTorch does not read such files and Scour cannot look into it.`,
        location,
      });
    }
  }
}

/** True for a path that is absolute, climbs, or does so where backslashes separate. */
export function leavesFolder(name: string): boolean {
  const path = name.replaceAll('\\', '/');
  return (
    path.startsWith('/') || /^[a-zA-Z]:/.test(path) || path.split('/').includes('..') || path.includes('\0')
  );
}

function inspectPlaces(
  source: ByteSource,
  members: readonly ZipMember[],
  directory: CentralDirectory,
  findings: Finding[],
): void {
  const inOrder = [...members].sort((a, b) => a.headerAt - b.headerAt);
  let end = 0;
  const hidden = new HiddenBytes();
  let overlap: ZipMember | undefined;
  for (const member of inOrder) {
    if (member.headerAt < end) overlap ??= member;
    else hidden.add(end, member.headerAt);
    const dataEnd = member.dataAt + member.compressedSize;
    const memberEnd =
      dataEnd + (member.flags & FLAG.descriptor ? descriptorLength(source, dataEnd, member) : 0);
    end = Math.max(end, memberEnd);
    if (dataEnd > directory.start) overlap ??= member;
  }
  if (overlap) {
    findings.push({
      id: 'zip-overlapping-members',
      level: 'error',
      message: `'${visible(overlap.name, 200)}' shares bytes with another part of the archive.`,
      location: { offset: overlap.headerAt },
    });
  }
  hidden.add(end, directory.start);
  if (hidden.count > 0) {
    findings.push({
      id: 'zip-hidden-data',
      level: 'warning',
      message: `${hidden.count} bytes of the file belong to no member of the archive; PyTorch ignores them.`,
      location: { offset: hidden.at },
    });
  }
}

/** Bytes of the data descriptor at `at`: with or without signature, with 32- or 64-bit sizes. */
export function descriptorLength(source: ByteSource, at: number, member: ZipMember): number {
  const bytes = source.read(at, Math.max(0, Math.min(24, source.size - at)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const signed = bytes.length >= 4 && view.getUint32(0, true) === SIGNATURE.descriptor ? 4 : 0;
  const sizesAt = signed + 4;
  if (bytes.length >= sizesAt + 16) {
    const packed = view.getBigUint64(sizesAt, true);
    const size = view.getBigUint64(sizesAt + 8, true);
    if (packed === BigInt(member.compressedSize) && size === BigInt(member.size)) return sizesAt + 16;
  }
  if (bytes.length >= sizesAt + 8) {
    const packed = view.getUint32(sizesAt, true);
    if (packed === member.compressedSize && view.getUint32(sizesAt + 4, true) === member.size)
      return sizesAt + 8;
  }
  return 0;
}
