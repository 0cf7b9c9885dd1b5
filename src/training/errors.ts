import { ScourError } from '../protocol/errors';

export type TrainingReason =
  /** An operator between the parameters and the loss has no gradient rule. */
  | 'no-gradient'
  /** A shape or an axis that must be known when the graph is built depends on the input's values. */
  | 'dynamic-shape'
  /** The model's input, output or element types are not those of a classifier that can be trained. */
  | 'unsupported-model'
  /** A batch, a scalar or a setting does not fit what the trainer was created for. */
  | 'bad-input'
  /** The loss or a gradient is no longer a number; the parameters are those before the step. */
  | 'diverged'
  | 'out-of-memory'
  | 'device-unavailable'
  /** A checkpoint is damaged, or belongs to another model or other settings. */
  | 'bad-checkpoint'
  | 'run-failed';

/** A model cannot be trained, or its training cannot go on. */
export class TrainingError extends ScourError<TrainingReason> {}
