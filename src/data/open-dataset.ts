import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataError, messageOf } from '../protocol/errors';
import type { Dataset, DatasetPart } from './dataset';
import { openFolder } from './folder';
import { isCifarBinary, openCifarBinary } from './formats/cifar';
import { isCifarPickle, openCifarPickle } from './formats/cifar-pickle';
import { GTSRB_LIST, labelByGtsrbList } from './formats/gtsrb';
import { isIdxImages, openIdx } from './formats/idx';
import { isNpy } from './formats/npy';
import { openNpyFile } from './formats/npy-file';
import { NpzFile, openNpz } from './formats/npz';
import { isParquet, openParquet } from './formats/parquet';
import { findParquetShards } from './formats/parquet-shards';
import { isTar, openTar } from './formats/tar';
import { gunzipFile, isGzip, peekGzip } from './formats/unpack';
import { isZip, openZip } from './formats/zip';
import { readRange } from './read-range';

/**
 * Opens whatever holds images: a folder (see `openFolder`), a zip or tar archive of one (also .tar.gz), CIFAR's binary and
 * Python versions, MNIST's IDX files (also gzipped), an .npz or .npy file, GTSRB's images with their list, Parquet files as Hugging Face
 * exports them (one, or the shards of a split). Recognised by content; only CIFAR's files, which have no signature, and
 * splits of Parquet files by name. Of a folder of CIFAR's files, `part` is taken, and of several splits of Parquet files
 * the one named `train` where that is asked for.
 * No image is decoded. Rejects with DataError.
 */
export async function openDataset(root: string, part: DatasetPart = 'test'): Promise<Dataset> {
  const shards = existsSync(root) && !isDirectory(root) ? null : findParquetShards(root, part);
  if (shards !== null) {
    const set = await openParquet(root, shards.files);
    return { ...set, skipped: [...set.skipped, ...shards.missing] };
  }
  const isFolder = isDirectory(root);
  if (isCifarPickle(root)) return openCifarPickle(root, part);
  if (isFolder) return isCifarBinary(root) ? openCifarBinary(root, part) : openLabelledFolder(root);
  const start = readRange(root, 0, 512, 512);
  if (isZip(start)) return isNpz(root) ? openNpz(root) : openZip(root);
  const unpackedStart = isGzip(start) ? peekGzip(start) : start;
  if (isTar(unpackedStart)) return openTar(root, isGzip(start) ? await gunzipFile(root) : null);
  if (isNpy(start)) return openNpyFile(root);
  if (isParquet(start)) return await openParquet(root, [root]);
  if (isIdxImages(unpackedStart)) return await openIdx(root);
  if (isCifarBinary(root)) return openCifarBinary(root, part);
  throw new DataError(
    'bad-layout',
    root,
    `${root} is not a dataset that can be read: a folder of images, a zip or tar archive of one, CIFAR's binary or Python version, MNIST's IDX files, an .npz or .npy file, or Parquet files of images.`,
  );
}

/** A folder, labelled by its folders or by a list in it. */
function openLabelledFolder(root: string): Dataset {
  const set = openFolder(root);
  const list = set.classes === null ? readdirSync(root).find((name) => GTSRB_LIST.test(name)) : undefined;
  return list === undefined ? set : labelByGtsrbList(set, path.join(root, list));
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
