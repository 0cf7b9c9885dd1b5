import { QUARANTINE } from '../commands/quarantine';
import type { ExitCode } from '../exit-code';
import { runCommand } from '../runner';

export function main(args: readonly string[]): Promise<ExitCode> {
  return runCommand(QUARANTINE, args);
}
