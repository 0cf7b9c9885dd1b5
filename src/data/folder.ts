import { realpathSync, readdirSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { DataError, messageOf } from '../protocol/errors';
import { byCodePoint, type Dataset, type Sample, type Skipped } from './dataset';
import { IMAGE_NAMES } from './labelling';

/** More files than this are not a folder that somebody meant. */
const MAX_FILES = 20_000_000;
const MAX_DEPTH = 32;

/**
 * Lists the images of a folder without reading them. Folders in it make it labelled: each is a class, numbered by its
 * name in sorted order, and holds that class's images at any depth; without folders it is a flat, unlabelled set.
 * Sorting is by Unicode code point, as Python's `sorted` does, so that numbers equal torchvision's `ImageFolder`. Hidden
 * entries are ignored; links are followed, but no folder is listed twice; everything else that is not used is in `skipped`.
 *
 * Throws DataError `not-found`, `bad-layout` (images beside class folders; not a folder) or `no-images`.
 */
export function openFolder(root: string): Dataset {
  const walk = new Walk(root);
  const entries = walk.list(root);
  walk.markSeen(root);
  const folders = entries.filter((entry) => entry.stats.isDirectory());
  const files = entries.filter((entry) => entry.stats.isFile() && IMAGE_NAMES.test(entry.name));
  if (folders.length > 0 && files.length > 0) {
    throw new DataError(
      'bad-layout',
      root,
      `${root} holds ${files.length} images beside ${folders.length} folders, so it is neither a labelled set (one folder a class) nor a flat one. Move the images into their class's folder, or the folders away.`,
    );
  }
  const classes = folders.length > 0 ? folders.map(({ name }) => name) : null;
  if (classes === null) walk.collect(entries, '', null);
  folders.forEach(({ name }, label) => walk.enter(path.join(root, name), name, label));
  for (const entry of classes === null ? [] : entries) {
    if (!entry.stats.isDirectory()) walk.skip(entry.name, 'it lies beside the class folders');
  }
  if (walk.samples.length === 0) {
    throw new DataError(
      'no-images',
      root,
      `${root} holds no images (PNG, JPEG, WebP, BMP or PPM files, in it or in one folder a class).`,
    );
  }
  return { root, classes, samples: walk.samples, skipped: walk.skipped };
}

interface Entry {
  name: string;
  /** Of what a link leads to. */
  stats: Stats;
}

class Walk {
  readonly samples: Sample[] = [];
  readonly skipped: Skipped[] = [];
  private readonly root: string;
  /** Real paths of the folders listed so far: links may lead anywhere, but no folder is listed twice. */
  private readonly seen = new Set<string>();
  private depth = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** The entries of a folder in sorted order, hidden ones left out. */
  list(folder: string): Entry[] {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch (cause) {
      if (folder !== this.root) {
        this.skip(path.relative(this.root, folder), messageOf(cause));
        return [];
      }
      throw folderError(folder, cause);
    }
    const entries: Entry[] = [];
    for (const name of names.filter((each) => !each.startsWith('.')).sort(byCodePoint)) {
      try {
        entries.push({ name, stats: statSync(path.join(folder, name)) });
      } catch (cause) {
        this.skip(path.relative(this.root, path.join(folder, name)), messageOf(cause));
      }
    }
    return entries;
  }

  markSeen(folder: string): void {
    this.seen.add(realpathSync(folder));
  }

  enter(folder: string, prefix: string, label: number | null): void {
    const real = realpathSync(folder);
    const obstacle = this.seen.has(real)
      ? 'it leads to a folder that is listed already'
      : this.depth >= MAX_DEPTH
        ? 'folders are nested too deeply'
        : null;
    if (obstacle !== null) {
      this.skip(prefix, obstacle);
      return;
    }
    this.seen.add(real);
    this.depth += 1;
    this.collect(this.list(folder), prefix, label);
    this.depth -= 1;
  }

  collect(entries: readonly Entry[], prefix: string, label: number | null): void {
    for (const { name, stats } of entries) {
      const inner = prefix === '' ? name : `${prefix}/${name}`;
      const full = path.join(this.root, inner);
      if (stats.isDirectory()) this.enter(full, inner, label);
      else if (!stats.isFile()) this.skip(inner, 'it is not a regular file');
      else if (!IMAGE_NAMES.test(name)) this.skip(inner, 'its name is not that of an image');
      else this.samples.push({ name: inner, label, location: { kind: 'file', path: full } });
      if (this.samples.length > MAX_FILES) {
        throw new DataError(
          'too-large',
          this.root,
          `${this.root} holds more than ${MAX_FILES} images. Name a smaller folder.`,
        );
      }
    }
  }

  skip(inner: string, reason: string): void {
    this.skipped.push({ path: inner, reason });
  }
}

function folderError(folder: string, cause: unknown): DataError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return new DataError('not-found', folder, `${folder} does not exist.`, { cause });
  if (code === 'ENOTDIR') {
    return new DataError('bad-layout', folder, `${folder} is not a folder of images.`, { cause });
  }
  return new DataError('not-found', folder, `${folder} cannot be read: ${messageOf(cause)}.`, { cause });
}
