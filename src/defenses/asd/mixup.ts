import type { Random } from '../../data/random';

/** λ = max(λ, 1 − λ), λ ~ Beta(α, α): the first image of a pair always has the larger part (Berthelot et al. 2019, eq. 8, 9). */
export function drawLambda(alpha: number, random: Random): number {
  const drawn = random.beta(alpha, alpha);
  return Math.max(drawn, 1 - drawn);
}

/**
 * λ·row + (1 − λ)·row of the partner, of every row (Berthelot et al. 2019, eq. 10, 11).
 *
 * `rows`: N rows of `width` numbers; `partners[i]` is the number of row i's partner. Returns as many, in `order`: row
 * `order[i]` of the mixed ones is the i-th.
 */
export function mixRows(
  rows: Float32Array,
  width: number,
  partners: readonly number[],
  lambda: number,
  order: readonly number[],
): Float32Array {
  const out = new Float32Array(rows.length);
  order.forEach((row, at) => {
    const from = row * width;
    const partner = partners[row]! * width;
    const to = at * width;
    for (let i = 0; i < width; i++)
      out[to + i] = lambda * rows[from + i]! + (1 - lambda) * rows[partner + i]!;
  });
  return out;
}

/**
 * Row numbers dealt out to `parts` parts like cards, part after part: each then has its share of labelled and unlabelled
 * rows, so that the batch statistics of every part see both pools (METHODS.md §3).
 */
export function dealt(rows: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, part) =>
    Array.from({ length: Math.ceil((rows - part) / parts) }, (_, i) => part + i * parts),
  ).flat();
}
