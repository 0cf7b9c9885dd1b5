import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Location, Sample } from '../../data/dataset';
import { loadPixels } from '../../data/loading/load-batches';
import { openDataset } from '../../data/open-dataset';
import { thumbnail } from '../../evaluation/thumbnails';
import type { Suspect } from '../../protocol/split';
import type { SuspectPage, SuspectPageParams } from '../../protocol/splitting';
import { DataError, isScourError } from '../../protocol/errors';
import type { JobContext } from '../job-context';
import { heldFile } from './quarantine';
import { reportIn, suspectsIn } from './split-results';

/**
 * One page of the samples that a finished run ranked, with their pictures as far as they can still be read, from the
 * dataset or from its quarantine. Throws DataError where the folder holds no results, or those of another dataset.
 */
export async function suspectPage(
  { output, data, quarantine, which, label, from, count }: SuspectPageParams,
  context: JobContext,
): Promise<SuspectPage> {
  await context.tick('Reading the ranked images', null);
  const list = suspectsIn(path.join(output, 'suspects.json'));
  if (path.resolve(list.data) !== path.resolve(data))
    throw new DataError(
      'bad-layout',
      output,
      `${output} holds the results of another dataset, ${list.data}. Choose another output folder.`,
    );
  const asked = list.samples.filter(
    (sample) => (which === 'all' || sample.suspected) && (label === null || sample.label === label),
  );
  const shown = asked.slice(from, from + count);
  const fit = reportIn(output).preprocessing;
  const samples = await locate(shown, data, quarantine);
  const images = new Map<string, string>();
  const batches = loadPixels(samples, fit, {
    batchSize: samples.length || 1,
    signal: context.signal,
    // Shown without a picture.
    onSkip: () => undefined,
  });
  for await (const { pixels, samples: batch } of batches)
    batch.forEach(({ name }, i) => images.set(name, thumbnail(pixels, i, fit)));
  return {
    from,
    total: asked.length,
    width: fit.width,
    height: fit.height,
    samples: shown.map((sample) => ({ ...sample, image: images.get(sample.path) ?? null })),
  };
}

/** Where the images of suspects lie now; those that are gone are left out. */
async function locate(
  shown: readonly Suspect[],
  data: string,
  quarantine: string | null,
): Promise<readonly Sample[]> {
  const wanted = new Map<string, Location>();
  const names = new Set(shown.map(({ path: name }) => name));
  for (const { name, location } of await samplesOf(data, quarantine !== null))
    if (names.has(name)) wanted.set(name, location);
  if (quarantine !== null) {
    for (const name of names) {
      const held = wanted.has(name) ? null : heldFile(quarantine, name);
      if (held !== null) wanted.set(name, { kind: 'file', path: realpathSync(held) });
    }
  }
  return [...wanted].map(([name, location]) => ({ name, label: null, location }));
}

/** `emptied`: all images may have been moved away, and a folder without images is no dataset. */
async function samplesOf(data: string, emptied: boolean): Promise<readonly Sample[]> {
  try {
    return (await openDataset(data, 'train')).samples;
  } catch (error) {
    if (emptied && isScourError(error)) return [];
    throw error;
  }
}
