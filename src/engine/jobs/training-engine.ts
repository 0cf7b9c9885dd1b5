import type { TrainingEngineChoice } from '../../protocol/training-engine';
import type { Device, SessionOptions } from '../../runtime/session';
import type { TrainingEngine } from '../../training/engine';
import { TfjsEngine } from '../../training/tfjs/engine';
import { loadTfjs } from '../../training/tfjs/load';

/** What computes the steps of training, ready to. */
export type ReadyEngine =
  /** The device as asked for: `auto` is decided with the student at hand, by `fastestTrainer`. */
  | { readonly name: 'onnxruntime'; readonly device: Device }
  /** `label`, as reports name it, has the version and the package, which decide about the result. */
  | { readonly name: 'tfjs'; readonly label: string; readonly engine: TrainingEngine };

/**
 * Makes the chosen engine ready. With TensorFlow.js this runs the package's code. Throws TfjsPackageError, which says of
 * every package found why it cannot be used.
 */
export async function readyEngine(
  choice: TrainingEngineChoice,
  run: Pick<SessionOptions, 'device'>,
): Promise<ReadyEngine> {
  if (choice.name === 'onnxruntime') return { name: 'onnxruntime', device: run.device };
  const { tf, package: found } = await loadTfjs(choice.search);
  const on = [found.backend, ...(found.usesGpu ? ['GPU'] : []), `${found.name} ${found.version}`];
  const label = `TensorFlow.js ${tf.version_core} (${on.join(', ')})`;
  return { name: 'tfjs', label, engine: new TfjsEngine(tf, label) };
}
