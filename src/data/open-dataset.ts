import { statSync } from 'node:fs';
import { DataError, messageOf } from '../protocol/errors';
import type { Dataset } from './dataset';
import { openFolder } from './folder';
import { isCifarBinary, openCifarBinary } from './formats/cifar';
import { isIdxImages, openIdx } from './formats/idx';
import { NpzFile, openNpz } from './formats/npz';
import { isTar, openTar } from './formats/tar';
import { isGzip, peekGzip } from './formats/unpack';
import { isZip, openZip } from './formats/zip';
import { readRange } from './read-range';

/**
 * Opens whatever holds images: a folder (see `openFolder`), a zip or tar archive of one, CIFAR's binary version, MNIST's
 * IDX files (also gzipped), an .npz file. Recognised by content; only CIFAR's files, which have no signature, by name.
 * No image is decoded. Throws DataError.
 */
export function openDataset(root: string): Dataset {
  if (isDirectory(root)) return isCifarBinary(root) ? openCifarBinary(root) : openFolder(root);
  const start = readRange(root, 0, 512, 512);
  if (isZip(start)) return isNpz(root) ? openNpz(root) : openZip(root);
  if (isTar(start)) return openTar(root);
  if (isIdxImages(isGzip(start) ? peekGzip(start) : start)) return openIdx(root);
  if (isCifarBinary(root)) return openCifarBinary(root);
  throw new DataError(
    'bad-layout',
    root,
    `${root} is not a dataset that can be read: a folder of images, a zip or tar archive of one, CIFAR's binary version, MNIST's IDX files or an .npz file.`,
  );
}

function isDirectory(root: string): boolean {
  try {
    return statSync(root).isDirectory();
  } catch (cause) {
    throw new DataError('not-found', root, `${root} cannot be opened: ${messageOf(cause)}.`, { cause });
  }
}

/** An archive of arrays alone. */
function isNpz(root: string): boolean {
  const file = new NpzFile(root);
  try {
    return file.holdsArraysOnly;
  } finally {
    file.close();
  }
}
