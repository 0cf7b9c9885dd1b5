import { writeSync } from 'node:fs';
import { messageOf } from '../protocol/errors';
import { EXIT, type ExitCode } from './exit-code';

/**
 * Sees to it that the process never ends in failure without saying why, whatever its work does: an error that nobody
 * caught, work that can no longer finish although nothing failed, and results that standard output does not take all
 * become a message and exit code 2. Call it before anything else; call what it returns with the exit code once the work
 * is done.
 */
export function guardProcess(): (code: ExitCode) => void {
  let isDone = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (head, less) is not a failure.
    if (error.code === 'EPIPE') return;
    complain(`scour: the result cannot be written to standard output: ${error.message}`);
    process.exitCode = EXIT.failed;
  });
  // Nobody reads what is said of the work; the work itself can go on.
  process.stderr.on('error', () => undefined);
  process.on('uncaughtException', (error: unknown) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    complain(`scour: something unexpected went wrong; please report it with the lines below.\n${detail}`);
    process.exit(EXIT.failed);
  });
  process.on('exit', () => {
    if (isDone) return;
    complain(
      'scour: the work stopped before it was finished: what it waited for is gone, most likely a thread that ended. Please report it.',
    );
    process.exitCode = EXIT.failed;
  });
  return (code) => {
    isDone = true;
    // Set, not forced, so that standard output is written out first; what failed there already stays a failure.
    process.exitCode ??= code;
  };
}

/** Written at once: the process may be about to end. */
function complain(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Standard error is gone as well; the exit code is all that is left.
  }
}
