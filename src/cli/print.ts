import { EXIT, type ExitCode } from './exit-code';

/** Writes what was asked for, such as a help text. */
export function print(text: string): ExitCode {
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}
