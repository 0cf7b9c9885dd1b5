import { JobContext } from '../engine/job-context';
import { CancelledError, UsageError, isScourError, messageOf } from '../protocol/errors';
import { VERSION } from '../protocol/version';
import { visible } from '../protocol/wording';
import type { Command } from './commands/command';
import { EVALUATE } from './commands/evaluate';
import { PRUNE } from './commands/prune';
import { SCAN } from './commands/scan';
import { EXIT, exitCodeOf, type ExitCode } from './exit-code';
import { commandHelp, generalHelp } from './help';
import { flag, parse } from './options';
import { ProgressLine } from './progress';

const COMMANDS: readonly Command[] = [SCAN, PRUNE, EVALUATE];

async function main(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined) {
    print(generalHelp(COMMANDS));
    return EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') return print(generalHelp(COMMANDS));
  if (name === '--version') return print(VERSION);
  const command = COMMANDS.find((each) => each.name === name);
  if (!command) {
    const known = COMMANDS.map((each) => each.name).join(', ');
    throw new UsageError('unknown-command', `scour has no command '${visible(name, 60)}'; it has ${known}.`);
  }
  const { values, positionals } = parse(rest, command.options);
  if (flag(values, 'help')) return print(commandHelp(command));
  if (flag(values, 'version')) return print(VERSION);
  return run(command, positionals, values);
}

async function run(
  command: Command,
  positionals: readonly string[],
  values: Parameters<Command['run']>[1],
): Promise<ExitCode> {
  const line = new ProgressLine(process.stderr);
  const cancel = new AbortController();
  const onInterrupt = (): void => {
    // A second interrupt ends the process as it would without us.
    process.removeListener('SIGINT', onInterrupt);
    cancel.abort(new CancelledError());
  };
  process.on('SIGINT', onInterrupt);
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
    process.removeListener('SIGINT', onInterrupt);
  }
}

function print(text: string): ExitCode {
  process.stdout.write(`${text}\n`);
  return EXIT.done;
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

// The exit code is set, not forced, so that standard output is written out first.
main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => (process.exitCode = fail(error)),
);
