import * as v from 'valibot';
import { readRange } from '../data/read-range';
import { ReportError, messageOf } from '../protocol/errors';
import { visible } from '../protocol/wording';
import { ResultSchema, type Result } from '../report/merged';

/** Evaluations with samples and embeddings of many attacks stay well below. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The results in a file that a command wrote with --format json: one, or an array of them. Throws ReportError. */
export function readResults(file: string): Result[] {
  let json: unknown;
  try {
    json = JSON.parse(readRange(file, 0, null, MAX_BYTES).toString('utf8'));
  } catch (cause) {
    throw new ReportError('unreadable', `${file} cannot be read as JSON: ${messageOf(cause)}`, { cause });
  }
  const list: unknown[] = Array.isArray(json) ? json : [json];
  return list.map((each, i) => {
    const parsed = v.safeParse(ResultSchema, each);
    if (parsed.success) return parsed.output;
    const [issue] = parsed.issues;
    const at = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
    const which = Array.isArray(json) ? ` (item ${i})` : '';
    throw new ReportError(
      'not-a-result',
      `${file}${which} is no result of scour scan, evaluate, prune, cleanse or split: ${visible(`${at === '' ? '' : `${at}: `}${issue.message}`, 300)}`,
    );
  });
}
