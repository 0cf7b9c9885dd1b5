import type { TrainingChoice } from '../../src/protocol/cleansing';
import { formatCount, plural } from '../text/format';

/** What the settings come to: images and steps. */
export function stepsInWords(
  images: number,
  { samples, training }: { readonly samples: number | null; readonly training: TrainingChoice },
): string {
  const used = Math.min(images, samples ?? images);
  const { batchSize, epochs } = training;
  const steps = Math.ceil(used / batchSize);
  return (
    `${plural(used, 'image')} an epoch in ${plural(steps, 'step')}, ` +
    `${formatCount(steps * epochs)} in ${plural(epochs, 'epoch')}.`
  );
}
