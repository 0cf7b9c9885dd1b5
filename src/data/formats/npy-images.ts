import { DataError } from '../../protocol/errors';
import type { Dataset, PixelOrder, Sample } from '../dataset';
import type { NpyHeader, NpyValues } from './npy';

const MAX_CLASSES = 100_000;

/** What an array of images holds. */
export interface ImageShape {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly order: PixelOrder;
}

/** Where the first pixel lies: in the file itself, or in memory that threads share. */
export interface PixelBytes {
  readonly start: number;
  readonly unpacked: SharedArrayBuffer | null;
}

/** Images of unsigned bytes: N × H × W, N × H × W × C or N × C × H × W with C of 1 or 3. Throws DataError `bad-layout`. */
export function imageShape({ type, shape }: NpyHeader, what: string): ImageShape {
  const [count, a, b, c] = shape;
  const isBytes = type === 'u1';
  if (isBytes && shape.length === 3) return { count: count!, height: a!, width: b!, order: 'grey' };
  if (isBytes && shape.length === 4) {
    if (c === 3) return { count: count!, height: a!, width: b!, order: 'interleaved' };
    if (c === 1) return { count: count!, height: a!, width: b!, order: 'grey' };
    if (a === 3) return { count: count!, height: b!, width: c!, order: 'planar' };
    if (a === 1) return { count: count!, height: b!, width: c!, order: 'grey' };
  }
  throw new DataError(
    'bad-layout',
    what,
    `${what} is an array of ${type}, ${shape.join(' × ')}; images are unsigned bytes (u1), N × H × W, N × H × W × C or N × C × H × W with 1 or 3 channels.`,
  );
}

/** The class numbers of `count` images: N or N × 1 integers. Throws DataError `bad-layout`. */
export function classNumbers(header: NpyHeader, values: NpyValues, count: number, what: string): number[] {
  const isColumn = header.shape.length === 1 || (header.shape.length === 2 && header.shape[1] === 1);
  const labels = Array.from<number | bigint, number>(values as ArrayLike<number | bigint>, Number);
  const isValid = labels.every((label) => Number.isInteger(label) && label >= 0 && label < MAX_CLASSES);
  if (!isColumn || labels.length !== count || !isValid) {
    throw new DataError(
      'bad-layout',
      what,
      `${what} is no list of ${count} class numbers (${header.type}, ${header.shape.join(' × ')}).`,
    );
  }
  return labels;
}

/** The images of one array as a dataset, named `name/0`, `name/1` …; classes are named by their numbers. */
export function pixelSet(
  root: string,
  name: string,
  { count, width, height, order }: ImageShape,
  { start, unpacked }: PixelBytes,
  labels: readonly number[] | null,
): Dataset {
  const size = width * height * (order === 'grey' ? 1 : 3);
  const samples = Array.from({ length: count }, (_, i): Sample => ({
    name: `${name}/${i}`,
    label: labels ? labels[i]! : null,
    location: { kind: 'pixels', path: root, unpacked, offset: start + i * size, width, height, order },
  }));
  const most = labels?.reduce((max, label) => Math.max(max, label), -1);
  const classes = most === undefined ? null : Array.from({ length: most + 1 }, (_, i) => String(i));
  return { root, classes, samples, skipped: [] };
}
