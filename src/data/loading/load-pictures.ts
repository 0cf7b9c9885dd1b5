import type { Sample } from '../dataset';
import type { Image } from '../image';
import { DecodeWorker } from './decode-worker';
import { rejectOnAbort } from './load-batches';

/** Decoded at once: what is held is bounded by this and the size asked for. */
const BATCH = 24;

/**
 * Pictures to look at: decoded in a thread of their own, whole and in their proportions, the longer side `longest`
 * pixels at most. Null for a sample that cannot be decoded. Rejects with CancelledError where `signal` is aborted.
 */
export async function loadPictures(
  samples: readonly Sample[],
  longest: number,
  signal: AbortSignal,
): Promise<(Image | null)[]> {
  if (samples.length === 0) return [];
  const worker = new DecodeWorker();
  const aborted = rejectOnAbort(signal);
  try {
    const pictures = new Array<Image | null>(samples.length).fill(null);
    for (let start = 0; start < samples.length; start += BATCH) {
      const locations = samples.slice(start, start + BATCH).map(({ location }) => location);
      const reply = worker.decode({ locations, fit: { longest } });
      const { pixels, decoded, sizes } = await Promise.race([aborted.promise, reply]);
      let at = 0;
      decoded.forEach((index, i) => {
        const { width, height } = sizes[i]!;
        const end = at + width * height * 3;
        pictures[start + index] = { width, height, data: pixels.subarray(at, end) };
        at = end;
      });
    }
    return pictures;
  } finally {
    aborted.dispose();
    await worker.stop();
  }
}
