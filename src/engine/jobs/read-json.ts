import { readFileSync, statSync } from 'node:fs';
import { DataError, messageOf } from '../../protocol/errors';

/** A list of samples, or a report of a split, is no larger than this. */
const MOST_BYTES = 512 * 1024 * 1024;

/** A JSON file, to be validated. Throws DataError `not-found`, `too-large`, or `bad-layout` where it is not JSON. */
export function readJson(file: string): unknown {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new DataError('not-found', file, `${file} does not exist.`);
  if (size > MOST_BYTES)
    throw new DataError('too-large', file, `${file} is too large for a list of samples.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new DataError('bad-layout', file, `${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
