import { visible } from '../../protocol/wording';
import { EngineError } from './errors';

/** How the engine process ended. */
export interface EngineExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  stderr: string;
  /** Set where the process could not be started at all. */
  failure: Error | null;
}

/** What V8 writes before it aborts because the JavaScript heap is full. */
const HEAP_FULL = /heap out of memory|Allocation failed - JavaScript heap/i;
const SIGKILL_EXIT = 137;

/**
 * The error that a job gets when its engine ends under it: what happened and what the user can do.
 * @param ready whether the engine had said that it listens
 */
export function errorOfExit(exit: EngineExit, ready: boolean): EngineError {
  if (exit.failure !== null) {
    return new EngineError('cannot-start', `The Scour engine could not be started: ${exit.failure.message}`, {
      cause: exit.failure,
    });
  }
  if (HEAP_FULL.test(exit.stderr)) {
    return new EngineError(
      'out-of-memory',
      'The Scour engine ran out of memory. Raise the setting scour.engine.memoryLimitMb or close other programs, then retry.',
    );
  }
  const how = exit.signal ?? `exit code ${String(exit.code)}`;
  if (exit.signal === 'SIGKILL' || exit.code === SIGKILL_EXIT) {
    return new EngineError(
      'killed',
      `The Scour engine was killed from outside (${how}), which is what a system does when memory runs out. The editor is not affected; retry when memory is free.`,
    );
  }
  const line = lastLine(exit.stderr);
  const said = line === '' ? '' : ` It said: ${line}`;
  return ready
    ? new EngineError(
        'crashed',
        `The Scour engine stopped unexpectedly (${how}). The editor is not affected; retry, and see the Scour log if it happens again.${said}`,
      )
    : new EngineError(
        'cannot-start',
        `The Scour engine ended before it was ready (${how}). See the Scour log.${said}`,
      );
}

function lastLine(text: string): string {
  return visible((text.trim().split('\n').at(-1) ?? '').slice(0, 300));
}
