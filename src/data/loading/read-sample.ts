import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { DataError, messageOf } from '../../protocol/errors';
import type { Location } from '../dataset';
import { decodeImage } from '../decoding/decode';
import type { Image } from '../image';

/** A file larger than this is no image that fits the decoder's limit on pixels. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/**
 * Reads and decodes the picture at `location`. Reading is synchronous, which is fastest for many small files: call it in
 * a thread that has nothing else to do. Rejects with DataError.
 */
export async function readSample(location: Location): Promise<Image> {
  return await decodeImage(readWhole(location.path), location.path);
}

function readWhole(path: string): Uint8Array {
  try {
    // A pipe that took the place of a file since it was listed must not block the thread.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(fd);
      if (size > MAX_FILE_BYTES) {
        throw new DataError('too-large', path, `${path} has ${size} bytes, too many for an image.`);
      }
      const bytes = Buffer.allocUnsafeSlow(size);
      let done = 0;
      while (done < size) {
        const got = readSync(fd, bytes, done, size - done, done);
        if (got === 0) break;
        done += got;
      }
      return bytes.subarray(0, done);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    throw new DataError('unreadable-image', path, `${path} cannot be read: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}
