/** Mean and standard deviation (ddof = 1) of the finite values; null where there are too few for one. */
export function meanAndStd(values: Iterable<number>): { mean: number | null; std: number | null } {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return { mean: null, std: null };
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  if (finite.length === 1) return { mean, std: null };
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (finite.length - 1)) };
}
