import { lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { ModelError } from '../../protocol/errors';
import { FileSource } from '../source';

/**
 * Finds and opens the external data files of one model. A location is text from a hostile file: it is followed only
 * where it stays within the model's folder, links included. The cache of Hugging Face, where model and data are both
 * links into one `blobs` folder, counts as staying.
 */
export class ExternalFiles {
  private readonly modelPath: string;
  private readonly open = new Map<string, FileSource>();

  constructor(modelPath: string) {
    this.modelPath = modelPath;
  }

  /**
   * The file at `location`. Throws ModelError `external-data-escape` (the file is then not touched) or
   * `external-data-missing`.
   */
  file(location: string): FileSource {
    const known = this.open.get(location);
    if (known) return known;
    const escape = escapeReason(this.modelPath, location);
    if (escape !== null) {
      throw new ModelError(
        'external-data-escape',
        this.modelPath,
        `${this.modelPath}: external data at '${location}' ${escape}; it was not read.`,
      );
    }
    let file: FileSource;
    try {
      file = new FileSource(path.join(path.dirname(this.modelPath), location));
    } catch (cause) {
      if (!(cause instanceof ModelError)) throw cause;
      throw new ModelError(
        'external-data-missing',
        this.modelPath,
        `${this.modelPath} keeps weights in '${location}', which cannot be read: ${cause.message}`,
        { cause },
      );
    }
    this.open.set(location, file);
    return file;
  }

  /** The files opened so far, by location. */
  opened(): ReadonlyMap<string, FileSource> {
    return this.open;
  }

  verifyUnchanged(): void {
    for (const file of this.open.values()) file.verifyUnchanged();
  }

  close(): void {
    for (const file of this.open.values()) file.close();
    this.open.clear();
  }
}

/** Why `location` may not be followed from the model's folder, or null where it may. */
export function escapeReason(modelPath: string, location: string): string | null {
  if (location === '') return 'names no file';
  if (location.includes('\0')) return 'holds a NUL character';
  if (path.posix.isAbsolute(location) || path.win32.isAbsolute(location)) return 'is an absolute path';
  if (location.split(/[\\/]/).includes('..')) return "leaves the model's folder";
  const folder = path.dirname(path.resolve(modelPath));
  const target = path.join(folder, location);
  const real = realPath(target);
  if (real === null) return null;
  const realFolder = realPath(folder) ?? folder;
  if (isInside(real, realFolder)) return null;
  return inHuggingFaceCache(modelPath, target, real) ? null : "is a link that leaves the model's folder";
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    // It does not exist, or may not be looked at: opening it will say which.
    return null;
  }
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

/**
 * `models--org--name/snapshots/<commit>/…` holds links to `models--org--name/blobs/<hash>`. Both the model and its data
 * must be such links, into the same folder.
 */
function inHuggingFaceCache(modelPath: string, target: string, realTarget: string): boolean {
  const realModel = realPath(modelPath);
  if (realModel === null || !lstatSync(modelPath).isSymbolicLink() || !lstatSync(target).isSymbolicLink())
    return false;
  const blobs = path.dirname(realModel);
  const repository = path.dirname(blobs);
  return (
    path.basename(blobs) === 'blobs' &&
    path.dirname(realTarget) === blobs &&
    isInside(path.resolve(modelPath), path.join(realPath(repository) ?? repository, 'snapshots'))
  );
}
