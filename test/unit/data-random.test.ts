import { describe, expect, it } from 'vitest';
import { Random, splitmix64 } from '../../src/data/random';

const take = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

describe('Random', () => {
  it("is xoshiro128** 1.1: the output of its authors' C code", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    expect(take(10, () => random.bits())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('is seeded by SplitMix64', () => {
    // Published with the reference implementation, seed 1234567.
    const next = splitmix64(1234567n);
    expect([next(), next(), next(), next(), next()]).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
    const state = splitmix64(42n);
    const [low, high] = [state(), state()];
    const words = [low, low >> 32n, high, high >> 32n].map((word) => Number(word & 0xffffffffn));
    const same = Random.fromState(words as [number, number, number, number]);
    const random = new Random(42);
    expect(take(5, () => random.bits())).toEqual(take(5, () => same.bits()));
  });

  it("jumps 2^64 steps ahead of a fork, as the authors' jump function does", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    const child = random.fork();
    expect(child.bits()).toBe(11520);
    // State after jump() in xoshiro128starstar.c, compiled and run.
    const after = Random.fromState([2843103750, 2038079848, 1533207345, 44816753]);
    expect(take(8, () => random.bits())).toEqual(take(8, () => after.bits()));
  });

  it('repeats itself for a seed and differs between seeds, negative ones too', () => {
    const first = [0, 1, -1, Number.MAX_SAFE_INTEGER].map((seed) => new Random(seed).bits());
    expect(new Set(first).size).toBe(4);
    expect([0, 1, -1, Number.MAX_SAFE_INTEGER].map((seed) => new Random(seed).bits())).toEqual(first);
    expect(() => new Random(0.5)).toThrow(RangeError);
    expect(() => new Random(Number.NaN)).toThrow(RangeError);
    expect(() => Random.fromState([0, 0, 0, 0])).toThrow(RangeError);
  });

  it('draws uniform, Bernoulli and normal values with the right moments', () => {
    const n = 200_000;
    const random = new Random(3);
    const uniform = take(n, () => random.uniform());
    expect(Math.min(...uniform.slice(0, 100_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform.slice(0, 100_000))).toBeLessThan(1);
    const moment = (values: number[], power: number) => values.reduce((sum, x) => sum + x ** power, 0) / n;
    // Five standard errors.
    const within = (value: number, wanted: number, deviation: number) =>
      expect(Math.abs(value - wanted)).toBeLessThan((5 * deviation) / Math.sqrt(n));
    within(moment(uniform, 1), 1 / 2, Math.sqrt(1 / 12));
    within(moment(uniform, 2), 1 / 3, Math.sqrt(4 / 45));
    within(
      take(n, () => Number(random.bernoulli(0.03))).reduce((a, b) => a + b) / n,
      0.03,
      Math.sqrt(0.03 * 0.97),
    );
    const normal = take(n, () => random.normal());
    within(moment(normal, 1), 0, 1);
    within(moment(normal, 2), 1, Math.sqrt(2));
    within(moment(normal, 3), 0, Math.sqrt(15));
    within(moment(normal, 4), 3, Math.sqrt(96));
  });

  it('draws integers without modulo bias', () => {
    // 3·2^30: taking the remainder of 32 bits would draw the lower third twice as often.
    const bound = 3 * 2 ** 30;
    const random = new Random(5);
    const n = 30_000;
    const lower = take(n, () => random.integer(bound)).filter((value) => value < bound / 3).length;
    expect(Math.abs(lower / n - 1 / 3)).toBeLessThan(0.015);
    expect(random.integer(1)).toBe(0);
    for (const wrong of [0, -1, 1.5, 2 ** 32 + 1]) expect(() => random.integer(wrong)).toThrow(RangeError);
  });

  it('shuffles into every order equally often', () => {
    const random = new Random(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // Chi-squared with 23 degrees of freedom: 49.7 at p = 0.001.
    const chi = [...counts.values()].reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(49.7);
  });
});
