import { CancelledError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { Sample } from '../dataset';
import { toTensor } from '../tensor';
import { DecodeWorker } from './decode-worker';
import type { DecodeFailure, DecodeReply, Fit } from './messages';

export interface LoadOptions {
  /** Images a batch; batches with undecodable images are smaller, and empty ones are not yielded. */
  batchSize: number;
  /** Called once for every image that cannot be decoded. Nothing is dropped silently. */
  onSkip: (skipped: { sample: Sample; failure: DecodeFailure }) => void;
  signal?: AbortSignal;
}

/** Images as the model sees them before normalisation: the form that triggers and augmentation act on. */
export interface PixelBatch {
  /** count × height × width × 3 bytes, RGB. */
  pixels: Uint8Array<ArrayBuffer>;
  samples: Sample[];
}

export interface Batch {
  /** count × C × H × W or count × H × W × C, normalised. */
  input: Float32Array;
  /** Class of each image; null where the dataset has no labels. */
  labels: (number | null)[];
  samples: Sample[];
}

/** Batches decoded ahead of the consumer: two keep a thread busy while the model runs; more only take memory. */
const PREFETCH = 2;

/**
 * Reads, decodes and fits images in a thread of its own, ahead of the consumer, in the order of `samples`. Memory holds
 * three batches at most, however many samples there are. Leaving the loop early ends the thread.
 *
 * Rejects with CancelledError where `signal` is aborted, at once even in the middle of an image.
 */
export async function* loadPixels(
  samples: readonly Sample[],
  fit: Fit,
  { batchSize, onSkip, signal }: LoadOptions,
): AsyncGenerator<PixelBatch, void, undefined> {
  if (samples.length === 0) return;
  if (signal?.aborted) throw new CancelledError();
  const worker = new DecodeWorker();
  const aborted = rejectOnAbort(signal);
  try {
    const queue: { batch: readonly Sample[]; reply: Promise<DecodeReply> }[] = [];
    let next = 0;
    const request = (): void => {
      if (next >= samples.length) return;
      const batch = samples.slice(next, next + batchSize);
      next += batch.length;
      const reply = worker.decode({
        locations: batch.map(({ location }) => location),
        fit: { width: fit.width, height: fit.height, resize: fit.resize, filter: fit.filter },
      });
      // A failure is met when its turn comes; until then it must not count as unhandled.
      reply.catch(() => undefined);
      queue.push({ batch, reply });
    };
    for (let ahead = 0; ahead < PREFETCH; ahead++) request();
    for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
      const { batch } = current;
      const { pixels, decoded, failures } = await Promise.race([aborted.promise, current.reply]);
      request();
      for (const failure of failures) onSkip({ sample: batch[failure.index]!, failure });
      if (decoded.length > 0) yield { pixels, samples: decoded.map((index) => batch[index]!) };
    }
  } finally {
    aborted.dispose();
    await worker.stop();
  }
}

/** `loadPixels`, then normalised into the model's input. */
export async function* loadBatches(
  samples: readonly Sample[],
  preprocessing: Preprocessing,
  options: LoadOptions,
): AsyncGenerator<Batch, void, undefined> {
  for await (const { pixels, samples: batch } of loadPixels(samples, preprocessing, options)) {
    yield {
      input: toTensor(pixels, batch.length, preprocessing),
      labels: batch.map(({ label }) => label),
      samples: batch,
    };
  }
}

/** A promise that rejects with CancelledError once `signal` is aborted. */
export function rejectOnAbort(signal: AbortSignal | undefined): {
  promise: Promise<never>;
  dispose: () => void;
} {
  let onAbort = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => reject(new CancelledError());
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, dispose: () => signal?.removeEventListener('abort', onAbort) };
}
