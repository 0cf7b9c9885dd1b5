import { sampleEvenly, type Sample } from '../data/dataset';
import { loadBatches } from '../data/loading/load-batches';
import { readSample } from '../data/loading/read-sample';
import { openDataset } from '../data/open-dataset';
import { resolvePreprocessing, type ImageSize, type KnownImages } from '../data/preprocessing';
import { Random } from '../data/random';
import { inputDims } from '../data/tensor';
import { DataError, RuntimeError } from '../protocol/errors';
import type { Preprocessing, PreprocessingOptions } from '../protocol/preprocessing';
import type { Agreement } from '../protocol/prune';
import { NO_PREDICTION, predictions, type Classifier } from '../runtime/classifier';

export interface AgreementRequest {
  /** File beside which preprocessing is looked for. */
  readonly modelPath: string;
  /** Of the original's images. Where their size is not, it is that of the first image. */
  readonly known: KnownImages;
  readonly original: Classifier;
  readonly pruned: Classifier;
  /** Folder of images or dataset file; null = random inputs. */
  readonly images: string | null;
  /** At most this many inputs. */
  readonly limit: number;
  readonly seed: number;
  readonly preprocessing: PreprocessingOptions;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => Promise<void>;
}

const BATCH = 64;

/**
 * How often two models predict the same class on the same inputs, in percent, and how their predictions spread over
 * the classes. Without images, inputs are uniform noise in 0…1, normalised as images would be.
 */
export async function measureAgreement(request: AgreementRequest): Promise<Agreement> {
  const { original, pruned, images, seed } = request;
  const shape = original.inputShape;
  const dataset = images === null ? null : await openDataset(images);
  const samples = dataset === null ? [] : sampleEvenly(dataset.samples, request.limit, seed);
  const { preprocessing, warnings } = resolvePreprocessing({
    modelPath: request.modelPath,
    shape,
    options: request.preprocessing,
    known: { ...request.known, size: request.known.size ?? (await firstSize(samples, shape)) },
  });
  const tally = new Tally();
  const skipped: { path: string; reason: string }[] = [];
  const dims = inputDims(preprocessing);
  const compare = async (input: Float32Array, count: number): Promise<void> => {
    const before = await original.scores(input, count, dims);
    const after = await pruned.scores(input, count, dims);
    tally.add(
      predictions(before.scores, before.classes),
      predictions(after.scores, after.classes),
      before.classes,
    );
  };
  if (dataset === null) {
    for (let done = 0; done < request.limit; done += BATCH) {
      await request.onProgress(done, request.limit);
      const count = Math.min(BATCH, request.limit - done);
      await compare(noise(preprocessing, dims, count, seed + done), count);
    }
  } else {
    skipped.push(...dataset.skipped);
    let done = 0;
    const batches = loadBatches(samples, preprocessing, {
      batchSize: BATCH,
      onSkip: ({ sample, failure }) => skipped.push({ path: sample.name, reason: failure.message }),
      ...(request.signal ? { signal: request.signal } : {}),
    });
    for await (const batch of batches) {
      await request.onProgress(done, samples.length);
      await compare(batch.input, batch.samples.length);
      done += batch.samples.length;
    }
    if (tally.n === 0)
      throw new RuntimeError(
        'input-mismatch',
        `None of the ${samples.length} images in ${dataset.root} could be read, so nothing was compared.`,
      );
  }
  return {
    agreement: (100 * tally.same) / tally.n,
    n: tally.n,
    source: images === null ? 'random' : 'images',
    folder: images,
    seed,
    original: tally.original,
    pruned: tally.pruned,
    preprocessing,
    device: original.device,
    skipped,
    warnings,
  };
}

/** Size of the first image, for models that take images of any size; null where it cannot be read. */
async function firstSize(
  samples: readonly Sample[],
  shape: Classifier['inputShape'],
): Promise<ImageSize | null> {
  const [first] = samples;
  if (first === undefined || !shape.slice(1).includes(null)) return null;
  try {
    const { width, height } = await readSample(first.location);
    return { width, height };
  } catch (error) {
    if (error instanceof DataError) return null; // it is met again, and reported, when the images are read
    throw error;
  }
}

/** `count` inputs of uniform noise in 0…1, normalised. */
function noise(
  preprocessing: Preprocessing,
  dims: readonly number[],
  count: number,
  seed: number,
): Float32Array {
  const random = new Random(seed);
  const { mean, std, layout, height, width } = preprocessing;
  const depth = mean.length;
  const area = height * width;
  const size = dims.reduce((product, dim) => product * dim, 1);
  return Float32Array.from({ length: count * size }, (_, i) => {
    const channel = layout === 'nchw' ? Math.floor((i % size) / area) : i % depth;
    return (random.uniform() - mean[channel]!) / std[channel]!;
  });
}

class Tally {
  n = 0;
  same = 0;
  original: number[] = [];
  pruned: number[] = [];

  add(before: Int32Array, after: Int32Array, classes: number): void {
    while (this.original.length < classes) {
      this.original.push(0);
      this.pruned.push(0);
    }
    for (const [i, predicted] of before.entries()) {
      this.n++;
      if (predicted !== NO_PREDICTION) this.original[predicted]!++;
      if (after[i] !== NO_PREDICTION) this.pruned[after[i]!]!++;
      if (predicted !== NO_PREDICTION && predicted === after[i]) this.same++;
    }
  }
}
