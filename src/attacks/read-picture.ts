import { decodeImage } from '../data/decoding/decode';
import type { Image } from '../data/image';
import { readRange } from '../data/read-range';

/** A trigger's picture is small; a longer file is something else. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The picture in a file, RGB. Rejects with DataError. */
export async function readPicture(file: string): Promise<Image> {
  return await decodeImage(readRange(file, 0, null, MAX_BYTES), file);
}
