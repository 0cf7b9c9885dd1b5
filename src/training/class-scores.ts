import { visible } from '../protocol/wording';
import { TrainingError } from './errors';
import { sizeOf } from './graph/shape';

/**
 * `shape`: of a model's output for two images. Throws TrainingError `unsupported-model` where that is not a row of class
 * scores for each.
 */
export function checkScores(output: string, shape: readonly number[]): void {
  const numbers = sizeOf(shape);
  if (shape[0] === 2 && numbers % 2 === 0 && numbers >= 4) return;
  throw new TrainingError(
    'unsupported-model',
    `The model's output '${visible(output, 80)}' has the shape [${shape.join(', ')}] for 2 images: a classifier gives each a row of at least 2 class scores.`,
  );
}
