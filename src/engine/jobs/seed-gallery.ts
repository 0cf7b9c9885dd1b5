import type { Sample } from '../../data/dataset';
import { encodePng } from '../../data/encoding/png';
import { loadPictures } from '../../data/loading/load-pictures';
import { streamOf } from '../../data/random';
import { UsageError } from '../../protocol/errors';
import type { LabelledSet, SeedPage, SeedPageParams } from '../../protocol/seed-picking';
import type { JobContext } from '../job-context';
import { openTrainingSet } from './training-set';

/** Longest side of a picture in the gallery: enough to see a trigger of a few pixels in a photograph. */
const LONGEST = 192;

/** What a dataset to be split holds; no image is decoded. Rejects with DataError where it has no labels of two classes. */
export async function describeLabelled(data: string, context: JobContext): Promise<LabelledSet> {
  await context.tick('Listing the images', null);
  const { samples, classes, skipped } = await openTrainingSet(data);
  const counts = new Array<number>(classes.length).fill(0);
  for (const { label } of samples) counts[label!]!++;
  return {
    images: samples.length,
    classes: classes.map((name, label) => ({ name, images: counts[label]! })),
    skipped: skipped.length,
  };
}

/**
 * A page of the images of one class, for a person to pick known-clean seeds from. Picked images that are no longer in
 * the dataset come without a picture. Rejects with DataError, UsageError where there is no such class, CancelledError.
 */
export async function seedPage(
  { data, query, picked, count }: SeedPageParams,
  context: JobContext,
): Promise<SeedPage> {
  await context.tick('Listing the images', null);
  const { samples, classes } = await openTrainingSet(data);
  const label = classes[query.label];
  if (label === undefined)
    throw new UsageError('bad-value', `${data} has no class ${query.label}; it has ${classes.length}.`);
  const own = samples.filter((sample) => sample.label === query.label);
  const byName = new Map(own.map((sample) => [sample.name, sample]));
  const names = query.order === 'picked' ? picked : ordered(own, query).map(({ name }) => name);
  const shown = names.slice(query.from, query.from + count);
  const there = shown.flatMap((name) => byName.get(name) ?? []);
  await context.tick('Reading the images', null);
  const pictures = await loadPictures(there, LONGEST, context.signal);
  const images = new Map(there.map(({ name }, i) => [name, pictures[i]!]));
  return {
    label,
    from: query.from,
    total: names.length,
    samples: shown.map((name) => {
      const image = images.get(name) ?? null;
      if (image === null) return { name, picture: null };
      const { width, height } = image;
      return { name, picture: { png: encodePng(image).toString('base64'), width, height } };
    }),
  };
}

function ordered(
  samples: readonly Sample[],
  { order, shuffle, label }: SeedPageParams['query'],
): readonly Sample[] {
  return order === 'random' ? streamOf(shuffle, label).shuffle([...samples]) : samples;
}
