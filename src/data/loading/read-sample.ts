import { crc32, inflateRawSync } from 'node:zlib';
import { DataError } from '../../protocol/errors';
import type { Location, MemberLocation, PixelsLocation } from '../dataset';
import { decodeImage } from '../decoding/decode';
import { brokenImage, checkDimensions, type Image } from '../image';
import { readRange } from '../read-range';
import { cellPath, readCell } from './parquet-cells';

/** A file larger than this is no image that fits the decoder's limit on pixels. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/**
 * Reads and decodes the picture at `location`. Reading is synchronous, which is fastest for many small files: call it in
 * a thread that has nothing else to do. Rejects with DataError.
 */
export async function readSample(location: Location): Promise<Image> {
  switch (location.kind) {
    case 'file':
      return await decodeImage(readRange(location.path, 0, null, MAX_FILE_BYTES), location.path);
    case 'member':
      return await decodeImage(readMember(location), memberPath(location));
    case 'pixels':
      return readPixels(location);
    case 'cell':
      return await decodeImage(await readCell(location), cellPath(location));
  }
}

function memberPath({ path, name }: MemberLocation): string {
  return `${path}:${name}`;
}

function readMember(location: MemberLocation): Uint8Array {
  const { unpacked, offset, length, packing, size, crc } = location;
  const path = memberPath(location);
  if (size > MAX_FILE_BYTES)
    throw new DataError('too-large', path, `${path}: ${size} bytes are too many for an image.`);
  const packed =
    unpacked === null
      ? readRange(location.path, offset, length, MAX_FILE_BYTES)
      : new Uint8Array(unpacked).slice(offset, offset + length);
  if (packed.length < length) throw brokenImage(path, 'archived', 'the archive is truncated');
  const bytes = packing === 'stored' ? packed : inflate(packed, size, path);
  if (bytes.length !== size) throw brokenImage(path, 'archived', 'its size is not the one the archive says');
  if (crc !== null && crc32(bytes) !== crc) {
    throw brokenImage(path, 'archived', 'its checksum is not the one the archive says');
  }
  return bytes;
}

function inflate(packed: Uint8Array, size: number, path: string): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw brokenImage(path, 'archived', 'it cannot be unpacked to the size the archive says', cause);
  }
}

function readPixels({ path, unpacked, offset, width, height, order }: PixelsLocation): Image {
  checkDimensions(width, height, path);
  const area = width * height;
  const length = order === 'grey' ? area : area * 3;
  const isThere = unpacked === null || offset + length <= unpacked.byteLength;
  const bytes =
    unpacked === null
      ? readRange(path, offset, length, MAX_FILE_BYTES)
      : new Uint8Array(unpacked, isThere ? offset : 0, isThere ? length : 0);
  if (bytes.length < length) throw brokenImage(path, 'stored', 'the file is truncated');
  if (order === 'interleaved') return { width, height, data: Uint8Array.from(bytes) };
  const data = new Uint8Array(area * 3);
  const plane = order === 'planar' ? area : 0;
  for (let i = 0, to = 0; i < area; i++, to += 3) {
    data[to] = bytes[i]!;
    data[to + 1] = bytes[i + plane]!;
    data[to + 2] = bytes[i + 2 * plane]!;
  }
  return { width, height, data };
}
