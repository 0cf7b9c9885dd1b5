import { pathToFileURL } from 'node:url';
import type { Finding } from '../protocol/findings';
import type { ScanReport } from '../protocol/scan';
import { VERSION } from '../protocol/version';

/** A model that could not be scanned. */
export interface ScanFailure {
  readonly path: string;
  readonly reason: string;
  readonly message: string;
  /** What was noticed before reading failed: a checkpoint may run code in Python first and break afterwards. */
  readonly findings: readonly Finding[];
}

/** Scans as a SARIF 2.1.0 log (OASIS), one run; models that failed are notifications of the invocation. */
export function scanSarif(reports: readonly ScanReport[], failures: readonly ScanFailure[]): object {
  const rules = new Map<string, Finding['level']>();
  for (const { findings } of reports)
    for (const { id, level } of findings) if (!rules.has(id)) rules.set(id, level);
  const ids = [...rules.keys()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Scour',
            version: VERSION,
            rules: [...rules].map(([id, level]) => ({ id, defaultConfiguration: { level } })),
          },
        },
        invocations: [
          {
            executionSuccessful: failures.length === 0,
            toolExecutionNotifications: failures.map(({ path, reason, message }) => ({
              level: 'error',
              descriptor: { id: reason },
              message: { text: message },
              locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
            })),
          },
        ],
        artifacts: reports.map(({ model }) => ({
          location: { uri: uriOf(model.path) },
          length: model.bytes,
          hashes: { 'sha-256': model.sha256 },
        })),
        results: [
          ...reports.flatMap(({ model, findings }, index) =>
            resultsOf(findings, ids, { uri: uriOf(model.path), index }),
          ),
          ...failures.flatMap(({ path, findings }) => resultsOf(findings, ids, { uri: uriOf(path) })),
        ],
      },
    ],
  };
}

function resultsOf(
  findings: readonly Finding[],
  ids: readonly string[],
  artifactLocation: { uri: string; index?: number },
): object[] {
  return findings.map(({ id, level, message, tensor }) => ({
    ruleId: id,
    ruleIndex: ids.indexOf(id),
    level,
    message: { text: message },
    locations: [
      {
        physicalLocation: { artifactLocation },
        ...(tensor === undefined ? {} : { logicalLocations: [{ name: tensor, kind: 'member' }] }),
      },
    ],
  }));
}

function uriOf(path: string): string {
  return pathToFileURL(path).href;
}
