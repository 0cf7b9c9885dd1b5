import { openTested, releaseTested, type TestedModel } from '../../evaluation/tested-model';
import type { PreprocessingOptions } from '../../protocol/preprocessing';
import type { SessionOptions } from '../../runtime/session';
import { openRunnables } from './runnable';

/** Loads models of any format to be measured on the same images, hands them to `use`, and releases them. Throws as `openRunnable` and `openTested` do. */
export async function withTested<T>(
  paths: readonly string[],
  preprocessing: PreprocessingOptions,
  run: SessionOptions,
  use: (models: readonly TestedModel[]) => Promise<T> | T,
): Promise<T> {
  const runnables = openRunnables(paths);
  try {
    const models = await openTested(runnables, preprocessing, run);
    try {
      return await use(models);
    } finally {
      await releaseTested(models);
    }
  } finally {
    for (const runnable of runnables) runnable.release();
  }
}
