import type { Finding } from '../protocol/findings';
import type { ScanFailure, ScanReport } from '../protocol/scan';
import type { SarifResult, SarifRun } from './sarif';

/** Scans as one run; models that failed are notifications of it. */
export function scanRun(reports: readonly ScanReport[], failures: readonly ScanFailure[]): SarifRun {
  return {
    artifacts: reports.map(({ model }) => model),
    results: [
      ...reports.flatMap(({ model, findings }) => resultsOf(findings, model.path)),
      ...failures.flatMap(({ path, findings }) => resultsOf(findings, path)),
    ],
    notifications: failures.map(({ path, reason, message }) => ({
      id: reason,
      level: 'error',
      message,
      path,
    })),
    successful: failures.length === 0,
  };
}

function resultsOf(findings: readonly Finding[], path: string): SarifResult[] {
  return findings.map(({ id, level, message, tensor, location }) => ({
    rule: id,
    level,
    message,
    path,
    ...(tensor === undefined ? {} : { tensor }),
    ...(location === undefined ? {} : { location }),
  }));
}
