/** How many inputs one class was predicted for, by the original and by the pruned model. */
export interface ClassCount {
  readonly index: number;
  readonly original: number;
  readonly pruned: number;
}

/** Counts a class, for every class that either model predicted at least once. */
export function classCounts(original: readonly number[], pruned: readonly number[]): ClassCount[] {
  return Array.from({ length: Math.max(original.length, pruned.length) }, (_, index) => ({
    index,
    original: original[index] ?? 0,
    pruned: pruned[index] ?? 0,
  })).filter((count) => count.original > 0 || count.pruned > 0);
}

/** The `limit` most predicted classes, in class order: a chart of 1000 bars says nothing. */
export function mostPredicted(counts: readonly ClassCount[], limit: number): ClassCount[] {
  const weight = (count: ClassCount): number => Math.max(count.original, count.pruned);
  return [...counts]
    .sort((a, b) => weight(b) - weight(a) || a.index - b.index)
    .slice(0, limit)
    .sort((a, b) => a.index - b.index);
}
