import { ascending, metaSplitPool, reductions, type CleanPool } from './pools';

/** A sample of the ranked list. */
export interface RankedSample {
  /** Its number. */
  readonly sample: number;
  /** Split loss of its label under the trained model, on the image as it is. */
  readonly loss: number;
  /** By how much a virtual epoch on all labels reduces that loss: high where a label is easy to learn, though not from trusted images. */
  readonly score: number;
  /** True in the clean pool of a last meta-split. */
  readonly clean: boolean;
  readonly suspected: boolean;
}

export interface Ranking {
  /** The suspected ones first, then by score, the highest first, then by number. */
  readonly samples: readonly RankedSample[];
  /** A sample is suspected where its loss is above this. */
  readonly threshold: number;
}

/**
 * Ranks all samples by the finished model. Suspected are those whose label it contradicts: their split loss is above
 * Otsu's threshold. (The split loss is nearly (1 − p)·9.21, so its values gather at both ends.) A model that was kept
 * from learning a trigger contradicts the label of every poisoned sample; it contradicts hard and mislabelled images
 * too. Of the suspected, those come first whose loss one virtual epoch on all labels takes away, as in the meta-split:
 * a trigger is easy to learn, a hard image is not.
 *
 * `before`, `after`: split losses of the model and of its virtual copy.
 */
export function rankSamples(before: ArrayLike<number>, after: ArrayLike<number>, metaShare: number): Ranking {
  const scores = reductions(before, after);
  const pool: CleanPool = metaSplitPool(before, after, metaShare);
  const threshold = otsuThreshold(Array.from(before).filter((loss) => Number.isFinite(loss)));
  const ranked = ascending(scores.map((score) => -score)).map((sample) => ({
    sample,
    loss: before[sample]!,
    score: scores[sample]!,
    clean: pool[sample]!,
    // A loss that is no number is no reason to trust a sample.
    suspected: !(before[sample]! <= threshold),
  }));
  const isSuspected = ({ suspected }: RankedSample): boolean => suspected;
  return {
    samples: [...ranked.filter(isSuspected), ...ranked.filter((sample) => !isSuspected(sample))],
    threshold,
  };
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
