import { readNpy, isNpy } from '../data/formats/npy';
import { Random } from '../data/random';
import { readRange } from '../data/read-range';
import type { Attack } from '../protocol/attack';
import { DataError, UsageError, messageOf } from '../protocol/errors';
import { pixelTrigger, toByte, type ImageSize, type Trigger } from './trigger';
import { sampleImage, sampling, upsampleBicubic } from './warp';

const MAX_POINT_BYTES = 16 * 1024 * 1024;

/**
 * WaNet (Nguyen and Tran, ICLR 2021): the image is warped along a smooth field. Warping does not depend on how values
 * are scaled, so it is done on 0…255 and then rounded. Throws DataError or UsageError where the control points cannot
 * be read.
 */
export function wanetTrigger(attack: Extract<Attack, { kind: 'wanet' }>, size: ImageSize): Trigger {
  const points = attack.points === null ? drawPoints(attack.k, attack.seed) : readPoints(attack.points);
  const where = sampling(warpGrid(points, attack.s, size), size);
  const area = size.width * size.height * 3;
  return pixelTrigger((pixels, count) => {
    const out = new Uint8Array(count * area);
    for (let n = 0; n < count; n++) {
      const warped = sampleImage(pixels.subarray(n * area, (n + 1) * area), where, 3);
      for (let i = 0; i < area; i++) out[n * area + i] = toByte(warped[i]!);
    }
    return out;
  });
}

/** The x of k × k points, then their y: a 2 × k × k field. */
export interface ControlPoints {
  readonly k: number;
  readonly values: Float64Array;
}

/** P ~ U[−1, 1], drawn with the seed. */
function drawPoints(k: number, seed: number): ControlPoints {
  const random = new Random(seed);
  return { k, values: Float64Array.from({ length: 2 * k * k }, () => 2 * random.uniform() - 1) };
}

/**
 * grid = clamp(identity + s·P/H, −1, 1), P divided by the mean of its absolute values and enlarged (METHODS.md §4).
 * Returns all x, then all y, height × width each.
 */
export function warpGrid({ k, values }: ControlPoints, s: number, size: ImageSize): Float64Array {
  const { width, height } = size;
  const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  const area = width * height;
  const grid = new Float64Array(2 * area);
  for (const axis of [0, 1]) {
    const field = values.subarray(axis * k * k, (axis + 1) * k * k);
    const flow = upsampleBicubic(
      field.map((value) => value / mean),
      k,
      size,
    );
    for (let i = 0; i < area; i++) {
      const [position, last] = axis === 0 ? [i % width, width - 1] : [Math.floor(i / width), height - 1];
      const identity = last === 0 ? -1 : -1 + (2 * position) / last;
      grid[axis * area + i] = Math.min(1, Math.max(-1, identity + (s * flow[i]!) / height));
    }
  }
  return grid;
}

/**
 * Control points from a file: a NumPy array (.npy) or nested JSON lists, of shape 2 × k × k or 1 × 2 × k × k, before or
 * after division by their mean (which changes nothing).
 */
function readPoints(file: string): ControlPoints {
  const bytes = readRange(file, 0, null, MAX_POINT_BYTES);
  const values = isNpy(bytes)
    ? Float64Array.from(readNpy(bytes, file).values, Number)
    : Float64Array.from(readJson(bytes, file));
  const k = Math.sqrt(values.length / 2);
  if (!Number.isInteger(k) || k < 2 || k > 256 || values.some((value) => !Number.isFinite(value)))
    throw new UsageError(
      'bad-value',
      `${file} holds ${values.length} numbers; WaNet's control points are 2 × k × k finite ones, k from 2 to 256.`,
    );
  if (values.every((value) => value === 0))
    throw new UsageError('bad-value', `${file} holds zeros only, which warp nothing.`);
  return { k, values };
}

function readJson(bytes: Buffer, file: string): number[] {
  let nested: unknown;
  try {
    nested = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new DataError(
      'unreadable-image',
      file,
      `${file} is neither a NumPy array (.npy) nor JSON: ${messageOf(cause)}.`,
      { cause },
    );
  }
  const flat: unknown[] = Array.isArray(nested) ? nested.flat(4) : [];
  return flat.map((value) => (typeof value === 'number' ? value : NaN));
}
