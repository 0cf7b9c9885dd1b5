import type { PreprocessingOptions } from '../../protocol/preprocessing';
import type { SplitEpoch } from '../../protocol/split';
import type { SessionOptions } from '../../runtime/session';
import type { SplitDataOptions } from './split-data';
import type { MonitorOptions } from './split-monitor';

/** All that a run of ASD takes. */
export interface SplitOptions extends SplitDataOptions {
  /** A classifier whose graph is known; its weights are not used. */
  readonly architecture: string;
  /** The folder to write results to. */
  readonly output: string;
  readonly force: boolean;
  /** Continue the run that was interrupted. */
  readonly resume: boolean;
  /** Null: the model is not measured while it is trained. */
  readonly monitor: MonitorOptions | null;
  readonly preprocessing: PreprocessingOptions;
  readonly run: SessionOptions;
  /** Milliseconds that lie between two writes of the state within an epoch at least. Default: ten seconds. */
  readonly saveEvery?: number;
  /** Share of the time that keeping the state of steps may take. Default: see StepCheckpoints. */
  readonly keepShare?: number;
  /** Told what a user must know, as soon as it is known. */
  readonly onNote: (note: string) => void;
  /** Ends the run at the next step or batch, whatever is under way, with its state kept, by a PausedError. */
  readonly pause?: AbortSignal;
  /** Told, before the first step, of the epochs that were done before. */
  readonly onStart?: (history: readonly SplitEpoch[]) => void;
  /** Told of every finished epoch. */
  readonly onEpoch?: (epoch: SplitEpoch) => void;
}
