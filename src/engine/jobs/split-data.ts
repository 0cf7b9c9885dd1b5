import { PixelPool } from '../../data/pixel-pool';
import type { TrainingSet } from '../../defenses/asd/training-set';
import { poolGrowth, type AsdSettings } from '../../defenses/asd/settings';
import { DataError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import { count, listShort, visible } from '../../protocol/wording';
import type { JobContext } from '../job-context';
import { readSeeds } from './split-seeds';
import { openTrainingSet } from './training-set';

export interface SplitDataOptions {
  readonly data: string;
  readonly seeds: string;
  /** Seeds that every class must have at least. */
  readonly seedsPerClass: number;
  readonly settings: AsdSettings;
  /** Bytes of decoded images that are kept in memory; a larger set is decoded anew in every pass. Default: 1 GiB. */
  readonly keepPixels?: number;
}

/** The dataset to be split, decoded, with its seeds found in it. */
export interface SplitData {
  readonly set: TrainingSet;
  readonly classes: readonly { readonly name: string; readonly images: number; readonly seeds: number }[];
  /** What a user must know of it. */
  readonly notes: readonly string[];
}

/**
 * Opens and decodes a labelled dataset and its seeds. Throws DataError (not labelled, fewer than two classes, a class
 * without readable images, too few seeds, seeds that are not in it …) or CancelledError.
 */
export async function loadSplitData(
  { data, seeds: seedPath, seedsPerClass, settings, keepPixels }: SplitDataOptions,
  preprocessing: Preprocessing,
  context: JobContext,
): Promise<SplitData> {
  const dataset = await openTrainingSet(data);
  const { classes } = dataset;
  const seeds = await readSeeds(
    seedPath,
    dataset,
    classes,
    preprocessing,
    seedsPerClass,
    context.within(0, 0.1),
  );
  const pool = await PixelPool.load(data, dataset.samples, preprocessing, {
    signal: context.signal,
    onProgress: (done, total) =>
      context.within(0.1, 1).tick(`Reading images (${done} of ${total})`, done / total),
    onImage: seeds.see,
    ...(keepPixels === undefined ? {} : { keep: keepPixels }),
  });
  const found = seeds.found();
  const labels = Int32Array.from(pool.samples, ({ label }) => label!);
  const seedLabels = found.map((sample) => labels[sample]!);
  const counted = classes.map((name, label) => ({
    name,
    images: labels.reduce((sum, each) => sum + Number(each === label), 0),
    seeds: seedLabels.filter((each) => each === label).length,
  }));
  const empty = counted.filter(({ images }) => images === 0).map(({ name }) => visible(name, 60));
  if (empty.length > 0) {
    throw new DataError(
      'no-images',
      data,
      `${data}: no image of ${listShort(empty)} can be read. Every class needs images; take folders away that are no class.`,
    );
  }
  const notes = [
    ...smallClasses(counted, settings),
    ...(pool.skipped.length > 0
      ? [`${count(pool.skipped.length, 'image')} could not be read and were left out.`]
      : []),
    ...(pool.isKept
      ? []
      : [
          'The images are more than is kept in memory: they are decoded anew in every pass, which takes longer.',
        ]),
  ];
  return { set: { pool, labels, preprocessing, seeds: found }, classes: counted, notes };
}

/** Classes that the class-aware stage empties before it ends: its pools then are not those of the paper. */
function smallClasses(classes: SplitData['classes'], settings: AsdSettings): string[] {
  const last = poolGrowth(Math.max(0, settings.epochs['class-aware'] - 1), settings);
  const small = classes.filter(({ images, seeds }) => images < 2 * (seeds + last));
  if (small.length === 0) return [];
  const listed = listShort(small.map(({ name, images }) => `${visible(name, 40)} (${images})`));
  return [
    `The clean pool grows to ${last} images a class beside the seeds, more than half of what ${count(small.length, 'class', 'classes')} ${small.length === 1 ? 'has' : 'have'}: ${listed}. Poison among them would be taken in: lower the growth (--growth).`,
  ];
}
