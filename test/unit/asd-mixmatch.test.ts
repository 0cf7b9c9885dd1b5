import { describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { guessLabels, oneHot, sharpen, softmax } from '../../src/defenses/asd/guess';
import { dealt, drawLambda, mixRows } from '../../src/defenses/asd/mixup';
import { deal } from '../../src/defenses/asd/training-set';

describe('guesses', () => {
  it('softmax does not overflow, and has the known values', () => {
    const out = softmax(Float32Array.of(1, 2, 3, 1000, 1000, 0), 3);
    [0.09003057, 0.24472847, 0.66524096, 0.5, 0.5, 0].forEach((p, i) => expect(out[i]).toBeCloseTo(p, 7));
  });

  it('are the mean of the views, sharpened by T', () => {
    // Two views of one image: (0.8, 0.2) and (0.4, 0.6); mean (0.6, 0.4); T = 0.5: 0.36/0.52, 0.16/0.52
    const views = [
      Float32Array.of(Math.log(0.8), Math.log(0.2)),
      Float32Array.of(Math.log(0.4), Math.log(0.6)),
    ];
    const guess = guessLabels(views, 2, 0.5);
    expect(guess[0]).toBeCloseTo(0.36 / 0.52, 6);
    expect(guess[1]).toBeCloseTo(0.16 / 0.52, 6);
  });

  it('T = 1 leaves them, T towards 0 makes them hard', () => {
    const p = Float32Array.of(0.5, 0.3, 0.2);
    sharpen(p, 3, 1).forEach((value, i) => expect(value).toBeCloseTo(p[i]!, 6));
    expect(sharpen(p, 3, 0.02)[0]).toBeCloseTo(1, 6);
  });

  it('one-hot rows', () => {
    expect([...oneHot([2, 0], 3)]).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

describe('mixup', () => {
  it('mixes each row with its partner and puts the rows in order', () => {
    const rows = Float32Array.of(0, 10, 100, 110, 200, 210);
    const mixed = mixRows(rows, 2, [1, 2, 0], 0.75, [2, 0, 1]);
    expect([...mixed]).toEqual([150, 160, 25, 35, 125, 135]);
  });

  it('λ is at least one half, with the mean that Beta(0.75, 0.75) gives it', () => {
    const random = new Random(1);
    const drawn = Array.from({ length: 20_000 }, () => drawLambda(0.75, random));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.5);
    // E max(λ, 1 − λ) of Beta(0.75, 0.75), by numerical integration: 0.778
    expect(drawn.reduce((a, b) => a + b) / drawn.length).toBeCloseTo(0.778, 2);
  });

  it('deals rows out so that every part has its share of each pool', () => {
    const order = dealt(192, 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 192 }, (_, i) => i));
    for (let part = 0; part < 3; part++) {
      const labelled = order.slice(part * 64, (part + 1) * 64).filter((row) => row < 64).length;
      expect([21, 22]).toContain(labelled);
    }
    expect(dealt(7, 3)).toEqual([0, 3, 6, 1, 4, 2, 5]);
  });
});

describe('draws', () => {
  it('beta and gamma have their moments', () => {
    const random = new Random(2);
    const n = 40_000;
    for (const [a, b] of [
      [0.75, 0.75],
      [2, 5],
      [0.3, 1],
    ] as const) {
      const drawn = Array.from({ length: n }, () => random.beta(a, b));
      const mean = drawn.reduce((x, y) => x + y) / n;
      const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
      expect(mean).toBeCloseTo(a / (a + b), 1.7);
      expect(variance).toBeCloseTo((a * b) / ((a + b) ** 2 * (a + b + 1)), 2);
    }
    const gammas = Array.from({ length: n }, () => random.gamma(2.5));
    expect(gammas.reduce((x, y) => x + y) / n).toBeCloseTo(2.5, 1);
    expect(() => random.gamma(0)).toThrow(RangeError);
  });

  it('a deck is dealt to the last card before it is shuffled again', () => {
    const drawn = deal([3, 5, 8], 7, new Random(4));
    expect(drawn).toHaveLength(7);
    expect(new Set(drawn.slice(0, 3))).toEqual(new Set([3, 5, 8]));
    expect(new Set(drawn.slice(3, 6))).toEqual(new Set([3, 5, 8]));
    expect(deal([], 5, new Random(0))).toEqual([]);
  });
});
