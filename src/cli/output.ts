import { writeAtomically } from '../model/atomic-write';

/**
 * Where a command's result goes: standard output, and then a file where `--output-report` names one, so that a report
 * which cannot be written takes nothing else with it. Throws OutputError; of standard output the process guard tells.
 */
export async function emit(
  result: string,
  reportFile: string | undefined,
  inputs: readonly string[],
): Promise<void> {
  const line = result.endsWith('\n') ? result : `${result}\n`;
  await new Promise<void>((resolve) => process.stdout.write(line, () => resolve()));
  if (reportFile !== undefined) await writeReport(line, reportFile, inputs);
}

/** A report is made anew on every run; replacing the last one is what is asked for. Inputs stay protected. */
export async function writeReport(report: string, file: string, inputs: readonly string[]): Promise<void> {
  await writeAtomically(file, { force: true, inputs }, (sink) => sink(Buffer.from(report)));
}
