import { formatStatistic, formatU, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';
import type { LayerAtU } from './at-u';
import { splitBins, type Bin } from './bins';

/** What a histogram of one layer shows. */
export interface HistogramData {
  readonly bins: readonly Bin[];
  readonly mean: number | null;
  readonly threshold: number | null;
  /** Ends of the x axis; they stay while u moves, so that only the threshold moves. */
  readonly axis: { readonly min: number; readonly max: number };
}

/** z-scores that the x axis always reaches, so that the default threshold (u = 3) is in view. */
const Z_IN_VIEW = 3.3;

/** A layer as its histogram draws it. */
export function histogramOf({ layer, histogram, outliers, threshold }: LayerAtU): HistogramData {
  const bins = splitBins(histogram, outliers);
  const first = bins[0]?.from ?? 0;
  const last = bins.at(-1)?.to ?? 1;
  const reach = layer.mean === null || layer.std === null ? last : layer.mean + Z_IN_VIEW * layer.std;
  // Bins of no width (every channel equal) still need an axis.
  const max = Math.max(last, reach);
  return {
    bins,
    mean: layer.mean,
    threshold,
    axis: { min: first, max: max > first ? max : first + Math.max(Math.abs(first), 1) / 10 },
  };
}

/** The chart in words: layer, channels, mean, threshold, number of outliers. */
export function describeLayer({ layer, threshold, outliers }: LayerAtU, u: number): string {
  return (
    `Histogram of UCLC in ${visible(layer.name)}: ${plural(layer.channels, 'channel')}, mean ${formatStatistic(layer.mean)}, ` +
    `threshold ${formatStatistic(threshold)} at u = ${formatU(u)}, ${plural(outliers.length, 'outlier')}.`
  );
}
