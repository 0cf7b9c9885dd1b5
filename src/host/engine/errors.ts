import { CancelledError, ScourError, isScourError, messageOf } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import type { WireError } from '../../protocol/rpc';

export type EngineReason = 'cannot-start' | 'crashed' | 'out-of-memory' | 'killed' | 'protocol';

/** The engine process failed, as against a job in it. The next request starts a new one. */
export class EngineError extends ScourError<EngineReason> {}

/** A job failed in the engine; name, reason and message are the engine's. */
export class RemoteError extends ScourError {
  /** Of a model file that could not be read to its end: what was noticed before. */
  readonly findings: readonly Finding[];

  constructor(error: WireError) {
    super(error.reason, error.message);
    this.name = error.name;
    this.findings = error.findings ?? [];
  }
}

/** The error that a wire error stands for; a cancellation is never a failure. */
export function fromWire(error: WireError): ScourError {
  return error.reason === 'cancelled' ? new CancelledError() : new RemoteError(error);
}

/** Anything thrown, as a panel is told of it. */
export function toWire(thrown: unknown): WireError {
  if (!isScourError(thrown)) return { name: 'Error', reason: 'internal', message: messageOf(thrown) };
  const { name, reason, message } = thrown;
  const findings = thrown instanceof RemoteError ? thrown.findings : [];
  return { name, reason, message, ...(findings.length === 0 ? {} : { findings: [...findings] }) };
}
