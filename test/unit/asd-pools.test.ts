import { describe, expect, it } from 'vitest';
import { lossHistogram, meanLosses } from '../../src/defenses/asd/loss-histogram';
import {
  ascending,
  classAgnosticPool,
  classAwarePool,
  metaSplitPool,
  sides,
} from '../../src/defenses/asd/pools';
import { lambdaAt, poolGrowth, stageOf, totalEpochs } from '../../src/defenses/asd/settings';
import { otsuThreshold, rankSamples } from '../../src/defenses/asd/suspects';
import { PAPER } from '../../src/protocol/split-schedules';

describe('the pools of ASD', () => {
  const labels = [0, 0, 0, 0, 1, 1, 1, 1];
  const losses = [0.9, 0.1, 0.5, 0.3, 4, 1, 3, 2];

  it('class-aware: the seeds and the lowest losses of each class beside them', () => {
    expect(sides(classAwarePool(losses, labels, [0, 4], 0)).clean).toEqual([0, 4]);
    expect(sides(classAwarePool(losses, labels, [1, 4], 2))).toEqual({
      clean: [1, 2, 3, 4, 5, 7],
      polluted: [0, 6],
    });
  });

  it('class-aware: takes all of a class that has too few', () => {
    expect(sides(classAwarePool([1, 2, 3], [0, 0, 1], [0], 5)).polluted).toEqual([]);
  });

  it('class-agnostic: the lowest share of all, seeds or not', () => {
    expect(sides(classAgnosticPool(losses, 0.5)).clean).toEqual([0, 1, 2, 3]);
    expect(sides(classAgnosticPool([3, 1, 2], 0.5)).clean).toEqual([1]);
  });

  it('meta-split: the share whose losses fell least, rises among them', () => {
    const after = [0.9, 0.2, 0.1, 0.2, 0.5, 1.5, 2.9, 0];
    // Reductions: 0, −0.1, 0.4, 0.1, 3.5, −0.5, 0.1, 2
    expect(sides(metaSplitPool(losses, after, 0.5)).clean).toEqual([0, 1, 3, 5]);
  });

  it('takes equal losses by number, and those that are not numbers last', () => {
    expect(ascending([1, NaN, 0, 1, Infinity])).toEqual([2, 0, 3, 1, 4]);
  });
});

describe('the schedule of the paper (METHODS.md §3)', () => {
  it('has 60, 30 and 30 epochs', () => {
    expect(totalEpochs(PAPER)).toBe(120);
    expect([0, 59, 60, 89, 90, 119].map((epoch) => stageOf(epoch, PAPER))).toEqual([
      'class-aware',
      'class-aware',
      'class-agnostic',
      'class-agnostic',
      'meta-split',
      'meta-split',
    ]);
  });

  it('grows by 10 a class every 5 epochs, not in the first', () => {
    expect([0, 4, 5, 9, 10, 59].map((epoch) => poolGrowth(epoch, PAPER))).toEqual([0, 0, 10, 10, 20, 110]);
  });

  it('raises the weight of the unlabelled loss to 15', () => {
    expect(lambdaAt(0, 0, PAPER)).toBe(0);
    expect(lambdaAt(60, 512, PAPER)).toBeCloseTo((15 * 60.5) / 120, 12);
    expect(lambdaAt(119, 1024, PAPER)).toBe(15);
  });
});

describe('histograms of the pools', () => {
  it('share their bins and count every finite loss once', () => {
    const losses = [0, 1, 2, 32, NaN];
    const { edges, clean, polluted } = lossHistogram(losses, [true, true, false, false, true]);
    expect(edges[0]).toBe(0);
    expect(edges.at(-1)).toBe(32);
    expect(clean.slice(0, 3)).toEqual([1, 1, 0]);
    expect(polluted[2]).toBe(1);
    expect(polluted.at(-1)).toBe(1);
    expect([...clean, ...polluted].reduce((a, b) => a + b)).toBe(4);
  });

  it('one bin where all losses are equal, none where there are none', () => {
    expect(lossHistogram([2, 2], [true, false])).toEqual({ edges: [2, 2], clean: [1], polluted: [1] });
    expect(lossHistogram([NaN], [true]).edges).toEqual([]);
  });

  it('means are null for an empty pool', () => {
    expect(meanLosses([1, 3], [true, true])).toEqual({ cleanLoss: 2, pollutedLoss: null });
  });
});

describe('the ranking', () => {
  it("Otsu's threshold divides two groups, by exhaustive comparison", () => {
    const values = [0.1, 0.4, 0.2, 7, 0.3, 8, 6.5, 0.25];
    const between = (t: number): number => {
      const low = values.filter((value) => value <= t);
      const high = values.filter((value) => value > t);
      if (low.length === 0 || high.length === 0) return 0;
      const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b) / list.length;
      return low.length * high.length * (mean(high) - mean(low)) ** 2;
    };
    const best = Math.max(...values.map(between));
    expect(between(otsuThreshold(values))).toBe(best);
    expect(otsuThreshold(values)).toBeCloseTo((0.4 + 6.5) / 2, 12);
  });

  it('suspects nothing where nothing stands out', () => {
    expect(otsuThreshold([1, 1, 1])).toBe(Infinity);
    expect(rankSamples([1, 1, 1, 1], [1, 1, 1, 1], 0.5).samples.filter((s) => s.suspected)).toEqual([]);
  });

  it('suspects contradicted labels, and puts those first that one epoch can learn', () => {
    //               known, known, hard, poison, poison, hard
    const before = [0.1, 0.2, 8, 9, 9.5, 9.2];
    const after = [0.1, 0.1, 7.5, 0.2, 0.1, 9.1];
    const { samples, threshold } = rankSamples(before, after, 0.5);
    expect(samples.map(({ sample }) => sample)).toEqual([4, 3, 2, 5, 1, 0]);
    expect(samples.map(({ suspected }) => suspected)).toEqual([true, true, true, true, false, false]);
    expect(threshold).toBeCloseTo(4.1, 12);
    // The reductions: 0, 0.1, 0.5, 8.8, 9.4, 0.1
    expect(samples.filter(({ clean }) => clean).map(({ sample }) => sample)).toEqual([5, 1, 0]);
  });

  it('suspects a sample whose loss is not a number', () => {
    const { samples } = rankSamples([0, 1, 9, NaN], [0, 1, 9, 0], 0.5);
    expect(samples.filter(({ suspected }) => suspected).map(({ sample }) => sample)).toEqual([2, 3]);
  });
});
