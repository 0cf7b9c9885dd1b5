import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataError } from '../../protocol/errors';
import { byCodePoint, type Dataset, type DatasetPart, type Sample } from '../dataset';
import { readRange } from '../read-range';

const SIDE = 32;
const PIXELS = SIDE * SIDE * 3;

/** The binary versions of https://www.cs.toronto.edu/~kriz/cifar.html. */
const VARIANTS = [
  {
    labelBytes: 1,
    classes: 10,
    names: 'batches.meta.txt',
    test: 'test_batch.bin',
    train: /^data_batch_\d\.bin$/,
  },
  // The coarse label, then the fine one, which is used.
  { labelBytes: 2, classes: 100, names: 'fine_label_names.txt', test: 'test.bin', train: /^train\.bin$/ },
] as const;
type Variant = (typeof VARIANTS)[number];

/**
 * The variant whose files lie in a folder, with those of the part asked for (where it is not there: of the other), or to
 * which a file belongs by its name; null where it is neither.
 */
function variantOf(root: string, part: DatasetPart): { variant: Variant; files: string[] } | null {
  const isFolder = statSync(root, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const names = isFolder ? readdirSync(root).sort(byCodePoint) : [path.basename(root)];
  for (const variant of VARIANTS) {
    const train = names.filter((name) => variant.train.test(name));
    const test = names.filter((name) => name === variant.test);
    const [first, second] = part === 'train' ? [train, test] : [test, train];
    const found = first.length > 0 ? first : second;
    if (found.length > 0)
      return { variant, files: isFolder ? found.map((name) => path.join(root, name)) : [root] };
  }
  return null;
}

/** True for a folder of CIFAR's binary version or one of its files. */
export function isCifarBinary(root: string): boolean {
  return variantOf(root, 'test') !== null;
}

/**
 * Opens CIFAR-10 or CIFAR-100 in their binary versions: one part of a folder, or the file named. Throws DataError
 * `unreadable-image` where a file is no whole number of records, `bad-layout` where a label is out of range.
 */
export function openCifarBinary(root: string, part: DatasetPart): Dataset {
  const found = variantOf(root, part);
  if (found === null) throw new DataError('bad-layout', root, `${root} is not CIFAR's binary version.`);
  const { variant, files } = found;
  const samples = files.flatMap((file) => recordsOf(file, variant));
  const folder = path.dirname(files[0]!);
  return { root, classes: classNames(folder, variant), samples, skipped: [] };
}

function recordsOf(file: string, { labelBytes, classes }: Variant): Sample[] {
  const record = labelBytes + PIXELS;
  const { size } = statSync(file);
  if (size === 0 || size % record !== 0) {
    throw new DataError(
      'unreadable-image',
      file,
      `${file} is truncated: ${size} bytes are no whole number of ${record}-byte records.`,
    );
  }
  const bytes = readRange(file, 0, null, MAX_FILE);
  return Array.from({ length: size / record }, (_, i) => {
    const label = bytes[i * record + labelBytes - 1]!;
    if (label >= classes) {
      throw new DataError(
        'bad-layout',
        file,
        `${file}: record ${i} has label ${label}, but there are ${classes} classes.`,
      );
    }
    return {
      name: `${path.basename(file)}/${i}`,
      label,
      location: {
        kind: 'pixels',
        path: file,
        unpacked: null,
        offset: i * record + labelBytes,
        width: SIDE,
        height: SIDE,
        order: 'planar',
      },
    };
  });
}

/** The largest file, CIFAR-100's training set, has 154 MB. */
const MAX_FILE = 512 * 1024 * 1024;

function classNames(folder: string, { names, classes }: Variant): string[] {
  const file = path.join(folder, names);
  const lines = existsSync(file)
    ? readRange(file, 0, null, 64 * 1024)
        .toString('utf8')
        .split(/\r?\n/)
        .filter((line) => line !== '')
    : [];
  return Array.from({ length: classes }, (_, i) => lines[i] ?? String(i));
}
