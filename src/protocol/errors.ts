/**
 * Errors that cross process borders. Every error that Scour raises on purpose is a `ScourError`: its `reason` is what
 * code branches on, its `message` is what a user reads and can act on.
 */
export class ScourError<Reason extends string = string> extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** True for errors that Scour raised on purpose, however deep they come from. */
export function isScourError(thrown: unknown): thrown is ScourError {
  return thrown instanceof ScourError;
}

/** The user cancelled the work; never shown as a failure. */
export class CancelledError extends ScourError<'cancelled'> {
  constructor() {
    super('cancelled', 'The operation was cancelled.');
  }
}

/** The user paused the work; what is done is kept, and it can go on. Never shown as a failure. */
export class PausedError extends ScourError<'paused'> {
  constructor() {
    super('paused', 'The run was paused.');
  }
}

export type UsageReason = 'unknown-option' | 'bad-value' | 'missing-argument' | 'unknown-command';

/** The command line or a setting cannot be understood (exit code 4). */
export class UsageError extends ScourError<UsageReason> {}

export type ModelReason =
  | 'not-found'
  | 'not-a-file'
  | 'unreadable'
  | 'empty'
  | 'unsupported-format'
  | 'truncated'
  | 'malformed'
  | 'too-large'
  | 'cyclic-graph'
  | 'missing-initializer'
  | 'shape-mismatch'
  | 'unsupported-type'
  | 'external-data-missing'
  | 'external-data-short'
  | 'external-data-escape'
  | 'changed-while-reading';

/** A model file cannot be read, or lies about itself. `path` is the file the user named. */
export class ModelError extends ScourError<ModelReason> {
  readonly path: string;

  constructor(reason: ModelReason, path: string, message: string, options?: ErrorOptions) {
    super(reason, message, options);
    this.path = path;
  }
}

export type OutputReason = 'is-input' | 'exists' | 'write-failed' | 'nothing-to-do' | 'wrong-format';

/** A result cannot be written where the user asked for it. */
export class OutputError extends ScourError<OutputReason> {
  readonly path: string;

  constructor(reason: OutputReason, path: string, message: string, options?: ErrorOptions) {
    super(reason, message, options);
    this.path = path;
  }
}

export type DataReason =
  'not-found' | 'no-images' | 'unreadable-image' | 'unsupported-image' | 'too-large' | 'bad-layout';

/** An image or a dataset cannot be read. */
export class DataError extends ScourError<DataReason> {
  readonly path: string;

  constructor(reason: DataReason, path: string, message: string, options?: ErrorOptions) {
    super(reason, message, options);
    this.path = path;
  }
}

export type ReportReason = 'unreadable' | 'not-a-result';

/** A file that should hold results of Scour cannot be read as such. */
export class ReportError extends ScourError<ReportReason> {}

export type RuntimeReason =
  'cannot-load' | 'input-mismatch' | 'run-failed' | 'device-unavailable' | 'out-of-memory';

/** A model cannot be run. */
export class RuntimeError extends ScourError<RuntimeReason> {}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
