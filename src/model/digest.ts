import { createHash } from 'node:crypto';
import { FileSource, type ByteSource } from './source';

const STEP = 8 * 1024 * 1024;

/** SHA-256 of a source, in hexadecimal; `between` is called after each 8 MiB with the bytes done. */
export async function sha256Of(
  source: ByteSource,
  between: (done: number) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < source.size; at += STEP) {
    const length = Math.min(STEP, source.size - at);
    hash.update(source.read(at, length));
    await between(at + length);
  }
  return hash.digest('hex');
}

/**
 * The key of a model made of several files: SHA-256 over the hashes of the model file and of every other file that
 * holds its weights, with their names. Equal to the file's own hash where there is only one.
 */
export function combinedKey(
  sha256: string,
  others: readonly { readonly path: string; readonly sha256: string }[],
): string {
  if (others.length === 0) return sha256;
  const hash = createHash('sha256').update(sha256);
  for (const { path, sha256: digest } of others) hash.update(`\0${path}\0${digest}`);
  return hash.digest('hex');
}

/** True where two files hold the same bytes. Throws ModelError where one cannot be read. */
export function isSameContent(a: string, b: string): boolean {
  const left = new FileSource(a);
  try {
    const right = new FileSource(b);
    try {
      if (left.size !== right.size) return false;
      const step = 4 * 1024 * 1024;
      for (let at = 0; at < left.size; at += step) {
        const length = Math.min(step, left.size - at);
        if (Buffer.compare(left.read(at, length), right.read(at, length)) !== 0) return false;
      }
      return true;
    } finally {
      right.close();
    }
  } finally {
    left.close();
  }
}
