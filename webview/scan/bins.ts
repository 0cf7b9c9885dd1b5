import type { Histogram } from '../../src/protocol/scan';

/** One bar: how many values lie in [from, to), the last bin including its upper edge. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** How many of them are outliers: a threshold falls within a bin, not on an edge. */
  readonly outliers: number;
}

/** The bin that holds `value`; values outside go to the nearest bin. `edges` holds at least two numbers. */
export function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The engine's bins with the outliers of the present u told apart. */
export function splitBins(histogram: Histogram, outliers: readonly { readonly uclc: number }[]): Bin[] {
  const { edges, counts } = histogram;
  const above = new Array<number>(counts.length).fill(0);
  if (edges.length >= 2) for (const { uclc } of outliers) above[binOf(edges, uclc)]! += 1;
  return counts.map((count, index) => ({
    from: edges[index]!,
    to: edges[index + 1]!,
    count,
    outliers: Math.min(count, above[index]!),
  }));
}

/** Counts of two sets of values over the same equal bins, so that they can be drawn on one axis. */
export function sharedBins(
  left: readonly (number | null)[],
  right: readonly (number | null)[],
  bins: number,
): { edges: number[]; left: number[]; right: number[] } {
  const finite = [...left, ...right].filter((value) => value !== null);
  if (finite.length === 0) return { edges: [], left: [], right: [] };
  let low = Infinity;
  let high = -Infinity;
  for (const value of finite) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const width = high > low ? (high - low) / bins : Math.max(Math.abs(low), 1) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, index) => low + index * width);
  const count = (values: readonly (number | null)[]): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) if (value !== null) counts[binOf(edges, value)]! += 1;
    return counts;
  };
  return { edges, left: count(left), right: count(right) };
}
