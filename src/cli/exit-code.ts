import { ModelError, ReportError, UsageError } from '../protocol/errors';

/** CONTRACT.md: 0 done, 1 findings at or above --fail-on, 2 failed or incomplete, 3 nothing supported to read, 4 usage. */
export const EXIT = { done: 0, findings: 1, failed: 2, unsupported: 3, usage: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const UNSUPPORTED = new Set(['empty', 'unsupported-format', 'not-a-file']);

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ReportError && error.reason === 'not-a-result') return EXIT.unsupported;
  return error instanceof ModelError && UNSUPPORTED.has(error.reason) ? EXIT.unsupported : EXIT.failed;
}
