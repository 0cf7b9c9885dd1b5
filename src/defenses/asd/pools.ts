/** How a training set is divided: true where a sample is in the clean pool, by its number. The others are polluted. */
export type CleanPool = readonly boolean[];

/**
 * Sample numbers from the lowest value to the highest; equal values by number. A value that is not a number counts as
 * the highest: such a sample is not to be trusted.
 */
export function ascending(values: ArrayLike<number>): number[] {
  const rank = (i: number): number => (Number.isNaN(values[i]!) ? Infinity : values[i]!);
  return Array.from({ length: values.length }, (_, i) => i).sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left === right ? a - b : left < right ? -1 : 1;
  });
}

/**
 * Stage 1 (METHODS.md §3): the seeds, and of each class the `perClass` other samples with the lowest losses (all of a
 * class that has fewer). `losses` and `labels` by sample.
 */
export function classAwarePool(
  losses: ArrayLike<number>,
  labels: ArrayLike<number>,
  seeds: readonly number[],
  perClass: number,
): CleanPool {
  const pool = seedPool(labels.length, seeds);
  if (perClass === 0) return pool;
  const taken = new Map<number, number>();
  for (const sample of ascending(losses)) {
    if (pool[sample]) continue;
    const label = labels[sample]!;
    const n = taken.get(label) ?? 0;
    if (n >= perClass) continue;
    taken.set(label, n + 1);
    pool[sample] = true;
  }
  return pool;
}

/** The clean pool before any loss is known: the seeds alone. */
export function seedPool(size: number, seeds: readonly number[]): boolean[] {
  const pool = new Array<boolean>(size).fill(false);
  for (const seed of seeds) pool[seed] = true;
  return pool;
}

/** Stage 2 (METHODS.md §3): the share of the whole set with the lowest losses, whatever their class; seeds are not forced in. */
export function classAgnosticPool(losses: ArrayLike<number>, share: number): CleanPool {
  return lowest(losses, share);
}

/**
 * Stage 3 (METHODS.md §3): the share of the set whose losses the virtual model's epoch reduced least. Poison is easy to
 * learn, so its losses fall far.
 */
export function metaSplitPool(before: ArrayLike<number>, after: ArrayLike<number>, share: number): CleanPool {
  return lowest(reductions(before, after), share);
}

/** Loss before − loss after, by sample. */
export function reductions(before: ArrayLike<number>, after: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: before.length }, (_, i) => before[i]! - after[i]!);
}

/** The numbers of the samples in the clean pool, and of the others. */
export function sides(pool: CleanPool): { clean: number[]; polluted: number[] } {
  const clean: number[] = [];
  const polluted: number[] = [];
  pool.forEach((isClean, sample) => (isClean ? clean : polluted).push(sample));
  return { clean, polluted };
}

function lowest(values: ArrayLike<number>, share: number): CleanPool {
  const pool = new Array<boolean>(values.length).fill(false);
  for (const sample of ascending(values).slice(0, Math.floor(share * values.length))) pool[sample] = true;
  return pool;
}
