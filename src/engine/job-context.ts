import { setImmediate } from 'node:timers/promises';
import { CancelledError } from '../protocol/errors';
import type { Progress } from '../protocol/engine';

const REPORT_EVERY_MS = 50;

/**
 * What a job has besides its parameters: somebody to tell of its progress, and somebody who may stop it. Jobs call
 * `tick` between pieces of work; that is where the event loop gets to see a request to cancel.
 */
export class JobContext {
  readonly signal: AbortSignal;
  private readonly report: (progress: Progress) => void;
  private reportedAt = 0;

  constructor(signal: AbortSignal, report: (progress: Progress) => void) {
    this.signal = signal;
    this.report = report;
  }

  /**
   * Reports progress (at most every 50 ms) and throws CancelledError once cancelled. `secondsLeft`: of a job that knows;
   * otherwise they are estimated from the fraction.
   */
  async tick(message: string, fraction: number | null, secondsLeft: number | null = null): Promise<void> {
    const now = performance.now();
    if (now - this.reportedAt < REPORT_EVERY_MS && !this.signal.aborted) return;
    this.reportedAt = now;
    this.report({ message, fraction, ...(secondsLeft === null ? {} : { secondsLeft }) });
    await setImmediate();
    if (this.signal.aborted) throw new CancelledError();
  }

  /** This context with its fractions mapped into [from, to]: for a job made of several steps. */
  within(from: number, to: number): JobContext {
    return new JobContext(this.signal, ({ fraction, ...progress }) =>
      this.report({ ...progress, fraction: fraction === null ? null : from + fraction * (to - from) }),
    );
  }
}
