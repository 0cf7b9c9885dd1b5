import { createTrigger } from '../../attacks/create';
import { sampleEvenly } from '../../data/dataset';
import { loadPixels } from '../../data/loading/load-batches';
import { openDataset } from '../../data/open-dataset';
import { thumbnail } from '../../evaluation/thumbnails';
import { batchSizeFor } from '../../evaluation/measure';
import { UsageError } from '../../protocol/errors';
import type { DataDescription, TriggerPreview } from '../../protocol/evaluation';
import type { ParamsOf } from '../../protocol/engine';
import type { JobContext } from '../job-context';
import { withTested } from '../subjects/with-tested';

const CPU = { device: 'cpu', threads: 1 } as const;

/** What a dataset holds and how its images would become the model's input. Runs nothing. */
export async function describeData(
  { model: modelPath, data, part, preprocessing = {} }: ParamsOf<'describeData'>,
  context: JobContext,
): Promise<DataDescription> {
  await context.tick('Listing the images', null);
  const { samples, classes, skipped } = await openDataset(data, part);
  return withTested([modelPath], preprocessing, CPU, ([model]) => {
    const counts = new Array<number>(classes?.length ?? 0).fill(0);
    for (const { label } of samples) if (label !== null) counts[label]!++;
    return {
      images: samples.length,
      classes: classes?.map((name, label) => ({ name, n: counts[label]! })) ?? null,
      modelClasses: model!.classifier.classes,
      preprocessing: model!.preprocessing,
      skipped: skipped.map(({ path, reason }) => ({ path, reason })),
      warnings: [...model!.warnings],
    };
  });
}

/** A trigger on a few images of a dataset, as the model would be given them. */
export async function previewTrigger(
  { model: modelPath, data, attack, preprocessing = {}, count, seed = 0 }: ParamsOf<'previewTrigger'>,
  context: JobContext,
): Promise<TriggerPreview> {
  if (attack.kind === 'folder') {
    throw new UsageError('bad-value', 'A folder of triggered images holds no trigger to put on others.');
  }
  await context.tick('Listing the images', null);
  const samples = sampleEvenly((await openDataset(data)).samples, count, seed);
  return withTested([modelPath], preprocessing, CPU, async (models) => {
    const fit = models[0]!.preprocessing;
    const trigger = await createTrigger(attack, fit, CPU);
    try {
      const images: TriggerPreview['images'] = [];
      const options = {
        batchSize: batchSizeFor(fit),
        signal: context.signal,
        // An image that cannot be read is for the evaluation to count; here the others are shown.
        onSkip: () => undefined,
      };
      for await (const { pixels, samples: batch } of loadPixels(samples, fit, options)) {
        const triggered = await trigger.apply(pixels, batch.length);
        batch.forEach(({ name }, i) =>
          images.push({
            name,
            clean: thumbnail(pixels, i, fit),
            triggered: thumbnail(triggered, i, fit),
          }),
        );
      }
      return { width: fit.width, height: fit.height, images };
    } finally {
      await trigger.release();
    }
  });
}
