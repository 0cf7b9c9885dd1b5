import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { FileSource } from '../../model/source';
import { runPickle } from '../../model/pickle/machine';
import {
  calleeName,
  entryOf,
  isNode,
  sequenceItems,
  tupleItems,
  type PickleValue,
} from '../../model/pickle/values';
import { DataError } from '../../protocol/errors';
import { byCodePoint, type Dataset, type DatasetPart, type Sample } from '../dataset';
import { asDataError } from './zip';

const SIDE = 32;
const PIXELS = SIDE * SIDE * 3;

/** Files of the Python version of https://www.cs.toronto.edu/~kriz/cifar.html, and what stands in them. */
const FILES: readonly { train: RegExp; test: string; meta: string; labels: string; names: string }[] = [
  {
    train: /^data_batch_\d$/,
    test: 'test_batch',
    meta: 'batches.meta',
    labels: 'labels',
    names: 'label_names',
  },
  { train: /^train$/, test: 'test', meta: 'meta', labels: 'fine_labels', names: 'fine_label_names' },
];

/**
 * The pickles that a folder or file stands for: of a folder those of the part asked for (where it is not there: of the
 * other). Null where it is not CIFAR's.
 */
function picklesOf(
  root: string,
  part: DatasetPart,
): { files: string[]; kind: (typeof FILES)[number] } | null {
  for (const kind of FILES) {
    // The names are common words: only beside CIFAR's own list of classes do they mean what is meant here.
    const folder = existsSync(path.join(root, kind.meta)) ? root : path.dirname(root);
    if (!existsSync(path.join(folder, kind.meta))) continue;
    const names = folder === root ? readdirSync(root).sort(byCodePoint) : [path.basename(root)];
    const train = names.filter((name) => kind.train.test(name));
    const test = names.filter((name) => name === kind.test);
    const [first, second] = part === 'train' ? [train, test] : [test, train];
    const found = first.length > 0 ? first : second;
    if (found.length > 0) return { files: found.map((name) => path.join(folder, name)), kind };
  }
  return null;
}

/** True for a folder of CIFAR's Python version or one of its files. */
export function isCifarPickle(root: string): boolean {
  return picklesOf(root, 'test') !== null;
}

/**
 * Opens CIFAR-10 or CIFAR-100 as Python pickles: one part of a folder, or the file named. The pickle is decoded to
 * data without running anything, and its pixels are read where they lie. Throws DataError `unreadable-image` or
 * `bad-layout`.
 */
export function openCifarPickle(root: string, part: DatasetPart): Dataset {
  const found = picklesOf(root, part);
  if (found === null) throw new DataError('bad-layout', root, `${root} is not CIFAR's Python version.`);
  const { files, kind } = found;
  const meta = path.join(path.dirname(files[0]!), kind.meta);
  const names = sequenceItems(entryOf(readPickle(meta), kind.names)) ?? [];
  return {
    root,
    classes: names.map((name) => (typeof name === 'string' ? name : '?')),
    samples: files.flatMap((file) => recordsOf(file, kind.labels, names.length)),
    skipped: [],
  };
}

function recordsOf(file: string, key: string, classes: number): Sample[] {
  const batch = readPickle(file);
  const labels = (sequenceItems(entryOf(batch, key)) ?? []).map(Number);
  const start = pixelsAt(entryOf(batch, 'data'), labels.length, file);
  const wrong = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (labels.length === 0 || wrong >= 0) {
    throw new DataError(
      'bad-layout',
      file,
      `${file} has no list of labels under ${key}, or one beyond its ${classes} classes.`,
    );
  }
  return labels.map((label, i): Sample => ({
    name: `${path.basename(file)}/${i}`,
    label,
    location: {
      kind: 'pixels',
      path: file,
      unpacked: null,
      offset: start + i * PIXELS,
      width: SIDE,
      height: SIDE,
      order: 'planar',
    },
  }));
}

function readPickle(file: string): PickleValue | undefined {
  let source: FileSource | null = null;
  try {
    source = new FileSource(file);
    const { root, fault } = runPickle(source, 0, source.size, { allowed: isArrayGlobal });
    if (fault)
      throw new DataError('unreadable-image', file, `${file}: broken pickle: ${fault.message}`, {
        cause: fault,
      });
    return root;
  } catch (cause) {
    throw asDataError(file, cause);
  } finally {
    source?.close();
  }
}

/** What NumPy's arrays are made of. Anything else in the pickle stays data too; nothing is ever called. */
function isArrayGlobal(module: string, name: string): boolean {
  return (
    /^numpy(?:\._?core\.multiarray)?$/.test(module) && ['_reconstruct', 'ndarray', 'dtype'].includes(name)
  );
}

/** Offset in the file of an array of unsigned bytes, `count` × 3072 in C order. */
function pixelsAt(array: PickleValue | undefined, count: number, file: string): number {
  const state = isNode(array) && array.kind === 'object' ? tupleItems(array.states.at(-1)) : null;
  const [, shape, type, isFortran, bytes] = state ?? [];
  const [rows, columns] = tupleItems(shape) ?? [];
  const code =
    isNode(type) && type.kind === 'object' && calleeName(type) === 'numpy.dtype'
      ? tupleItems(type.args)?.[0]
      : null;
  const isPlace = isNode(bytes) && (bytes.kind === 'bytes' || bytes.kind === 'text');
  const isImages = rows === count && columns === PIXELS && code === 'u1' && isFortran === false;
  if (!isImages || !isPlace || bytes.length !== count * PIXELS) {
    throw new DataError(
      'bad-layout',
      file,
      `${file} does not hold ${count} images of ${PIXELS} unsigned bytes under "data", one a label.`,
    );
  }
  return bytes.start;
}
