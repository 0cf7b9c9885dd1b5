import { createHash } from 'node:crypto';
import { DataError } from '../protocol/errors';
import type { Sample, Skipped } from './dataset';
import { loadPixels } from './loading/load-batches';
import type { Fit } from './loading/messages';

export interface PoolOptions {
  readonly signal?: AbortSignal;
  readonly onProgress: (done: number, total: number) => Promise<void>;
  /** Pixels are kept in memory up to this many bytes, and decoded anew in every pass beyond. Default: 1 GiB. */
  readonly keep?: number;
  /** Told of every image that can be decoded: its number in the pool, and the SHA-256 of its pixels in base64. */
  readonly onImage?: (index: number, sample: Sample, digest: string) => void;
}

const KEEP = 1024 * 1024 * 1024;
const BATCH = 256;

/** Images that are gone through many times in changing order, decoded and fitted, before augmentation. */
export class PixelPool {
  /** Those that can be decoded. */
  readonly samples: readonly Sample[];
  readonly skipped: readonly Skipped[];
  /** Number of images that differ from all others. */
  readonly distinct: number;
  /** SHA-256 over all pixels, in the order of `samples`. */
  readonly sha256: string;
  private readonly fit: Fit;
  private readonly pixels: Uint8Array | null;

  private constructor(
    fit: Fit,
    loaded: Pick<PixelPool, 'samples' | 'skipped' | 'distinct' | 'sha256'>,
    pixels: Uint8Array | null,
  ) {
    this.fit = fit;
    this.samples = loaded.samples;
    this.skipped = loaded.skipped;
    this.distinct = loaded.distinct;
    this.sha256 = loaded.sha256;
    this.pixels = pixels;
  }

  /**
   * Decodes every image once. Rejects with DataError `no-images` where fewer than two differ, CancelledError where
   * `signal` is aborted.
   */
  static async load(
    root: string,
    samples: readonly Sample[],
    fit: Fit,
    options: PoolOptions,
  ): Promise<PixelPool> {
    const bytes = fit.width * fit.height * 3;
    const kept =
      samples.length * bytes <= (options.keep ?? KEEP) ? new Uint8Array(samples.length * bytes) : null;
    const good: Sample[] = [];
    const skipped: Skipped[] = [];
    const seen = new Set<string>();
    const whole = createHash('sha256');
    const batches = loadPixels(samples, fit, {
      batchSize: BATCH,
      onSkip: ({ sample, failure }) => skipped.push({ path: sample.name, reason: failure.message }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    for await (const { pixels, samples: batch } of batches) {
      kept?.set(pixels, good.length * bytes);
      whole.update(pixels);
      for (const [i, sample] of batch.entries()) {
        const image = pixels.subarray(i * bytes, (i + 1) * bytes);
        const digest = createHash('sha256').update(image).digest('base64');
        seen.add(digest);
        options.onImage?.(good.length + i, sample, digest);
      }
      good.push(...batch);
      await options.onProgress(good.length + skipped.length, samples.length);
    }
    if (seen.size < 2) {
      const what =
        good.length < 2 ? `only ${good.length} of its images can be read` : 'all its images are the same';
      throw new DataError('no-images', root, `${root} cannot be learnt from: ${what}.`);
    }
    const loaded = { samples: good, skipped, distinct: seen.size, sha256: whole.digest('hex') };
    return new PixelPool(fit, loaded, kept?.subarray(0, good.length * bytes) ?? null);
  }

  get size(): number {
    return this.samples.length;
  }

  /** True where all pixels are in memory; otherwise every pass decodes anew, three batches at a time. */
  get isKept(): boolean {
    return this.pixels !== null;
  }

  /** The images at `order`, in batches of count × height × width × 3 bytes. An image that can no longer be read is left out of its batch. */
  async *batches(order: readonly number[], batchSize: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.pixels === null) {
      const wanted = order.map((i) => this.samples[i]!);
      const options = { batchSize, onSkip: () => undefined };
      for await (const { pixels } of loadPixels(wanted, this.fit, options)) yield pixels;
      return;
    }
    const bytes = this.fit.width * this.fit.height * 3;
    for (let start = 0; start < order.length; start += batchSize) {
      const part = order.slice(start, start + batchSize);
      const out = new Uint8Array(part.length * bytes);
      part.forEach((image, i) =>
        out.set(this.pixels!.subarray(image * bytes, (image + 1) * bytes), i * bytes),
      );
      yield out;
    }
  }
}
