import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../protocol/errors';
import type { Dataset } from '../dataset';
import { readRange } from '../read-range';
import { MAX_NPY_HEADER, parseNpyHeader, readNpy } from './npy';
import { classNumbers, imageShape, pixelSet } from './npy-images';

/** Labels are read as a whole. */
const MAX_LABELS = 256 * 1024 * 1024;

/**
 * Opens a bare .npy file of images (as in an .npz: see `imageShape`). Its labels are the array beside it that is named
 * like it with labels for images (`test_images.npy` and `test_labels.npy`, `x_test.npy` and `y_test.npy`), else
 * `labels.npy`, which is how CIFAR-10-C comes; without one it is unlabelled. Throws DataError.
 */
export function openNpyFile(root: string): Dataset {
  const header = parseNpyHeader(readRange(root, 0, MAX_NPY_HEADER, MAX_NPY_HEADER), root);
  const shape = imageShape(header, root);
  if (header.start + header.elements > statSync(root).size) {
    throw new DataError('unreadable-image', root, `${root} is truncated.`);
  }
  if (shape.count === 0) throw new DataError('no-images', root, `${root} holds no images.`);
  const beside = labelsBeside(root);
  const pixels = { start: header.start, unpacked: null };
  return pixelSet(
    root,
    path.basename(root),
    shape,
    pixels,
    beside === null ? null : readLabels(beside, shape.count),
  );
}

function labelsBeside(root: string): string | null {
  const stem = path.basename(root).replace(/\.npy$/i, '');
  const names = [
    stem.replace(/images?|data/i, 'labels'),
    stem.replace(/^x(?=$|[_-])|(?<=[_-])x$/, 'y').replace(/^X(?=$|[_-])|(?<=[_-])X$/, 'y'),
    `${stem}_labels`,
    'labels',
  ].filter((name) => name !== stem);
  return (
    names.map((name) => path.join(path.dirname(root), `${name}.npy`)).find((file) => existsSync(file)) ?? null
  );
}

function readLabels(file: string, count: number): number[] {
  const { header, values } = readNpy(readRange(file, 0, null, MAX_LABELS), file);
  return classNumbers(header, values, count, file);
}
