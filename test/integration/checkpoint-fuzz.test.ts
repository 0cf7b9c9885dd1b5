import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fuzz, fuzzSeconds, FUZZ_SEED, lengthOf, type FuzzEnd } from '../support/fuzz';
import { mutated } from '../support/mutate';
import { outcomeOf } from '../support/outcome';
import { SEEDS } from '../support/seeds';

/** PyTorch and safetensors; keras-fuzz.test.ts has the rest. */
const SECONDS = fuzzSeconds(3 / 4);

const FILES = readdirSync(SEEDS)
  .filter((name) => /\.(pth|pt|pkl|safetensors)$/.test(name))
  .map((name) => {
    const bytes = readFileSync(path.join(SEEDS, name));
    return { name, bytes, known: new Set(outcomeOf(name, bytes).findings.map(({ id }) => id)) };
  });

function endOf({ name, known }: (typeof FILES)[number], bytes: Uint8Array): FuzzEnd {
  const { error, findings } = outcomeOf(name, bytes);
  return error !== null ? 'error' : findings.some(({ id }) => !known.has(id)) ? 'findings' : 'silent';
}

describe('mutated checkpoints', () => {
  test(
    `are read or refused in time and memory, for ${SECONDS} s from seed ${FUZZ_SEED}`,
    { timeout: (SECONDS + 60) * 1000 },
    async () => {
      const ends = await fuzz(SECONDS, (random) => {
        const file = FILES[random.integer(FILES.length)]!;
        const bytes = mutated(random, file.bytes, FILES[random.integer(FILES.length)]!.bytes);
        return { name: file.name, original: file.bytes, bytes, read: () => endOf(file, bytes) };
      });
      expect(ends.error).toBeGreaterThan(0);
      expect(ends.findings).toBeGreaterThan(0);
    },
  );

  test.each(FILES)('$name is never fine when cut, at any byte', (file) => {
    const last = lengthOf(file.bytes);
    const step = Math.max(1, Math.floor(last / 4000));
    for (let cut = 0; cut < last; cut += step) {
      if (endOf(file, file.bytes.subarray(0, cut)) === 'silent')
        expect.fail(`cut at ${cut} of ${file.bytes.length} went unnoticed`);
    }
  });
});
