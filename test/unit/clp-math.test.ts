import { describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { LargestEigenvalue, spectralNorms } from '../../src/defenses/clp/spectral';
import { meanAndStd } from '../../src/defenses/clp/statistics';
import { largestPossibleZ, outliersAt } from '../../src/protocol/threshold';
import { histogramOf } from '../../src/report/histogram';

/** Reference: power iteration on AᵀA, thousands of steps. */
function normByPowerIteration(a: ArrayLike<number>, rows: number, columns: number): number {
  let x = Array.from({ length: columns }, (_, i) => 1 + 0.1 * Math.sin(i));
  let norm = 0;
  for (let step = 0; step < 20_000; step++) {
    const y = Array.from({ length: rows }, (_, r) =>
      x.reduce((sum, value, c) => sum + a[r * columns + c]! * value, 0),
    );
    const z = Array.from({ length: columns }, (_, c) =>
      y.reduce((sum, value, r) => sum + a[r * columns + c]! * value, 0),
    );
    const length = Math.hypot(...z);
    if (length === 0) return 0;
    if (Math.abs(Math.sqrt(length) - norm) < 1e-15 * norm) break;
    norm = Math.sqrt(length);
    x = z.map((value) => value / length);
  }
  return norm;
}

describe('spectral norms', () => {
  it.each([
    [1, 9],
    [9, 1],
    [2, 2],
    [3, 9],
    [16, 9],
    [64, 25],
    [30, 27],
    [5, 49],
  ])('%i × %i matrices agree with power iteration', (rows, columns) => {
    const random = new Random(rows * 100 + columns);
    const values = Float64Array.from({ length: 4 * rows * columns }, () => random.normal());
    const norms = spectralNorms(values, 4, rows, columns);
    norms.forEach((norm, k) => {
      const wanted = normByPowerIteration(
        values.subarray(k * rows * columns, (k + 1) * rows * columns),
        rows,
        columns,
      );
      expect(Math.abs(norm - wanted)).toBeLessThan(1e-9 * wanted);
    });
  });

  it('hand-computed: [[3, 0], [4, 5]] has largest singular value √45', () => {
    expect(spectralNorms(Float64Array.of(3, 0, 4, 5), 1, 2, 2)[0]).toBeCloseTo(Math.sqrt(45), 14);
  });

  it.each([2, 3, 9, 27])('equal and zero eigenvalues, side %i', (side) => {
    const diagonal = new Float64Array(side * side);
    for (let i = 0; i < side; i++) diagonal[i * side + i] = 2.5;
    expect(new LargestEigenvalue(side).solve(diagonal)).toBeCloseTo(2.5, 14);
    expect(new LargestEigenvalue(side).solve(new Float64Array(side * side).fill(1))).toBeCloseTo(side, 12);
    expect(new LargestEigenvalue(side).solve(new Float64Array(side * side))).toBe(0);
  });

  it('scales from the smallest to the largest floats', () => {
    for (const scale of [1e-140, 1e-20, 1e20, 1e140]) {
      const norm = spectralNorms(
        Float64Array.from([3, 0, 4, 5], (value) => value * scale),
        1,
        2,
        2,
      )[0]!;
      expect(norm / scale).toBeCloseTo(Math.sqrt(45), 12);
    }
  });

  it('is NaN where a value is not finite, and only there', () => {
    const values = new Float32Array(3 * 18).fill(1);
    values[20] = NaN;
    values[40] = Infinity;
    const norms = spectralNorms(values, 3, 2, 9);
    expect(norms[0]).toBeCloseTo(Math.sqrt(18), 6);
    expect([norms[1], norms[2]]).toEqual([NaN, NaN]);
  });
});

describe('statistics of a layer', () => {
  it('mean and std with ddof = 1, hand-computed', () => {
    expect(meanAndStd([1, 2, 3, 4])).toEqual({ mean: 2.5, std: Math.sqrt(5 / 3) });
    expect(meanAndStd([1, NaN, 3, Infinity])).toEqual({ mean: 2, std: Math.SQRT2 });
    expect(meanAndStd([7])).toEqual({ mean: 7, std: null });
    expect(meanAndStd([NaN])).toEqual({ mean: null, std: null });
  });

  it('flags strictly above the threshold, never at it', () => {
    const layer = { mean: 0, std: 1, uclc: [3, 3.0000001, null, -5] };
    expect(outliersAt(layer, 3).map(({ channel }) => channel)).toEqual([1]);
    expect(outliersAt({ mean: 1, std: 0, uclc: [1, 1, 1] }, 0)).toEqual([]);
    expect(outliersAt({ mean: 1, std: null, uclc: [1] }, 0)).toEqual([]);
  });

  it.each([2, 5, 10, 11, 64])(
    'no z-score of %i values exceeds (n − 1)/√n, and one outlier reaches it',
    (n) => {
      const uclc = Array.from({ length: n }, (_, i) => (i === 0 ? 1e6 : 1));
      const { mean, std } = meanAndStd(uclc);
      expect((1e6 - mean!) / std!).toBeCloseTo(largestPossibleZ(n), 9);
    },
  );
});

describe('histograms', () => {
  it('count every value once, in bins from the smallest to the largest', () => {
    const random = new Random(1);
    for (const n of [1, 2, 7, 64, 2048]) {
      const uclc = Array.from({ length: n }, () => Math.exp(random.normal()));
      const { edges, counts } = histogramOf({ uclc: [...uclc, null] });
      expect(counts.reduce((a, b) => a + b, 0)).toBe(n);
      expect(edges.length).toBe(counts.length + 1);
      expect([edges[0], edges.at(-1)]).toEqual([Math.min(...uclc), Math.max(...uclc)]);
      expect(counts.length).toBeLessThanOrEqual(40);
    }
  });

  it('of equal values, and of none', () => {
    expect(histogramOf({ uclc: [2, 2, 2] })).toEqual({ edges: [2, 2], counts: [3] });
    expect(histogramOf({ uclc: [null] })).toEqual({ edges: [], counts: [] });
  });
});
