import { stat } from 'node:fs/promises';
import { CancelledError, messageOf } from '../../protocol/errors';
import type { Audit } from '../../protocol/scan';
import { visible } from '../../protocol/wording';
import type { EngineClient, JobOptions } from '../engine/client';
import { toWire } from '../engine/errors';
import type { ResultStore } from '../results/store';

export type AuditOptions = Omit<JobOptions, 'title'> & {
  /** Show the result of an earlier scan of the same bytes, if one is kept. */
  useKept: boolean;
};

/** An audit, and whether it was kept from an earlier scan. */
export interface Audited {
  audit: Audit;
  kept: boolean;
}

/** Gets a model audited: by its kept result where its bytes are known, by a scan otherwise. Keeps what it learns. */
export class Auditor {
  private readonly engine: EngineClient;
  private readonly results: ResultStore;
  private readonly log: (line: string) => void;

  constructor(engine: EngineClient, results: ResultStore, log: (line: string) => void) {
    this.engine = engine;
    this.results = results;
    this.log = log;
  }

  /**
   * Audits the model at `path` with outliers listed at `u`. Rejects as `EngineClient.request` does; a failure is
   * remembered as the model's outcome, a cancellation is not.
   */
  async audit(path: string, name: string, u: number, options: AuditOptions): Promise<Audited> {
    const { useKept, ...job } = options;
    try {
      const kept = useKept ? await this.find(path, name, job) : null;
      if (kept !== null) return { audit: kept, kept: true };
      const begun = performance.now();
      const { audit, identity } = await this.engine.request(
        'scan',
        { path, u },
        { ...job, title: `the scan of ${name}` },
      );
      this.log(`scanned ${visible(name)} in ${Math.round(performance.now() - begun)} ms`);
      await this.remember(this.results.keep(path, identity, audit));
      return { audit, kept: false };
    } catch (error) {
      if (!(error instanceof CancelledError)) await this.remember(this.results.fail(path, toWire(error)));
      throw error;
    }
  }

  private async find(path: string, name: string, job: Omit<JobOptions, 'title'>): Promise<Audit | null> {
    // Hashing reads the whole file, so it is done only where a file of this size was seen before.
    const size = await stat(path).then(
      (file) => file.size,
      () => null, // the scan that follows says what is wrong with the file
    );
    if (size === null || !(await this.results.mayHave(size))) return null;
    const identity = await this.engine.request(
      'identify',
      { path },
      { ...job, title: `the hash of ${name}` },
    );
    const found = await this.results.kept(identity.key);
    if (found === null) return null;
    // The bytes may have been seen under another name.
    const audit = { ...found, report: { ...found.report, model: { ...found.report.model, path } } };
    await this.remember(this.results.keep(path, identity, audit));
    return audit;
  }

  /** A result that cannot be kept (a full disk, say) is still shown. */
  private async remember(writing: Promise<void>): Promise<void> {
    await writing.catch((error: unknown) => {
      this.log(`the result could not be kept: ${messageOf(error)}`);
    });
  }
}
