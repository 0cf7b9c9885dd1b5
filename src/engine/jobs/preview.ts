import { rmSync } from 'node:fs';
import path from 'node:path';
import { measureAgreement } from '../../evaluation/agreement';
import type { Agreement, PreviewParams } from '../../protocol/prune';
import { Classifier } from '../../runtime/classifier';
import type { SessionOptions } from '../../runtime/session';
import type { JobContext } from '../job-context';
import { openSubject } from '../subjects/open-subject';
import { requireGraph } from '../subjects/model-graph';
import { openRunnables } from '../subjects/runnable';
import { temporaryFolder } from '../temporary-folder';
import { prunedLayers, selectionOf } from './prune';
import { scoreSubject } from './scan';

const DEFAULT_LIMIT = 1000;

/**
 * What pruning at u would do to predictions: prunes into a temporary folder, runs both models, and removes it again.
 * Throws ModelError, RuntimeError, DataError or CancelledError.
 */
export async function previewPruning(
  params: PreviewParams,
  run: SessionOptions,
  context: JobContext,
): Promise<Agreement> {
  requireGraph(params.path);
  const folder = temporaryFolder('preview');
  try {
    const pruned = path.join(folder, 'pruned.onnx');
    await pruneInto(params, pruned, context.within(0, 0.3));
    return await compareModels(params, pruned, run, context.within(0.3, 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pruneInto(
  { path: input, u }: PreviewParams,
  output: string,
  context: JobContext,
): Promise<void> {
  const subject = openSubject(input, { withEpsilon: false });
  try {
    const { layers } = await scoreSubject(subject, u, context);
    await subject.writePruned(selectionOf(prunedLayers(layers)), { output, force: false, provenance: null });
  } finally {
    subject.close();
  }
}

/** Agreement between the model at `params.path` and the one at `pruned`. Throws RuntimeError, DataError or CancelledError. */
export async function compareModels(
  params: Omit<PreviewParams, 'u'>,
  pruned: string,
  run: SessionOptions,
  context: JobContext,
): Promise<Agreement> {
  await context.tick('Loading both models', 0);
  const [first, second] = openRunnables([params.path, pruned]);
  try {
    const original = await Classifier.open(first!.onnx, run);
    try {
      const other = await Classifier.open(second!.onnx, run);
      try {
        const agreement = await measureAgreement({
          modelPath: params.path,
          known: first!.known,
          original,
          pruned: other,
          images: params.images ?? null,
          limit: params.limit ?? DEFAULT_LIMIT,
          seed: params.seed ?? 0,
          preprocessing: params.preprocessing ?? {},
          signal: context.signal,
          onProgress: (done, total) =>
            context.tick(`Comparing predictions (${done} of ${total})`, done / total),
        });
        return { ...agreement, warnings: [...first!.notes, ...agreement.warnings] };
      } finally {
        await other.release();
      }
    } finally {
      await original.release();
    }
  } finally {
    first!.release();
    second!.release();
  }
}
