import { createHash } from 'node:crypto';
import type { ModelFacts } from '../protocol/scan';
import { FileSource, type ByteSource } from './source';

const STEP = 8 * 1024 * 1024;

/** What the bytes of a model are: hashes of all its files. */
export interface Hashes {
  readonly sha256: string;
  /** Of the other files that hold its weights; paths from the model's folder. */
  readonly external: NonNullable<ModelFacts['external']>;
  readonly key: string;
}

/** Another file that holds weights of a model, and its path from the model's folder. */
export interface PartFile {
  readonly path: string;
  readonly source: ByteSource;
}

/**
 * Reads the files of a model once, from start to end, and hashes them. `between` is told the share of bytes done;
 * `passing`, if given, sees the bytes of each file in order, without gaps.
 */
export async function hashModel(
  source: ByteSource,
  parts: readonly PartFile[],
  between: (fraction: number) => Promise<void>,
  passing?: (file: ByteSource, bytes: Uint8Array) => void,
): Promise<Hashes> {
  const total = parts.reduce((sum, part) => sum + part.source.size, source.size);
  let before = 0;
  const hashOf = async (file: ByteSource): Promise<string> => {
    const digest = await sha256Of(
      file,
      (done) => between((before + done) / total),
      (bytes) => passing?.(file, bytes),
    );
    before += file.size;
    return digest;
  };
  const sha256 = await hashOf(source);
  const external: Hashes['external'] = [];
  for (const part of parts)
    external.push({ path: part.path, bytes: part.source.size, sha256: await hashOf(part.source) });
  return { sha256, external, key: combinedKey(sha256, external) };
}

/**
 * SHA-256 of a source, in hexadecimal; `between` is called after each 8 MiB with the bytes done, `passing` with the
 * bytes themselves.
 */
export async function sha256Of(
  source: ByteSource,
  between: (done: number) => Promise<void>,
  passing?: (bytes: Uint8Array) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < source.size; at += STEP) {
    const length = Math.min(STEP, source.size - at);
    const bytes = source.read(at, length);
    hash.update(bytes);
    passing?.(bytes);
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
