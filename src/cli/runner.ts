import { JobContext } from '../engine/job-context';
import { CancelledError, UsageError, isScourError, messageOf } from '../protocol/errors';
import { VERSION } from '../protocol/version';
import { visible } from '../protocol/wording';
import type { Command } from './commands/command';
import { exitCodeOf, type ExitCode } from './exit-code';
import { commandHelp } from './help';
import { flag, parse, type OptionValues } from './options';
import { print } from './print';
import { ProgressLine } from './progress';

/** Ctrl-C, \`kill\` and \`timeout\`, a terminal that is closed: the work stops, says so, and keeps what can be resumed. */
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs one command with its arguments; what it throws becomes a message and an exit code. */
export async function runCommand(command: Command, args: readonly string[]): Promise<ExitCode> {
  try {
    const { values, positionals } = parse(args, command.options);
    if (flag(values, 'help')) return print(commandHelp(command));
    if (flag(values, 'version')) return print(VERSION);
    return await run(command, positionals, values);
  } catch (error) {
    return fail(error);
  }
}

async function run(
  command: Command,
  positionals: readonly string[],
  values: OptionValues,
): Promise<ExitCode> {
  const line = new ProgressLine(process.stderr);
  const cancel = new AbortController();
  const onInterrupt = (): void => {
    // A second one ends the process as it would without us.
    for (const signal of INTERRUPTS) process.removeListener(signal, onInterrupt);
    cancel.abort(new CancelledError());
  };
  for (const signal of INTERRUPTS) process.on(signal, onInterrupt);
  const warn = (message: string): void => {
    line.clear();
    process.stderr.write(`scour: ${visible(message, 4000)}\n`);
  };
  try {
    return await command.run(positionals, values, {
      context: new JobContext(cancel.signal, (progress) => line.show(progress)),
      warn,
    });
  } finally {
    line.clear();
    for (const signal of INTERRUPTS) process.removeListener(signal, onInterrupt);
  }
}

function fail(error: unknown): ExitCode {
  if (isScourError(error)) {
    process.stderr.write(`scour: ${visible(error.message, 4000)}\n`);
    if (error instanceof UsageError) process.stderr.write('scour: see scour --help\n');
  } else {
    const detail = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    process.stderr.write(
      `scour: something unexpected went wrong; please report it with the lines below.\n${detail}\n`,
    );
  }
  return exitCodeOf(error);
}
