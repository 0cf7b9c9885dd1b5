import { DataError, ModelError } from '../../protocol/errors';
import { FileSource } from '../../model/source';
import { ZipArchive, type ZipMember } from '../../model/zip/archive';
import { FLAG, METHOD } from '../../model/zip/records';
import type { Dataset, MemberLocation, Skipped } from '../dataset';
import { IMAGE_NAMES, labelByFolder } from '../labelling';

/** True where the bytes start as a zip archive with something in it does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Lists the images of a zip archive of folders, read in place. Throws DataError `no-images`, `bad-layout` or
 * `unreadable-image` where the archive is broken.
 */
export function openZip(root: string): Dataset {
  const skipped: Skipped[] = [];
  const images: { name: string; location: MemberLocation }[] = [];
  for (const member of readMembers(root)) {
    if (member.name.endsWith('/') || /(^|\/)(\.|__MACOSX\/)/.test(member.name)) continue;
    const obstacle = obstacleOf(member);
    if (obstacle !== null) skipped.push({ path: member.name, reason: obstacle });
    else images.push({ name: member.name, location: locate(root, member) });
  }
  if (images.length === 0) {
    throw new DataError('no-images', root, `${root} holds no images (PNG, JPEG, WebP, BMP or PPM files).`);
  }
  return { root, ...labelByFolder(root, images), skipped };
}

function readMembers(root: string): readonly ZipMember[] {
  const { archive, close } = openArchive(root);
  close();
  return archive.members;
}

/** Opens a zip file of data. Throws DataError `unreadable-image` where it is broken. */
export function openArchive(root: string): { archive: ZipArchive; close: () => void } {
  let source: FileSource | null = null;
  try {
    source = new FileSource(root);
    const opened = source;
    return { archive: new ZipArchive(opened), close: () => opened.close() };
  } catch (cause) {
    source?.close();
    throw asDataError(root, cause);
  }
}

/** An error of the readers that data shares with models, as one of data. */
export function asDataError(root: string, cause: unknown): unknown {
  if (!(cause instanceof ModelError)) return cause;
  return new DataError('unreadable-image', root, cause.message, { cause });
}

function obstacleOf({ name, flags, method }: ZipMember): string | null {
  if (!IMAGE_NAMES.test(name)) return 'its name is not that of an image';
  if (flags & FLAG.encrypted) return 'it is encrypted';
  return method === METHOD.stored || method === METHOD.deflated ? null : 'it is packed in an unknown way';
}

/** Where a member's bytes lie, for reading without the archive's directory. */
function locate(root: string, member: ZipMember): MemberLocation {
  return {
    kind: 'member',
    path: root,
    name: member.name,
    unpacked: null,
    offset: member.dataAt,
    length: member.compressedSize,
    packing: member.method === METHOD.stored ? 'stored' : 'deflated',
    size: member.size,
    crc: member.crc,
  };
}
