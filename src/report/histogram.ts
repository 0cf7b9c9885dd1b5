import type { Histogram, Layer } from '../protocol/scan';

const MAX_BINS = 40;

/** Bins of a layer's UCLC: Freedman–Diaconis width, between 5 and 40 bins; none for a layer without values. */
export function histogramOf(layer: Pick<Layer, 'uclc'>): Histogram {
  const values = layer.uclc.filter((value) => value !== null).sort((a, b) => a - b);
  const n = values.length;
  if (n === 0) return { edges: [], counts: [] };
  const low = values[0]!;
  const high = values[n - 1]!;
  if (low === high) return { edges: [low, high], counts: [n] };
  const quartile = (share: number): number => values[Math.min(n - 1, Math.floor(share * n))]!;
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Math.cbrt(n);
  const wanted = width > 0 ? Math.ceil((high - low) / width) : MAX_BINS;
  const bins = Math.max(5, Math.min(MAX_BINS, wanted));
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? high : low + ((high - low) * i) / bins,
  );
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
    counts[bin]!++;
  }
  return { edges, counts };
}
