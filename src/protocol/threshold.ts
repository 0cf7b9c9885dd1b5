import type { Layer, Outlier } from './scan';

/** The default u of CLP (Zheng et al., ECCV 2022). */
export const DEFAULT_U = 3;
/** u of CLP before BCU: every trigger of the networks in docs/cleansing.md fell with it, and at u = 3 not all of them. */
export const COMBINED_U = 2;

/** mean + u·std, or null where the layer has no statistics (METHODS.md §1). */
export function thresholdAt(layer: Pick<Layer, 'mean' | 'std'>, u: number): number | null {
  return layer.mean === null || layer.std === null ? null : layer.mean + u * layer.std;
}

/**
 * The channels whose UCLC lies strictly above mean + u·std, in channel order. Lives with the protocol because the
 * engine and the panel must draw the same line: the panel moves u without asking the engine.
 */
export function outliersAt(layer: Pick<Layer, 'mean' | 'std' | 'uclc'>, u: number): Outlier[] {
  const { mean, std } = layer;
  const threshold = thresholdAt(layer, u);
  if (mean === null || std === null || threshold === null) return [];
  const outliers: Outlier[] = [];
  layer.uclc.forEach((uclc, channel) => {
    if (uclc !== null && uclc > threshold) outliers.push({ channel, uclc, z: (uclc - mean) / std });
  });
  return outliers;
}

/** The largest z-score that one of n values can have, (n − 1)/√n with ddof = 1: at or above it nothing is flagged. */
export function largestPossibleZ(n: number): number {
  return n < 2 ? 0 : (n - 1) / Math.sqrt(n);
}
