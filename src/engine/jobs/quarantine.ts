import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { writeAtomically } from '../../model/atomic-write';
import { writeFailed } from '../../model/write-failed';
import { DataError, OutputError } from '../../protocol/errors';
import { QuarantineSchema, type Quarantine } from '../../protocol/quarantine';
import { count, visible } from '../../protocol/wording';
import { readJson } from './read-json';
import { suspectsIn } from './split-results';

const LIST = 'quarantine.json';

/** Names of the suspected samples in a `suspects.json`. Throws DataError where it is none. */
export function suspectedIn(file: string): string[] {
  return suspectsIn(file)
    .samples.filter(({ suspected }) => suspected)
    .map(({ path: name }) => name);
}

/** The file that a quarantine folder holds of a sample; null where it holds none. */
export function heldFile(folder: string, name: string): string | null {
  const file = path.join(folder, name);
  if (!isPlain(name) || !(lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) return null;
  return isWithin(realpathSync(file), realpathSync(folder)) ? file : null;
}

/**
 * Checks that samples of a dataset can be moved to a quarantine folder; changes nothing. Throws DataError where the
 * dataset is no folder, or a name is none of a file in it; OutputError where the quarantine holds anything, or lies
 * within the dataset.
 */
export function planQuarantine(data: string, names: readonly string[], folder: string): Quarantine {
  if (!statSync(data, { throwIfNoEntry: false })?.isDirectory())
    throw new DataError(
      'bad-layout',
      data,
      `${data} is not a folder: images can be moved out of folders only, not out of archives.`,
    );
  const root = realpathSync(data);
  const target = path.resolve(folder);
  if (isWithin(target, root))
    throw new OutputError(
      'is-input',
      folder,
      `${folder} lies in ${data}, where it would be taken for a class. Choose a folder elsewhere.`,
    );
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new OutputError('exists', folder, `${folder} exists and is not empty. Choose a new folder.`);
  for (const name of names) checkName(root, name, data);
  return { schema: 'scour.quarantine/1', data: root, files: [...names] };
}

/**
 * Moves the planned files. The list of what is to be moved is written first, so that `releaseQuarantine` can undo a move
 * that was cut short; nothing is ever overwritten. Throws OutputError `write-failed`; what was moved then stays moved.
 */
export async function quarantine(plan: Quarantine, folder: string): Promise<void> {
  const list = path.join(folder, LIST);
  await writeAtomically(list, { force: false, inputs: [] }, (sink) =>
    sink(Buffer.from(`${JSON.stringify(plan, null, 1)}\n`)),
  );
  for (const name of plan.files) move(path.join(plan.data, name), path.join(folder, name));
}

/**
 * Puts what a quarantine folder holds back to where it came from, and removes the folder once it is empty. Returns the
 * number of files put back. Throws DataError where the folder is no quarantine, OutputError `exists` where something else
 * now has a file's name (nothing is moved then), `write-failed`.
 */
export function releaseQuarantine(folder: string): number {
  const file = path.join(folder, LIST);
  const parsed = v.safeParse(QuarantineSchema, readJson(file));
  if (!parsed.success || !path.isAbsolute(parsed.output.data))
    throw new DataError('bad-layout', file, `${file} is no list of a quarantine of Scour.`);
  const { data, files } = parsed.output;
  const here = realpathSync(folder);
  // Those that a cut-short move left in the dataset are where they belong.
  const held = files.filter((name) => {
    if (!isPlain(name)) throw unsafe(file, name);
    return lstatSync(path.join(here, name), { throwIfNoEntry: false }) !== undefined;
  });
  for (const name of held) {
    checkName(here, name, folder);
    const home = path.join(data, name);
    if (lstatSync(home, { throwIfNoEntry: false }) !== undefined)
      throw new OutputError(
        'exists',
        home,
        `${home} exists by now, so '${visible(name, 80)}' cannot be put back. Nothing was moved.`,
      );
    const parent = nearestFolder(path.dirname(home));
    if (!isWithin(realpathSync(parent), realpathSync(nearestFolder(data)))) throw unsafe(file, name);
  }
  for (const name of held) {
    move(path.join(here, name), path.join(data, name));
    removeEmpty(path.dirname(path.join(here, name)), here);
  }
  rmSync(file);
  removeEmpty(here, path.dirname(here));
  return held.length;
}

/** What the move of a plan means, for a person to agree to. */
export function describePlan({ data, files }: Quarantine, folder: string): string {
  return `${count(files.length, 'image')} of ${data} would be moved to ${folder}. Nothing is deleted; the move can be undone.`;
}

/** Throws DataError unless `name` is a regular file that lies in `root` without any link on the way. */
function checkName(root: string, name: string, shown: string): void {
  if (!isPlain(name)) throw unsafe(shown, name);
  const full = path.join(root, name);
  const stats = lstatSync(full, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new DataError('not-found', full, `${shown} holds no '${visible(name, 80)}' (any more).`);
  if (!stats.isFile() || realpathSync(full) !== full) throw unsafe(shown, name);
}

function isPlain(name: string): boolean {
  const parts = name.split('/');
  return (
    !name.includes('\\') && !name.includes('\0') && parts.every((part) => !['', '.', '..'].includes(part))
  );
}

function unsafe(shown: string, name: string): DataError {
  return new DataError(
    'bad-layout',
    shown,
    `'${visible(name, 80)}' is no plain file within ${shown}, so it is not moved; nothing was.`,
  );
}

function isWithin(target: string, root: string): boolean {
  const relative = path.relative(root, nearestReal(target));
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}

/** The real path of what exists of a path, with the rest of it. */
function nearestReal(target: string): string {
  const existing = nearestFolder(target);
  return path.join(realpathSync(existing), path.relative(existing, target));
}

function nearestFolder(target: string): string {
  return existsSync(target) ? target : nearestFolder(path.dirname(target));
}

/** A rename, or across file systems a copy and then the removal of the original; never over a file. */
function move(from: string, to: string): void {
  try {
    mkdirSync(path.dirname(to), { recursive: true });
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) throw new Error('it exists already');
    try {
      renameSync(from, to);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EXDEV')) throw cause;
      copyFileSync(from, to, constants.COPYFILE_EXCL);
      rmSync(from);
    }
  } catch (cause) {
    throw writeFailed(to, cause);
  }
}

/** Removes a folder and those above it, below `stop`, as long as they are empty. */
function removeEmpty(folder: string, stop: string): void {
  for (let at = folder; at !== stop && readdirSync(at).length === 0; at = path.dirname(at)) rmdirSync(at);
}
