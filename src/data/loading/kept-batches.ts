import { CancelledError } from '../../protocol/errors';
import type { Sample } from '../dataset';
import { loadPixels, type LoadOptions, type PixelBatch } from './load-batches';
import type { Fit } from './messages';

/** How pixels come by: `loadPixels`, or the same of a memory. */
export type PixelLoader = (
  samples: readonly Sample[],
  fit: Fit,
  options: LoadOptions,
) => AsyncGenerator<PixelBatch, void, undefined>;

type Skip = Parameters<LoadOptions['onSkip']>[0];

interface Pass {
  readonly how: string;
  readonly batches: readonly PixelBatch[];
  readonly skips: readonly Skip[];
}

const ROOM = 512 * 1024 * 1024;

/**
 * Images that several models, or one model at several times, are run on in the same order: decoded in the first pass
 * that reaches their end, and kept for the others. Lists that do not fit in the room left are decoded in every pass.
 * What is kept is the very batches of `loadPixels`, which nobody may write to, and its skips, told anew in every pass.
 */
export class KeptBatches {
  private readonly passes = new Map<readonly Sample[], Pass>();
  private room: number;

  /** `room`: the most bytes of pixels that are kept. */
  constructor(room = ROOM) {
    this.room = room;
  }

  /** As `loadPixels`. A list is known by its identity. */
  readonly load: PixelLoader = (samples, fit, options) => this.pass(samples, fit, options);

  private async *pass(
    samples: readonly Sample[],
    fit: Fit,
    options: LoadOptions,
  ): AsyncGenerator<PixelBatch, void, undefined> {
    const { width, height, resize, filter } = fit;
    const how = JSON.stringify([width, height, resize, filter, options.batchSize]);
    const known = this.passes.get(samples);
    if (known?.how === how) {
      for (const skip of known.skips) options.onSkip(skip);
      for (const batch of known.batches) {
        if (options.signal?.aborted) throw new CancelledError();
        yield batch;
      }
      return;
    }
    const bytes = samples.length * width * height * 3;
    if (bytes > this.room) {
      yield* loadPixels(samples, fit, options);
      return;
    }
    const batches: PixelBatch[] = [];
    const skips: Skip[] = [];
    const onSkip = (skip: Skip): void => {
      skips.push(skip);
      options.onSkip(skip);
    };
    for await (const batch of loadPixels(samples, fit, { ...options, onSkip })) {
      batches.push(batch);
      yield batch;
    }
    this.room -= bytes;
    this.passes.set(samples, { how, batches, skips });
  }
}
