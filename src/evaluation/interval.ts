/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval (Wilson, 1927) of a share at 95 %: [low, high] in percent. It stays within 0…100 and is no
 * point where all or none of `n` hit. Without observations it is all there is: [0, 100].
 */
export function wilson(hits: number, n: number): [low: number, high: number] {
  if (n === 0) return [0, 100];
  const share = hits / n;
  const squared = (Z * Z) / n;
  const centre = (share + squared / 2) / (1 + squared);
  const half = (Z / (1 + squared)) * Math.sqrt((share * (1 - share)) / n + squared / (4 * n));
  // Where nothing (or everything) hits, the bound is 0 (or 1) exactly; the formula misses it by rounding.
  const low = hits === 0 ? 0 : Math.max(0, centre - half);
  const high = hits === n ? 1 : Math.min(1, centre + half);
  return [100 * low, 100 * high];
}

/** hits of n in percent. Throws RangeError for n = 0, which has no share. */
export function percent(hits: number, n: number): number {
  if (n === 0) throw new RangeError('A share of nothing is asked for.');
  return (100 * hits) / n;
}
