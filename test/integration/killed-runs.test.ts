import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { inTemporaryFolder } from '../support/jobs';
import { buildProgram, runUntilKilled, stepsKept } from '../support/killed';
import { writeToySet } from '../support/split';

/** `all`: the steps of four epochs. */
const JOBS = [
  { job: 'cleanse', all: 16, state: '.killed.cleanse', results: [''] },
  {
    job: 'split',
    all: 160,
    state: '.killed.split',
    results: ['model.onnx', 'suspects.csv', 'suspects.json'],
  },
] as const;
const KILLS = 4;

describe.skipIf(process.platform === 'win32')(
  'a process that is killed at random moments of its training',
  () => {
    let program: string;
    beforeAll(async () => {
      program = await buildProgram();
    });

    it.each(JOBS)(
      '$job: repeats one finished step at most, and comes to the same bytes',
      { timeout: 600_000 },
      ({ job, all, state, results }) =>
        inTemporaryFolder(async (folder) => {
          if (job === 'split') writeToySet(folder);
          const [once, output] = ['once', 'killed'].map((name) => path.join(folder, name));
          expect(await runUntilKilled(program, [job, folder, once!], null)).toEqual({
            steps: all,
            isDone: true,
          });

          const random = new Random(Date.now() % 2 ** 32);
          const moments: string[] = [];
          let kept = 0;
          for (let kill = 0; kill < KILLS; kill++) {
            const args = [job, folder, output!, ...(kept > 0 ? ['resume'] : [])];
            // At any moment of the two steps after some.
            const [after, delay] = [2 + Math.floor((all / 8) * random.uniform()), random.uniform()];
            const { steps, isDone } = await runUntilKilled(program, args, after, delay);
            if (isDone) break;
            const finished = kept + steps;
            kept = stepsKept(path.join(folder, state));
            moments.push(`killed after step ${finished}, kept ${kept}`);
            expect(existsSync(output!), moments.join('; ')).toBe(false);
            expect(finished - kept, moments.join('; ')).toBeLessThanOrEqual(1);
          }
          expect(moments.length).toBeGreaterThan(1);
          if (!existsSync(output!)) {
            const last = await runUntilKilled(program, [job, folder, output!, 'resume'], null);
            expect(last, moments.join('; ')).toEqual({ steps: all - kept, isDone: true });
          }
          for (const file of results)
            expect(readFileSync(path.join(output!, file)), file).toEqual(
              readFileSync(path.join(once!, file)),
            );
          expect(existsSync(path.join(folder, state))).toBe(false);
        }),
    );
  },
);
