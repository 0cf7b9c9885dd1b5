import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { DataError } from '../../protocol/errors';
import { readRange } from '../read-range';

const gunzipAsync = promisify(gunzip);

/** Compressed datasets are unpacked into memory up to this size (MNIST's training set has 47 MB). */
const MAX_UNPACKED = 1024 * 1024 * 1024;

/** True where the bytes start as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What the first bytes of a gzip file unpack to; nothing where they are damaged. */
export function peekGzip(start: Uint8Array): Uint8Array {
  try {
    return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1024 * 1024 });
  } catch {
    // Whoever unpacks the whole file says what is wrong with it.
    return new Uint8Array();
  }
}

/** The content of a gzip file, in memory that threads share. Rejects with DataError `unreadable-image` or `too-large`. */
export async function gunzipFile(path: string): Promise<Uint8Array<SharedArrayBuffer>> {
  const packed = readRange(path, 0, null, MAX_UNPACKED);
  let unpacked: Buffer;
  try {
    unpacked = await gunzipAsync(packed, { maxOutputLength: MAX_UNPACKED });
  } catch (cause) {
    const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    throw new DataError(
      isTooLarge ? 'too-large' : 'unreadable-image',
      path,
      isTooLarge
        ? `${path} unpacks to more than the ${MAX_UNPACKED} bytes that are held in memory; unpack it and name what comes out.`
        : `${path} cannot be unpacked: it is damaged or truncated.`,
      { cause },
    );
  }
  const shared = new Uint8Array(new SharedArrayBuffer(unpacked.length));
  shared.set(unpacked);
  return shared;
}
