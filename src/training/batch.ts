import type { HostTensor } from '../runtime/training-session';
import { TrainingError } from './errors';
import { sizeOf } from './graph/shape';
import type { LossInput } from './losses';
import type { ImageBatch } from './norms/channel-statistics';

/** What one step learns from. */
export interface Batch extends ImageBatch {
  /** What the loss needs, by name: N × K scores, N labels, N sample weights. */
  readonly targets: Readonly<Record<string, ArrayLike<number>>>;
}

/** Throws TrainingError `bad-input` where a batch is not of images of this shape, or lacks what the loss needs. */
export function checkBatch(
  { size, images, targets }: Batch,
  image: readonly number[],
  needed: ReadonlyMap<string, LossInput>,
): void {
  const problem = (what: string): TrainingError =>
    new TrainingError('bad-input', `The batch does not fit: ${what}.`);
  if (!Number.isSafeInteger(size) || size < 1) throw problem(`it has ${size} samples`);
  const pixels = sizeOf(image);
  if (images.length !== size * pixels)
    throw problem(
      `${size} images of ${image.join(' × ')} have ${size * pixels} values, not ${images.length}`,
    );
  for (const [name, kind] of needed) {
    const values = targets[name];
    if (!values) throw problem(`the loss needs '${name}'`);
    const fits = kind === 'scores' ? values.length % size === 0 && values.length > 0 : values.length === size;
    if (!fits) throw problem(`'${name}' has ${values.length} values for ${size} samples`);
  }
}

/** Samples `start` to `end` of a checked batch, as the graph takes them. */
export function imagesOf(
  { images }: Batch,
  image: readonly number[],
  start: number,
  end: number,
): HostTensor {
  const pixels = sizeOf(image);
  const data = images.subarray(start * pixels, end * pixels);
  return { dtype: 'float32', shape: [end - start, ...image], data };
}

/** What the loss needs by one name, of samples `start` to `end` of a checked batch. */
export function targetsOf(
  { size, targets }: Batch,
  name: string,
  kind: LossInput,
  start: number,
  end: number,
): HostTensor {
  const values = targets[name]!;
  const width = values.length / size;
  const part = Array.prototype.slice.call(values, start * width, end * width) as number[];
  const samples = end - start;
  if (kind === 'labels') return { dtype: 'int64', shape: [samples], data: BigInt64Array.from(part, BigInt) };
  const shape = kind === 'scores' ? [samples, part.length / Math.max(1, samples)] : [samples];
  return { dtype: 'float32', shape, data: Float32Array.from(part) };
}
