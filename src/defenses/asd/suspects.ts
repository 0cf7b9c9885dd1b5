import { ascending, metaSplitPool, reductions, type CleanPool } from './pools';

/** A sample of the ranked list. */
export interface RankedSample {
  /** Its number. */
  readonly sample: number;
  /** Split loss of its label under the trained model, on the image as it is. */
  readonly loss: number;
  /** By how much a virtual epoch on all labels reduces that loss: high where the label is easy to learn, but not from clean images. */
  readonly score: number;
  /** True in the clean pool of the last meta-split. */
  readonly clean: boolean;
  readonly suspected: boolean;
}

export interface Ranking {
  /** Highest score first; equal scores by number. */
  readonly samples: readonly RankedSample[];
  /** A sample is suspected where its score is above this, and it is not in the clean pool. */
  readonly threshold: number;
}

/**
 * Ranks all samples by the meta-split of the finished model: its split loss before a virtual epoch, less the loss after.
 * Where the model was kept from learning a trigger, poisoned samples have high losses that one epoch on the given labels
 * takes away; images that are merely hard keep theirs. Suspected are the polluted ones above Otsu's threshold between the
 * two groups of scores.
 */
export function rankSamples(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  cleanShare: number,
): Ranking {
  const scores = reductions(before, after);
  const pool: CleanPool = metaSplitPool(before, after, cleanShare);
  const polluted = Array.from(scores).filter((score, sample) => !pool[sample] && Number.isFinite(score));
  const threshold = otsuThreshold(polluted);
  const samples = ascending(scores.map((score) => -score)).map((sample) => {
    const score = scores[sample]!;
    return {
      sample,
      loss: before[sample]!,
      score,
      clean: pool[sample]!,
      suspected: !pool[sample] && score > threshold,
    };
  });
  return { samples, threshold };
}

/**
 * The value that divides numbers into two groups with the largest variance between them (Otsu 1979, eq. 18), exactly:
 * every place between two different numbers is tried. A number above it is in the upper group. Infinity where all are
 * equal: nothing stands out.
 */
export function otsuThreshold(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let best = { between: 0, threshold: Infinity };
  let below = 0;
  for (let n = 1; n < sorted.length; n++) {
    below += sorted[n - 1]!;
    if (sorted[n] === sorted[n - 1]) continue;
    const difference = (total - below) / (sorted.length - n) - below / n;
    const between = n * (sorted.length - n) * difference ** 2;
    if (between > best.between) best = { between, threshold: (sorted[n - 1]! + sorted[n]!) / 2 };
  }
  return best.threshold;
}
