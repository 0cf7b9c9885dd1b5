import { CancelledError, OutputError, PausedError } from '../protocol/errors';

/** Said where a run ended before its time and can go on. */
export const KEPT = 'What was done is kept: continue with the same command and --resume.';

/** True for what ends a run from outside and leaves its state as it was: an interrupt, or a disk that takes no more. */
export function isInterruption(error: unknown): boolean {
  return (
    error instanceof CancelledError ||
    error instanceof PausedError ||
    (error instanceof OutputError && error.reason === 'write-failed')
  );
}
