import type { PixelPool } from '../../data/pixel-pool';
import { inputDims, toTensor } from '../../data/tensor';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { Teacher } from './teacher';

/** What a teacher says of every image of a pool as it is, asked once. */
export interface Remembered {
  /** Logits of the images at `places` of the pool: count × K. */
  at(places: readonly number[]): { logits: Float32Array; classes: number };
}

/** The most that is remembered, in bytes. */
const MEMORY = 512 * 1024 * 1024;

/**
 * Asks the teacher about all images of a pool, in the pool's order, so that a run which continues later remembers the same
 * to the last bit. Null where that would take more than 512 MiB, or where the pool is too large to be held in memory.
 * Throws RuntimeError, TrainingError, and what `onProgress` throws.
 */
export async function remember(
  teacher: Teacher,
  pool: PixelPool,
  preprocessing: Preprocessing,
  batchSize: number,
  onProgress: (share: number) => Promise<void>,
): Promise<Remembered | null> {
  if (!pool.isKept) return null;
  const dims = inputDims(preprocessing);
  const order = Array.from({ length: pool.size }, (_, i) => i);
  let all: Float32Array | null = null;
  let width = 0;
  let done = 0;
  for await (const pixels of pool.batches(order, batchSize)) {
    await onProgress(done / pool.size);
    const size = pixels.length / (preprocessing.width * preprocessing.height * 3);
    const { logits, classes } = await teacher.logits(toTensor(pixels, size, preprocessing), size, dims);
    if (pool.size * classes * Float32Array.BYTES_PER_ELEMENT > MEMORY) return null;
    all ??= new Float32Array(pool.size * classes);
    all.set(logits, done * classes);
    width = classes;
    done += size;
  }
  const memory = all ?? new Float32Array(0);
  return {
    at: (places) => {
      const logits = new Float32Array(places.length * width);
      places.forEach((place, i) =>
        logits.set(memory.subarray(place * width, (place + 1) * width), i * width),
      );
      return { logits, classes: width };
    },
  };
}
