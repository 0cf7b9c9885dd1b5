import { describe, expect, it } from 'vitest';
import type { Dataset, Sample } from '../../src/data/dataset';
import type { DecodeFailure } from '../../src/data/loading/messages';
import { percent, wilson } from '../../src/evaluation/interval';
import { Skips } from '../../src/evaluation/skips';
import { AttackTally, CleanTally } from '../../src/evaluation/tally';
import { ambiguousTarget, resolveTarget } from '../../src/evaluation/target';
import { triggeredSamples } from '../../src/evaluation/triggered-set';
import { DataError, UsageError } from '../../src/protocol/errors';
import { NO_PREDICTION, predictions } from '../../src/runtime/classifier';

describe('Wilson intervals', () => {
  /** The share p at which |hits/n − p| = z·√(p(1−p)/n), found by bisection: the definition, not the closed form. */
  function bound(hits: number, n: number, beyond: number): number {
    let [inside, outside] = [hits / n, beyond];
    for (let i = 0; i < 200; i++) {
      const p = (inside + outside) / 2;
      const isOutside = Math.abs(hits / n - p) > 1.959963984540054 * Math.sqrt((p * (1 - p)) / n);
      if (isOutside) outside = p;
      else inside = p;
    }
    return inside;
  }

  it.each([
    [8, 10],
    [1, 1000],
    [999, 1000],
    [4286, 5000],
    [50, 100],
  ])('%i of %i', (hits, n) => {
    const [low, high] = wilson(hits, n);
    expect(low / 100).toBeCloseTo(bound(hits, n, 0), 9);
    expect(high / 100).toBeCloseTo(bound(hits, n, 1), 9);
  });

  it('no hit, all hit, nothing seen', () => {
    expect(wilson(0, 900)[0]).toBe(0);
    expect(wilson(0, 900)[1]).toBeCloseTo(0.425, 3);
    expect(wilson(900, 900)).toEqual([expect.closeTo(99.575, 3), 100]);
    expect(wilson(0, 0)).toEqual([0, 100]);
    expect(() => percent(0, 0)).toThrow(RangeError);
  });
});

describe('predictions', () => {
  it('the highest score, the lower class on a tie, none where a score is NaN', () => {
    const scores = [1, 3, 2, 2, 2, 1, 0, NaN, 5, NaN, 1, 2, -Infinity, -1, Infinity];
    expect([...predictions(Float32Array.from(scores), 3)]).toEqual([1, 0, NO_PREDICTION, NO_PREDICTION, 2]);
  });
});

describe('counting', () => {
  it('ACC, classes, confusion and agreement', () => {
    const tally = new CleanTally(3, true);
    tally.add(0, 0, 0);
    tally.add(0, 1, 0);
    tally.add(2, 1, 1);
    tally.add(2, NO_PREDICTION, NO_PREDICTION);
    expect(tally.result()).toEqual({
      acc: 25,
      accInterval: wilson(1, 4),
      n: 4,
      perClass: [
        { correct: 1, n: 2 },
        { correct: 0, n: 0 },
        { correct: 0, n: 2 },
      ],
      confusion: [
        [0, 0, 1],
        [0, 1, 1],
        [2, 1, 1],
      ],
      predicted: [1, 2, 0],
      undefined: 1,
    });
    // No prediction agrees with nothing, not even with itself.
    expect(tally.agreement).toBe(50);
  });

  it('without labels there is no ACC', () => {
    const tally = new CleanTally(2, false);
    tally.add(null, 1, 1);
    expect(tally.result()).toMatchObject({ acc: null, accInterval: null, n: 1, perClass: [], confusion: [] });
  });

  it('ASR and RA of images that are not of the target class', () => {
    const tally = new AttackTally(3, 0);
    tally.add(1, 0);
    tally.add(1, 1);
    tally.add(2, 1);
    tally.add(2, NO_PREDICTION);
    expect(tally.result('x')).toMatchObject({ asr: 25, ra: 25, n: 4, destinations: [1, 2, 0], undefined: 1 });
    expect(() => tally.add(0, 0)).toThrow(RangeError);
  });

  it('all-to-all: every image counts, and its target is the class after its own', () => {
    const tally = new AttackTally(3, 'all');
    tally.add(0, 1);
    tally.add(1, 2);
    tally.add(2, 0);
    tally.add(2, 2);
    tally.add(1, 0);
    tally.add(0, NO_PREDICTION);
    expect(tally.result('x')).toMatchObject({
      asr: 50,
      ra: 100 / 6,
      n: 6,
      destinations: [2, 1, 2],
      undefined: 1,
    });
  });
});

