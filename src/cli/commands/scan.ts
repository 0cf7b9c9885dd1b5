import { scanModel } from '../../engine/jobs/scan';
import { CheckpointError } from '../../model/checkpoint';
import { CancelledError, ModelError, UsageError, isScourError } from '../../protocol/errors';
import { atLeast } from '../../protocol/findings';
import type { ScanFailure, ScanReport } from '../../protocol/scan';
import { DEFAULT_U } from '../../protocol/threshold';
import { sarifLog } from '../../report/sarif';
import { scanRun } from '../../report/scan-sarif';
import { findingLine, scanText } from '../../report/text';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-code';
import { FORMATS, choice, failOn, flag, number, text } from '../options';
import { emit } from '../output';
import { CATALOGUE } from '../catalogue';
import type { Command } from './command';

export const SCAN: Command = {
  name: 'scan',
  usage: 'scour scan MODEL… [options]',
  summary: CATALOGUE.scan,
  help: [
    ['--u NUMBER', `channels above mean + u·std of their layer are outliers (default: ${DEFAULT_U})`],
    ['--with-eps', "add each batch norm's epsilon to its variance (the CLP reference does not)"],
    ['--fail-on LEVEL', 'note, warning, error or never: exit 1 at findings of this level (default: error)'],
  ],
  options: { u: { type: 'string' }, 'with-eps': { type: 'boolean' }, 'fail-on': { type: 'string' } },

  async run(models, values, { context, warn }) {
    if (models.length === 0)
      throw new UsageError('missing-argument', 'Name at least one model file: scour scan MODEL…');
    const u = number(values, 'u', DEFAULT_U, 0, 100);
    const format = choice(values, 'format', FORMATS, 'text');
    const floor = failOn(values);
    const reports: ScanReport[] = [];
    const failures: ScanFailure[] = [];
    const codes: ExitCode[] = [];
    for (const [i, path] of models.entries()) {
      const part = context.within(i / models.length, (i + 1) / models.length);
      try {
        const { report } = await scanModel(path, { u, withEpsilon: flag(values, 'with-eps') }, part);
        reports.push(report);
        codes.push(codeOf(report, floor));
      } catch (error) {
        if (!isScourError(error) || error instanceof CancelledError) throw error;
        const findings = error instanceof CheckpointError ? error.findings : [];
        failures.push({
          schema: 'scour.error/1',
          path,
          reason: error.reason,
          message: error.message,
          findings: [...findings],
        });
        codes.push(exitCodeOf(error));
        warn(error instanceof ModelError ? error.message : `${path}: ${error.message}`);
        for (const finding of findings) warn(`${path}: ${findingLine(finding)}`);
      }
    }
    const result = render(format, reports, failures, models.length > 1);
    if (result !== '') await emit(result, text(values, 'output-report'), models);
    return overall(codes);
  },
};

function codeOf(report: ScanReport, floor: ReturnType<typeof failOn>): ExitCode {
  if (floor !== 'never' && report.findings.some(({ level }) => atLeast(level, floor))) return EXIT.findings;
  // Weights that were not read: what was reported is true but not the whole file.
  return report.findings.some(({ id }) => id === 'external-data-escape') ? EXIT.failed : EXIT.done;
}

/** A failure outweighs findings; "nothing supported" is said only where it is true of every model. */
function overall(codes: readonly ExitCode[]): ExitCode {
  if (codes.every((code) => code === EXIT.unsupported)) return EXIT.unsupported;
  if (codes.some((code) => code === EXIT.failed || code === EXIT.unsupported)) return EXIT.failed;
  return codes.includes(EXIT.findings) ? EXIT.findings : EXIT.done;
}

function render(
  format: (typeof FORMATS)[number],
  reports: readonly ScanReport[],
  failures: readonly ScanFailure[],
  several: boolean,
): string {
  switch (format) {
    case 'json': {
      const all = [...reports, ...failures];
      return JSON.stringify(several ? all : all[0], null, 2);
    }
    case 'sarif':
      return JSON.stringify(sarifLog([scanRun(reports, failures)]), null, 2);
    case 'text':
      return reports.map(scanText).join('\n\n');
  }
}
