import { inputsOf, type LossTerm } from './losses';
import type { Batch } from './batch';

/** `size` made-up images of `values` numbers each, that differ from each other, with targets of `classes` classes for every loss: the same on every device. */
export function rehearsalBatch(
  size: number,
  values: number,
  classes: number,
  terms: readonly LossTerm[],
): Batch {
  const targets = Object.fromEntries(
    [...inputsOf(terms)].map(([name, kind]) => [
      name,
      new Float32Array(kind === 'scores' ? size * classes : size),
    ]),
  );
  return { images: Float32Array.from({ length: size * values }, (_, i) => Math.sin(i * 0.7)), size, targets };
}
