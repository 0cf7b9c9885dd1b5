import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../protocol/errors';
import type { Dataset } from '../dataset';
import { readRange } from '../read-range';
import { gunzipFile, isGzip } from './unpack';

/** Labels are read as a whole; a byte each. */
const MAX_LABELS = 64 * 1024 * 1024;

/** An IDX file of unsigned bytes (MNIST and its relatives, http://yann.lecun.com/exdb/mnist). */
interface IdxFile {
  path: string;
  shape: number[];
  /** Where the values begin. */
  start: number;
  unpacked: Uint8Array<SharedArrayBuffer> | null;
}

/** Magic numbers: two zero bytes, the type (unsigned byte) and the number of dimensions. */
const IMAGES = [0, 0, 8, 3];

/** True where the (unpacked) bytes start as an IDX file of grey images does. */
export function isIdxImages(bytes: Uint8Array): boolean {
  return IMAGES.every((byte, i) => bytes[i] === byte);
}

/**
 * Opens MNIST's format: a file of images (`…-images-idx3-ubyte`, also `.gz`), labelled by the file of labels beside it
 * (`…-labels-idx1-ubyte`) where there is one. Rejects with DataError `unreadable-image` or `bad-layout`.
 */
export async function openIdx(root: string): Promise<Dataset> {
  const images = await readIdx(root, 3);
  const [count, height, width] = images.shape as [number, number, number];
  const labels = await readLabels(root, count);
  const area = width * height;
  const classes =
    labels &&
    Array.from({ length: labels.reduce((most, label) => Math.max(most, label), 0) + 1 }, (_, i) => String(i));
  const samples = Array.from({ length: count }, (_, i) => ({
    name: `${path.basename(root)}/${i}`,
    label: labels ? labels[i]! : null,
    location: {
      kind: 'pixels' as const,
      path: root,
      unpacked: images.unpacked?.buffer ?? null,
      offset: images.start + i * area,
      width,
      height,
      order: 'grey' as const,
    },
  }));
  return { root, classes, samples, skipped: [] };
}

async function readIdx(file: string, dimensions: number): Promise<IdxFile> {
  const start = 4 + 4 * dimensions;
  const unpacked = isGzip(readRange(file, 0, 2, 2)) ? await gunzipFile(file) : null;
  const header = unpacked ? Buffer.from(unpacked.slice(0, start)) : readRange(file, 0, start, start);
  const size = unpacked ? unpacked.length : statSync(file).size;
  if (header.length < start || header.readUInt16BE(0) !== 0 || header[2] !== 8 || header[3] !== dimensions) {
    throw new DataError(
      'unreadable-image',
      file,
      `${file} is not an IDX file of bytes with ${dimensions} dimensions.`,
    );
  }
  const shape = Array.from({ length: dimensions }, (_, i) => header.readUInt32BE(4 + 4 * i));
  const values = shape.reduce((product, length) => product * length, 1);
  if (start + values !== size) {
    throw new DataError(
      'unreadable-image',
      file,
      `${file} announces ${shape.join(' × ')} bytes but holds ${size - start}; it is probably truncated.`,
    );
  }
  return { path: file, shape, start, unpacked };
}

async function readLabels(images: string, count: number): Promise<Uint8Array | null> {
  const name = path.basename(images).replace('images', 'labels').replace('idx3', 'idx1');
  const stem = path.join(path.dirname(images), name.replace(/\.gz$/, ''));
  const file = [stem, `${stem}.gz`].find((each) => each !== images && existsSync(each));
  if (file === undefined) return null;
  const { shape, start, unpacked } = await readIdx(file, 1);
  if (shape[0] !== count) {
    throw new DataError(
      'bad-layout',
      file,
      `${file} holds ${shape[0]!} labels, but there are ${count} images.`,
    );
  }
  return unpacked ? unpacked.slice(start) : readRange(file, start, count, MAX_LABELS);
}
