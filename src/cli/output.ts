import { writeAtomically } from '../model/atomic-write';

/** Where a command's result goes: standard output, and a file where `--output-report` names one. */
export async function emit(
  result: string,
  reportFile: string | undefined,
  inputs: readonly string[],
): Promise<void> {
  const line = result.endsWith('\n') ? result : `${result}\n`;
  if (reportFile !== undefined) await writeReport(line, reportFile, inputs);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(line, (error) => {
      // A reader that has seen enough (head, less) is not a failure.
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

/** A report is made anew on every run; replacing the last one is what is asked for. Inputs stay protected. */
export async function writeReport(report: string, file: string, inputs: readonly string[]): Promise<void> {
  await writeAtomically(file, { force: true, inputs }, (sink) => sink(Buffer.from(report)));
}
