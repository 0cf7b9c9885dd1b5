import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/data/random';
import { mutated } from '../support/mutate';
import { outcomeOf } from '../support/outcome';
import { SEEDS } from '../support/seeds';

/** CI sets a minute, an hour is for by hand: SCOUR_FUZZ_SECONDS=3600 SCOUR_FUZZ_SEED=7 npx vitest run test/integration/checkpoint-fuzz.test.ts */
const SECONDS = Number(process.env['SCOUR_FUZZ_SECONDS'] ?? 5);
const SEED = Number(process.env['SCOUR_FUZZ_SEED'] ?? 1);

const FILES = readdirSync(SEEDS)
  .filter((name) => /\.(pth|pt|pkl|safetensors)$/.test(name))
  .map((name) => ({ name, bytes: readFileSync(path.join(SEEDS, name)) }));

describe('mutated checkpoints', () => {
  test(
    `are read or refused in time and memory, for ${SECONDS} s from seed ${SEED}`,
    { timeout: (SECONDS + 60) * 1000 },
    () => {
      const random = new Random(SEED);
      const end = performance.now() + SECONDS * 1000;
      const outcomes = { error: 0, findings: 0, silent: 0 };
      for (let round = 0; performance.now() < end; round++) {
        const file = FILES[random.integer(FILES.length)]!;
        const bytes = mutated(random, file.bytes, FILES[random.integer(FILES.length)]!.bytes);
        const before = process.cpuUsage();
        let outcome;
        try {
          // Anything but a ModelError is a bug and comes out here.
          outcome = outcomeOf(file.name, bytes);
        } catch (error) {
          throw new Error(`round ${round}, ${file.name}: ${Buffer.from(bytes).toString('base64')}`, {
            cause: error,
          });
        }
        const { user, system } = process.cpuUsage(before);
        const seconds = (user + system) / 1e6;
        if (seconds > 5)
          throw new Error(
            `round ${round}, ${file.name} took ${seconds} s: ${Buffer.from(bytes).toString('base64')}`,
          );
        if (outcome.error !== null) outcomes.error++;
        else if (outcome.findings.length > 0) outcomes.findings++;
        else outcomes.silent++;
      }
      process.stdout.write(
        `fuzzed: ${JSON.stringify(outcomes)}, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`,
      );
      expect(outcomes.error).toBeGreaterThan(0);
      expect(outcomes.findings).toBeGreaterThan(0);
      expect(process.resourceUsage().maxRSS).toBeLessThan(512 * 1024);
    },
  );

  test.each(FILES)('$name is never fine when cut, at any byte', ({ name, bytes }) => {
    const whole = outcomeOf(name, bytes);
    // A tar file is padded with zeros; PyTorch too reads it without them.
    const last =
      name === 'tar.pth'
        ? bytes.length -
          Buffer.from(bytes)
            .reverse()
            .findIndex((byte) => byte !== 0)
        : bytes.length;
    const step = Math.max(1, Math.floor(last / 4000));
    for (let cut = 0; cut < last; cut += step) {
      const outcome = outcomeOf(name, bytes.subarray(0, cut));
      const known = new Set(whole.findings.map(({ id }) => id));
      const noticed = outcome.error !== null || outcome.findings.some(({ id }) => !known.has(id));
      if (!noticed) expect.fail(`cut at ${cut} of ${bytes.length} went unnoticed`);
    }
  });
});