describe('the target', () => {
  const classes = ['cat', 'dog', '1'];
  it('is a number or a name', () => {
    expect(resolveTarget(2, classes)).toBe(2);
    expect(resolveTarget('dog', classes)).toBe(1);
    expect(resolveTarget('1', classes)).toBe(1);
  });
  it('given as a number may also be the name of another class: that is said', () => {
    expect(ambiguousTarget('1', classes)).toContain(
      "class number 1, 'dog'; the class named '1' has number 2",
    );
    expect(ambiguousTarget(0, classes)).toBeNull();
    expect(ambiguousTarget('dog', classes)).toBeNull();
    expect(ambiguousTarget(1, ['0', '1'])).toBeNull();
  });
  it('is all-to-all, unless there is one class', () => {
    expect(resolveTarget('all', classes)).toBe('all');
    expect(() => resolveTarget('all', ['cat'])).toThrow('one class only');
    expect(ambiguousTarget('all', ['cat', 'all'])).toContain('class of that name has number 1');
  });
  it.each([3, -1, 1.5, '3', 'Dog', ''])('%s is out of range', (target) => {
    expect(() => resolveTarget(target, classes)).toThrow(UsageError);
  });
});

describe('folders of triggered images', () => {
  const classes = ['cat', 'dog', 'owl'];
  const set = (names: readonly string[] | null): Dataset => ({
    root: 'DIR',
    classes: names,
    skipped: [],
    samples: (names ?? ['']).map((name, label): Sample => ({
      name: `${name}/1.png`,
      label: names === null ? null : label,
      location: { kind: 'file', path: `DIR/${name}/1.png` },
    })),
  });
  const labels = (names: readonly string[]): (number | null)[] =>
    triggeredSamples(set(names), classes, 0).samples.map(({ label }) => label);

  it("take their numbers from the data's class list; the target's folder may be absent", () => {
    expect(labels(['dog', 'owl'])).toEqual([1, 2]);
    expect(labels(['owl'])).toEqual([2]);
    expect(labels(['1', '2'])).toEqual([1, 2]);
  });

  it('lose images of the target class, and say so', () => {
    const { samples, warnings } = triggeredSamples(set(['cat', 'owl']), classes, 0);
    expect(samples.map(({ label }) => label)).toEqual([2]);
    expect(warnings.join()).toContain('1 image of the target class left out');
  });

  it.each([
    ['an unknown class', ['dog', 'newt'], 'newt'],
    ['a number too high', ['3'], '3'],
    ['no folders', null, 'no folders'],
    ['only the target', ['cat'], 'nothing to measure'],
  ])('%s', (_, names, says) => {
    expect(() => triggeredSamples(set(names), classes, 0)).toThrow(DataError);
    expect(() => triggeredSamples(set(names), classes, 0)).toThrow(says);
  });
});

describe('unreadable images', () => {
  const skip = (name: string): { sample: Sample; failure: DecodeFailure } => ({
    sample: { name, label: 0, location: { kind: 'file', path: name } },
    failure: { index: 0, path: name, reason: 'unreadable-image', message: `${name}: broken` },
  });

  it('are counted once and stop the run above the limit', () => {
    const skips = new Skips(0.1);
    const onSkip = skips.forSet('DIR', 20);
    onSkip(skip('a'));
    onSkip(skip('a'));
    onSkip(skip('b'));
    expect(skips.list.map(({ path }) => path)).toEqual(['a', 'b']);
    expect(() => onSkip(skip('c'))).toThrow(/3 of 20 images cannot be read \(a, b, c\)/);
    // Another set has a limit of its own.
    skips.forSet('OTHER', 20)(skip('a'));
    expect(skips.list).toHaveLength(4);
  });
});
