import type { Trigger } from '../../attacks/trigger';
import { isCounted, measureClean, measureTriggered } from '../../evaluation/measure';
import type { AttackTally, CleanTally } from '../../evaluation/tally';
import type { TestedModel } from '../../evaluation/tested-model';
import { DataError } from '../../protocol/errors';
import type { JobContext } from '../job-context';
import type { Setup } from './evaluation-setup';

export interface ModelCounts {
  readonly clean: CleanTally;
  /** In the order of the attacks. */
  readonly attacks: readonly { readonly name: string; readonly tally: AttackTally }[];
}

/**
 * Runs models on the clean images, with and without the triggers, and on the folders of triggered images. Returns one
 * set of counts a model, and the first model's predictions on clean images by name of the sample.
 */
export async function measureModels(
  setup: Setup,
  models: readonly TestedModel[],
  triggers: ReadonlyMap<string, Trigger>,
  context: JobContext,
  reference?: ReadonlyMap<string, number>,
): Promise<{ counts: ModelCounts[]; predictions: ReadonlyMap<string, number> }> {
  const { dataset, samples, target, attacks, skips, load } = setup;
  const k = dataset.classes?.length ?? 0;
  const others = samples.filter((sample) => isCounted(sample, target, k)).length;
  const folders = attacks.reduce((sum, { folder }) => sum + (folder?.samples.length ?? 0), 0);
  const total = models.length * (samples.length + triggers.size * others + folders);
  let done = 0;
  const onRun = async (images: number): Promise<void> => {
    done += images;
    await context.tick(`Classifying images (${done} of ${total})`, Math.min(1, done / total));
  };
  const options = { subjects: models, load, signal: context.signal, onRun };
  const measured = await measureClean({
    ...options,
    samples,
    classes: dataset.classes,
    triggers: [...triggers.values()],
    target,
    onSkip: skips.forSet(dataset.root, samples.length),
    ...(reference ? { reference } : {}),
  });
  if (measured.clean.length === 0) throw noneReadable(dataset.root, samples.length);
  const tallies = new Map([...triggers.keys()].map((name, t) => [name, measured.attacks[t]!]));
  for (const { name, folder } of attacks) {
    if (folder === null) continue;
    const each = await measureTriggered({
      ...options,
      samples: folder.samples,
      classes: dataset.classes!,
      target: target!,
      onSkip: skips.forSet(folder.root, folder.samples.length),
    });
    if (each.length === 0) throw noneReadable(folder.root, folder.samples.length);
    tallies.set(name, each);
  }
  const counts = models.map((_, i) => ({
    clean: measured.clean[i]!,
    attacks: attacks.map(({ name }) => {
      const tally = tallies.get(name)![i];
      if (tally === undefined) throw noneReadable(dataset.root, others);
      return { name, tally };
    }),
  }));
  return { counts, predictions: measured.predictions };
}

/** True where every image of every count has a prediction. */
export function allPredicted(counts: readonly ModelCounts[]): boolean {
  return counts.every(
    ({ clean, attacks }) => clean.undefined === 0 && attacks.every(({ tally }) => tally.undefined === 0),
  );
}

function noneReadable(root: string, images: number): DataError {
  return new DataError(
    'no-images',
    root,
    `None of the ${images} images of ${root} that were to be measured could be read.`,
  );
}
