import type { Sample, Skipped } from '../data/dataset';
import type { DecodeFailure } from '../data/loading/messages';
import { DataError } from '../protocol/errors';
import { listShort, visible } from '../protocol/wording';

/** Share of unreadable images above which a run stops. */
export const UNREADABLE_LIMIT = 0.1;

/** Collects images that cannot be read, and stops the run where they are too many. */
export class Skips {
  readonly list: Skipped[] = [];
  private readonly seen = new Set<string>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /**
   * What `loadPixels` is to call for a set of `total` images. Throws DataError `unreadable-image` once more than the
   * limit's share of them has failed.
   */
  forSet(root: string, total: number): (skipped: { sample: Sample; failure: DecodeFailure }) => void {
    const names: string[] = [];
    return ({ sample, failure }) => {
      const key = `${root}\0${sample.name}`;
      // A sweep reads the same images again and again.
      if (this.seen.has(key)) return;
      this.seen.add(key);
      this.list.push({ path: sample.name, reason: failure.message });
      names.push(visible(sample.name, 80));
      if (names.length <= this.limit * total) return;
      throw new DataError(
        'unreadable-image',
        root,
        `${root}: ${names.length} of ${total} images cannot be read (${listShort(names, 3)}), more than the ${this.limit * 100} % that a run puts up with. The first: ${visible(this.list.at(-names.length)!.reason, 200)}`,
      );
    };
  }
}
