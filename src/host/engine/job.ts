import type { EngineMethod, Progress } from '../../protocol/engine';
import type { ToEngine } from '../../protocol/rpc';
import { RemainingTime } from './remaining';

/** Progress of a job with an estimate of the seconds it still needs. */
export interface JobProgress extends Pick<Progress, 'message' | 'fraction'> {
  secondsLeft: number | null;
}

export interface JobOptions {
  /** What the job is, for the one that waits behind it: "the scan of model.onnx". */
  title: string;
  signal?: AbortSignal;
  onProgress?: (progress: JobProgress) => void;
  /** Told when the engine falls silent during the job, and when it is heard again. */
  onStalled?: (stalled: boolean) => void;
  /** Asks a method that can be paused to end early. */
  pause?: AbortSignal;
}

/** One request to the engine, from its place in the queue to its one answer. */
export class EngineJob {
  readonly id: number;
  readonly title: string;
  readonly message: ToEngine;
  private readonly options: JobOptions;
  private readonly reject: (error: Error) => void;
  private readonly accept: (value: unknown) => string | null;
  private readonly hear: (event: unknown) => string | null;
  private readonly remaining = new RemainingTime();
  private isStalled = false;
  private readonly subscriptions: (() => void)[] = [];

  /**
   * @param accept takes the result; returns what is wrong with it, or null
   * @param hear does the same with an event
   */
  constructor(
    id: number,
    method: EngineMethod,
    params: unknown,
    options: JobOptions,
    reject: (error: Error) => void,
    accept: (value: unknown) => string | null,
    hear: (event: unknown) => string | null,
  ) {
    this.id = id;
    this.title = options.title;
    this.message = { kind: 'request', id, method, params };
    this.options = options;
    this.reject = reject;
    this.accept = accept;
    this.hear = hear;
  }

  /** Calls `listener` when the job's signal fires, as long as the job has not ended. */
  onAbort(listener: () => void): void {
    this.follow(this.options.signal, listener);
  }

  /** Calls `listener` when a pause is asked for, as long as the job has not ended. */
  onPause(listener: () => void): void {
    this.follow(this.options.pause, listener);
  }

  private follow(signal: AbortSignal | undefined, listener: () => void): void {
    if (signal === undefined) return;
    signal.addEventListener('abort', listener, { once: true });
    this.subscriptions.push(() => signal.removeEventListener('abort', listener));
  }

  private unsubscribe(): void {
    for (const end of this.subscriptions.splice(0)) end();
  }

  /** The job waits behind another. */
  wait(title: string): void {
    this.options.onProgress?.({ message: `Waiting for ${title}`, fraction: null, secondsLeft: null });
  }

  progress(progress: Progress): void {
    const estimated = this.remaining.update(progress.fraction, Date.now());
    this.options.onProgress?.({ ...progress, secondsLeft: progress.secondsLeft ?? estimated });
  }

  /** Passes an event on. Returns what is wrong with it, or null. */
  event(event: unknown): string | null {
    return this.hear(event);
  }

  stalled(stalled: boolean): void {
    if (stalled === this.isStalled) return;
    this.isStalled = stalled;
    this.options.onStalled?.(stalled);
  }

  fail(error: Error): void {
    this.unsubscribe();
    this.reject(error);
  }

  /** Ends the job with what the engine answered. Returns what is wrong with it, or null. */
  succeed(value: unknown): string | null {
    const problem = this.accept(value);
    if (problem === null) this.unsubscribe();
    return problem;
  }
}
