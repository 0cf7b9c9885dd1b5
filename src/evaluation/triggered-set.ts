import { statSync } from 'node:fs';
import path from 'node:path';
import type { Dataset, Sample } from '../data/dataset';
import { DataError } from '../protocol/errors';
import type { Target } from '../protocol/target';
import { count, listShort, visible } from '../protocol/wording';
import { isCounted } from './measure';

/**
 * Where the triggered images lie in what the user named: the folder itself, or, in a folder that BackdoorBench saved an
 * attack into, its `bd_test_dataset/<true class>/<index>.png` (its pickles beside it are not needed, and not read).
 */
export function triggeredRoot(root: string): string {
  const saved = path.join(root, 'bd_test_dataset');
  return statSync(saved, { throwIfNoEntry: false })?.isDirectory() ? saved : root;
}

/**
 * The images of a set that carries a trigger, relabelled by the class list of the clean data: its folders are named by
 * their true class, and any may be absent. Where a folder's name is no class but a number below K it counts as class
 * number (BackdoorBench saves its images so). Images of the target class are left out, as ASR does not count them.
 *
 * Throws DataError `bad-layout` where the set has no folders or one that is no class, `no-images` where nothing is left.
 */
export function triggeredSamples(
  set: Dataset,
  classes: readonly string[],
  target: Target,
): { samples: Sample[]; warnings: string[] } {
  const { root } = set;
  if (set.classes === null) {
    throw new DataError(
      'bad-layout',
      root,
      `${root} has no folders. Triggered images must lie in folders named by their true class.`,
    );
  }
  const byNumber: string[] = [];
  const labels = set.classes.map((name) => {
    const named = classes.indexOf(name);
    if (named >= 0) return named;
    if (/^\d+$/.test(name) && Number(name) < classes.length) {
      byNumber.push(name);
      return Number(name);
    }
    throw new DataError(
      'bad-layout',
      root,
      `${root}: the folder '${visible(name, 60)}' is named like no class of the data (${listShort(classes.map((each) => visible(each, 40)))}).`,
    );
  });
  const relabelled = set.samples.map((sample) => ({ ...sample, label: labels[sample.label!]! }));
  const samples = relabelled.filter((sample) => isCounted(sample, target, classes.length));
  if (samples.length === 0) {
    throw new DataError(
      'no-images',
      root,
      `${root} holds no image of a class other than the target, so there is nothing to measure ASR on.`,
    );
  }
  const left = relabelled.length - samples.length;
  return {
    samples,
    warnings: [
      ...(byNumber.length > 0
        ? [`${root}: folders ${listShort(byNumber)} are taken for class numbers.`]
        : []),
      ...(left > 0 ? [`${root}: ${count(left, 'image')} of the target class left out.`] : []),
    ],
  };
}
