import { readFileSync, statSync } from 'node:fs';
import type { Dataset, Sample } from '../../data/dataset';
import type { Fit } from '../../data/loading/messages';
import { openDataset } from '../../data/open-dataset';
import { PixelPool } from '../../data/pixel-pool';
import { DataError } from '../../protocol/errors';
import { count, listShort, visible } from '../../protocol/wording';
import type { JobContext } from '../job-context';

/** Which samples of a dataset are known to be clean. */
export interface Seeds {
  /** To be told of every sample of the dataset that could be read, in order, with the SHA-256 of its pixels. */
  readonly see: (index: number, sample: Sample, digest: string) => void;
  /** After the last sample: the numbers of the seeds. Throws DataError where one is not in the dataset. */
  readonly found: () => readonly number[];
}

/** A list of names is no larger than this. */
const MAX_LIST = 64 * 1024 * 1024;

/**
 * Reads seeds from a folder or archive with one folder a class (found in the dataset by their pixels), or from a text
 * file that lists samples of the dataset by name, one a line.
 *
 * Throws DataError: `bad-layout` where folders are named like no class of the dataset, `no-images` where a class has
 * fewer than `perClass` seeds that can be read, and what opening a dataset throws.
 */
export async function readSeeds(
  path: string,
  dataset: Dataset,
  classes: readonly string[],
  fit: Fit,
  perClass: number,
  context: JobContext,
): Promise<Seeds> {
  if (/\.txt$/i.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile())
    return listedSeeds(path, dataset, classes, perClass);
  return await picturedSeeds(path, classes, fit, perClass, context);
}

function listedSeeds(path: string, dataset: Dataset, classes: readonly string[], perClass: number): Seeds {
  if (statSync(path).size > MAX_LIST)
    throw new DataError('too-large', path, `${path} is too large for a list of seeds.`);
  const names = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const wanted = new Set(names);
  const listed = dataset.samples.filter(({ name }) => wanted.has(name));
  checkCounts(
    path,
    listed.map(({ label }) => label!),
    classes,
    perClass,
  );
  const seeds = new Map<string, number>();
  return {
    see: (index, { name }) => {
      if (wanted.has(name)) seeds.set(name, index);
    },
    found: () => {
      const missing = [...wanted].filter((name) => !seeds.has(name));
      if (missing.length > 0) throw notInDataset(path, dataset.root, missing);
      return [...seeds.values()].sort((a, b) => a - b);
    },
  };
}

async function picturedSeeds(
  path: string,
  classes: readonly string[],
  fit: Fit,
  perClass: number,
  context: JobContext,
): Promise<Seeds> {
  const set = await openDataset(path);
  if (set.classes === null)
    throw new DataError(
      'bad-layout',
      path,
      `${path} has no folders. Seeds must lie in folders named by their class.`,
    );
  const labels = set.classes.map((name) => {
    const label = classes.indexOf(name);
    if (label >= 0) return label;
    throw new DataError(
      'bad-layout',
      path,
      `${path}: the folder '${visible(name, 60)}' is named like no class of the dataset (${listShort(classes.map((each) => visible(each, 40)))}).`,
    );
  });
  /** Seeds that wait to be found, by what their pixels hash to. */
  const waiting = new Map<string, { name: string; label: number }>();
  const pool = await PixelPool.load(path, set.samples, fit, {
    signal: context.signal,
    keep: 0,
    onProgress: (done, total) => context.tick(`Reading seeds (${done} of ${total})`, done / total),
    onImage: (_, { name, label }, digest) => waiting.set(digest, { name, label: labels[label!]! }),
  });
  checkCounts(
    path,
    [...waiting.values()].map(({ label }) => label),
    classes,
    perClass,
    pool.skipped.length,
  );
  const elsewhere = new Map<string, string>();
  const seeds: number[] = [];
  return {
    see: (index, { label, name }, digest) => {
      const seed = waiting.get(digest);
      if (seed === undefined) return;
      if (seed.label !== label) {
        elsewhere.set(
          digest,
          `'${visible(seed.name, 80)}' is '${visible(name, 80)}' in the dataset, under another class`,
        );
        return;
      }
      waiting.delete(digest);
      seeds.push(index);
    },
    found: () => {
      const contradiction = [...elsewhere].find(([digest]) => waiting.has(digest));
      if (contradiction)
        throw new DataError(
          'bad-layout',
          path,
          `${path}: the seed ${contradiction[1]}. One of the two folders is wrong: a seed is an image whose class is known for certain.`,
        );
      if (waiting.size > 0)
        throw notInDataset(
          path,
          'the dataset',
          [...waiting.values()].map(({ name }) => name),
        );
      return seeds;
    },
  };
}

function checkCounts(
  path: string,
  labels: readonly number[],
  classes: readonly string[],
  perClass: number,
  unreadable = 0,
): void {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]!++;
  const short = classes.flatMap((name, label) =>
    counts[label]! < perClass ? [`${visible(name, 40)} has ${counts[label]!}`] : [],
  );
  if (short.length === 0) return;
  const also = unreadable > 0 ? ` ${count(unreadable, 'file')} of it could not be read.` : '';
  throw new DataError(
    'no-images',
    path,
    `${path} must hold ${perClass} different known-clean images of every class: ${listShort(short)}.${also} Add some, or ask for fewer with --seeds-per-class.`,
  );
}

function notInDataset(path: string, root: string, names: readonly string[]): DataError {
  const shown = listShort(names.map((name) => `'${visible(name, 80)}'`));
  return new DataError(
    'bad-layout',
    path,
    `${path}: ${count(names.length, 'seed')} cannot be found in ${root}: ${shown}. Seeds are images of the dataset itself, with the same pixels; take them from there.`,
  );
}
