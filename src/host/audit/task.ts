import { CancelledError } from '../../protocol/errors';
import type { WireError } from '../../protocol/rpc';
import type { JobOptions, JobProgress } from '../engine/client';
import { toWire } from '../engine/errors';

/** Where a job stands, as a panel shows it. */
export type TaskState<T> =
  | { state: 'idle' }
  | ({ state: 'running'; stalled: boolean } & JobProgress)
  | { state: 'cancelled' }
  | { state: 'failed'; error: WireError }
  | { state: 'done'; result: T };

export type TaskHooks = Required<Pick<JobOptions, 'signal' | 'onProgress' | 'onStalled'>>;

/** One job of a panel: it runs at most once at a time, and starting it again ends the run before. */
export class Task<T> {
  state: TaskState<T> = { state: 'idle' };
  private readonly changed: () => void;
  private controller: AbortController | null = null;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  get running(): boolean {
    return this.state.state === 'running';
  }

  /** Runs `work` and follows it; resolves when it has ended, however it ended. */
  async run(message: string, work: (hooks: TaskHooks) => Promise<T>): Promise<void> {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    const move = (state: TaskState<T>) => {
      if (this.controller === controller) this.set(state);
    };
    const running = (change: Partial<JobProgress & { stalled: boolean }>) => {
      if (this.controller !== controller || this.state.state !== 'running') return;
      this.set({ ...this.state, ...change });
    };
    move({ state: 'running', message, fraction: null, secondsLeft: null, stalled: false });
    try {
      const result = await work({
        signal: controller.signal,
        onProgress: running,
        onStalled: (stalled) => running({ stalled }),
      });
      move({ state: 'done', result });
    } catch (error) {
      move(
        error instanceof CancelledError ? { state: 'cancelled' } : { state: 'failed', error: toWire(error) },
      );
    }
  }

  cancel(): void {
    this.controller?.abort();
  }

  /** Ends a run, and forgets how the last one ended. */
  reset(): void {
    this.controller?.abort();
    this.controller = null;
    this.set({ state: 'idle' });
  }

  private set(state: TaskState<T>): void {
    this.state = state;
    this.changed();
  }
}
