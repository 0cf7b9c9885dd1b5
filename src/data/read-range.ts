import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { DataError, messageOf } from '../protocol/errors';

/**
 * Reads `length` bytes of a regular file from `offset` on; all from there where `length` is null, at most `limit` bytes.
 * Fewer come back where the file ends early. Throws DataError `not-found`, `unreadable-image` or `too-large`.
 */
export function readRange(path: string, offset: number, length: number | null, limit: number): Buffer {
  try {
    // A pipe that took the place of a file since it was listed must not block the thread.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw new DataError('unreadable-image', path, `${path} is not a regular file.`);
      const rest = Math.max(0, stats.size - offset);
      const wanted = Math.min(rest, length ?? rest);
      if (wanted > limit) {
        throw new DataError(
          'too-large',
          path,
          `${path}: ${wanted} bytes are more than is read at once (${limit}).`,
        );
      }
      const bytes = Buffer.allocUnsafeSlow(wanted);
      let done = 0;
      while (done < wanted) {
        const got = readSync(fd, bytes, done, wanted - done, offset + done);
        if (got === 0) break;
        done += got;
      }
      return bytes.subarray(0, done);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    throw new DataError(
      isMissing ? 'not-found' : 'unreadable-image',
      path,
      isMissing ? `${path} does not exist.` : `${path} cannot be read: ${messageOf(thrown)}.`,
      { cause: thrown },
    );
  }
}
