import { OutputError, messageOf } from '../protocol/errors';

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left on its disk',
  EDQUOT: 'the quota on its disk is used up',
  EFBIG: 'the system allows no file of that size here',
  EROFS: 'its disk is read-only',
};

/** The error of a file that could not be written, with what the system said in words. */
export function writeFailed(path: string, cause: unknown): OutputError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words = WORDS[code];
  const why = words === undefined ? messageOf(cause) : `${words} (${code})`;
  return new OutputError('write-failed', path, `${path} cannot be written: ${why}`, { cause });
}
