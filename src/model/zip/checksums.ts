import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import type { ByteSource } from '../source';
import type { ZipArchive, ZipMember } from './archive';
import { ZipError } from './zip-error';

/** Compares every member of an archive with its checksum, reading all of it. */
export function checksumFindings(archive: ZipArchive): Finding[] {
  const findings: Finding[] = [];
  for (const member of archive.members) {
    if (!openMember(archive, member, findings) || archive.checksumMatches(member)) continue;
    findings.push({
      id: 'zip-crc-mismatch',
      level: 'warning',
      message: `'${visible(member.name, 200)}' does not have the checksum that the archive says: it was damaged or changed after it was saved (or saved with checksums turned off).`,
      location: { member: member.name, offset: 0 },
    });
  }
  return findings;
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
