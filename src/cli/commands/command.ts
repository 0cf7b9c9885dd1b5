import type { JobContext } from '../../engine/job-context';
import type { ExitCode } from '../exit-code';
import type { OptionSpecs, OptionValues } from '../options';

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** "scour scan MODEL… [options]" */
  readonly usage: string;
  readonly summary: string;
  /** Its own options with what they do, for --help. */
  readonly help: readonly (readonly [option: string, meaning: string])[];
  readonly options: OptionSpecs;
  /** Throws ScourError; returns the exit code where it has something to say about what it found. */
  readonly run: (positionals: readonly string[], values: OptionValues, io: CommandIo) => Promise<ExitCode>;
}

export interface CommandIo {
  /** Progress and cancellation of the work. */
  readonly context: JobContext;
  /** A line on standard error. */
  readonly warn: (message: string) => void;
}
