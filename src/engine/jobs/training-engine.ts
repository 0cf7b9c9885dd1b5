import type { TrainingEngineChoice } from '../../protocol/training-engine';
import type { SessionOptions } from '../../runtime/session';
import type { TrainingDevice } from '../../runtime/training-session';
import type { TrainingEngine } from '../../training/engine';
import { TfjsEngine } from '../../training/tfjs/engine';
import { loadTfjs } from '../../training/tfjs/load';

/** What computes the steps of training, ready to. */
export interface ReadyEngine {
  /** As reports name it: onnxruntime's device, or TensorFlow.js with its package, which both decide about the result. */
  readonly label: string;
  /** Of onnxruntime, which also lays out the graphs that another engine computes. */
  readonly device: TrainingDevice;
  /** Null for onnxruntime. */
  readonly engine: TrainingEngine | null;
}

/** onnxruntime on the device asked for. `auto` is the CPU: steps are not yet timed against each other. */
export function onnxruntimeOn({ device }: Pick<SessionOptions, 'device'>): ReadyEngine {
  const chosen = device === 'auto' ? 'cpu' : device;
  return { label: chosen, device: chosen, engine: null };
}

/**
 * Makes the chosen engine ready. With TensorFlow.js this runs the package's code. Throws TfjsPackageError, which says of
 * every package found why it cannot be used.
 */
export async function readyEngine(
  choice: TrainingEngineChoice,
  run: Pick<SessionOptions, 'device'>,
): Promise<ReadyEngine> {
  if (choice.name === 'onnxruntime') return onnxruntimeOn(run);
  const { tf, package: found } = await loadTfjs(choice.search);
  const on = [found.backend, ...(found.usesGpu ? ['GPU'] : []), `${found.name} ${found.version}`];
  const label = `TensorFlow.js ${tf.version_core} (${on.join(', ')})`;
  return { label, device: 'cpu', engine: new TfjsEngine(tf, label) };
}
