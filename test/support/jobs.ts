import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { JobContext } from '../../src/engine/job-context';
import { scanModel, type ScanOptions } from '../../src/engine/jobs/scan';
import type { ScanReport } from '../../src/protocol/scan';

/** A context nobody watches and nobody cancels. */
export function quiet(): JobContext {
  return new JobContext(new AbortController().signal, () => undefined);
}

/** The scan of a file, as `scour scan` reports it. */
export async function scan(file: string, options: ScanOptions = { u: 3 }): Promise<ScanReport> {
  return (await scanModel(file, options, quiet())).report;
}

/** Runs `use` with a new empty folder, which is removed afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-test-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
