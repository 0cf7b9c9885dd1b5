import { describe, expect, it, test } from 'vitest';
import { Pace } from '../../src/engine/jobs/split-pace';
import { Workload } from '../../src/engine/jobs/split-progress';
import { durationInWords } from '../../src/protocol/duration';
import { costInWords, scheduleOf } from '../../src/protocol/split-cost';
import { PAPER, SHORT } from '../../src/protocol/split-schedules';

test.each([
  [1, 'a second'],
  [59, '59 seconds'],
  [60, '1 minute'],
  [5400, '1 hour 30 minutes'],
  [31 * 3600, '31 hours'],
  [76 * 3600, '3 days 4 hours'],
])('%d s are %s', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});

describe('what a run costs', () => {
  it('is extrapolated from timed steps, the first left out', () => {
    const work = new Workload(PAPER, 50_000, 10_000);
    const pace = new Pace();
    const stepSeconds = 2;
    // The first step compiles the graph and takes a minute.
    const at = (step: number): number => 60_000 + 1000 * stepSeconds * (step - 1);
    expect(pace.left(work.at(0, 'train', 0), 0)).toBeNull();
    pace.step(work.at(0, 'train', 0), 0);
    for (let step = 1; step <= 3; step++) {
      pace.step(work.at(0, 'train', step / 1024), at(step));
      expect(pace.left(work.at(0, 'train', step / 1024), at(step))).toBeNull();
    }
    const share = work.at(0, 'train', 4 / 1024);
    pace.step(share, at(4));
    const left = pace.left(share, at(4))!;
    // In forward passes of an image: a step trains on 64 + 2 · 64 and guesses on 2 · 64 of them.
    const step = 3 * 192 + 128;
    // 55 + 30 epochs with one pass over the set, 30 with two and a virtual epoch; measuring; ranking.
    const beside = (55 + 30 + 30 * (2 + 3)) * 50_000 + 120 * 10_000 + 5 * 50_000;
    expect(left / stepSeconds).toBeCloseTo(120 * 1024 - 4 + beside / step, 3);
    // At the same pace less is left later on.
    expect(pace.left(0.5, at(4))).toBeLessThan(left);
  });

  it('names the schedule, whatever its seed, and says what it is measured by', () => {
    expect(costInWords({ ...PAPER, seed: 5 }, 31 * 3600, false)).toBe(
      'Paper schedule, 120 epochs × 1,024 steps: about 31 hours on this machine, by the pace of its first steps.',
    );
    expect(costInWords({ ...SHORT, iterations: 7 }, 90, true)).toMatch(
      /^This schedule, \d+ epochs × 7 steps: about 2 minutes more on this machine/,
    );
  });

  it('knows a schedule by all of its settings, in any order', () => {
    const { epochs, ...rest } = SHORT;
    expect(scheduleOf({ ...rest, epochs })).toBe('short');
    expect(scheduleOf({ ...PAPER, augmentation: { ...PAPER.augmentation, flip: false } })).toBe('own');
    expect(scheduleOf({ ...PAPER, epochs: { ...PAPER.epochs, 'meta-split': 29 } })).toBe('own');
  });
});
