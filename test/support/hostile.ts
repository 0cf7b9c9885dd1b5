import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FIXTURES } from './paths';
import { SEEDS } from './seeds';

type Part =
  | { readonly b64: string }
  | { readonly repeat: string; readonly times: number }
  | { readonly seed: string; readonly start: number; readonly end?: number };

/** A broken or malicious file of test/fixtures/hostile/hostile.py, and what Scour must say of it. */
export interface Hostile {
  readonly name: string;
  readonly file: string;
  readonly parts: readonly Part[];
  readonly expect: {
    /** Reason of the error; null where the file opens. */
    readonly error: string | null;
    /** Among the findings. */
    readonly findings: readonly string[];
    readonly says?: string;
    readonly tensors?: number;
  };
}

export function hostileFiles(): Hostile[] {
  return readFileSync(path.join(FIXTURES, 'hostile/hostile.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Hostile);
}

export function hostileBytes({ parts }: Hostile): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if ('b64' in part) return Buffer.from(part.b64, 'base64');
      if ('seed' in part) return readFileSync(path.join(SEEDS, part.seed)).subarray(part.start, part.end);
      const unit = Buffer.from(part.repeat, 'base64');
      return Buffer.alloc(unit.length * part.times, unit);
    }),
  );
}
