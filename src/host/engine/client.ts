import * as v from 'valibot';
import {
  ENGINE,
  type EngineMethod,
  type EventOf,
  type ParamsOf,
  type Progress,
  type ResultOf,
} from '../../protocol/engine';
import { CancelledError } from '../../protocol/errors';
import { FromEngineSchema, type FromEngine } from '../../protocol/rpc';
import { EngineError, fromWire } from './errors';
import { errorOfExit, type EngineExit } from './exit';
import { EngineJob, type JobOptions } from './job';
import type { EngineProcess, StartEngine } from './process';

export type { JobOptions, JobProgress } from './job';

export interface EngineTimes {
  /** How long a running job may be silent before it counts as stalled, in seconds. */
  stallSeconds: number;
  /** How long the engine is kept once nothing needs it, in seconds. */
  idleSeconds: number;
}

/** How long the engine may take to answer a cancellation before it is killed: Cancel takes at most 200 ms in all. */
export const CANCEL_GRACE_MS = 150;

interface Running {
  process: EngineProcess;
  ready: boolean;
}

/**
 * The host's end of the engine. It forks the process when the first job arrives, runs one job at a time, checks all
 * that comes back, and outlives whatever happens to the process: a job whose engine dies is rejected, the next one
 * gets a new engine.
 */
export class EngineClient {
  private readonly start: StartEngine;
  private readonly times: () => EngineTimes;
  private readonly log: (line: string) => void;
  private engine: Running | null = null;
  private active: EngineJob | null = null;
  private readonly queue: EngineJob[] = [];
  private lastId = 0;
  private holders = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private stallTimer: NodeJS.Timeout | undefined;
  private cancelTimer: NodeJS.Timeout | undefined;

  constructor(start: StartEngine, times: () => EngineTimes, log: (line: string) => void) {
    this.start = start;
    this.times = times;
    this.log = log;
  }

  /** True while an engine process is held. */
  get running(): boolean {
    return this.engine !== null;
  }

  /**
   * Runs a job. Rejects with CancelledError where `options.signal` fired, with the engine's own error where the job
   * failed, and with EngineError where the process did. `onEvent` is told the events of a method that has some.
   */
  request<M extends EngineMethod>(
    method: M,
    params: ParamsOf<M>,
    options: JobOptions,
    onEvent: (event: EventOf<M>) => void = () => undefined,
  ): Promise<ResultOf<M>> {
    return new Promise<ResultOf<M>>((resolve, reject) => {
      const accept = (value: unknown): string | null => {
        const result = v.safeParse(ENGINE[method].result, value);
        if (!result.success) return describe(result.issues);
        resolve(result.output);
        return null;
      };
      const hear = (value: unknown): string | null => {
        const schema = eventSchemaOf(method);
        if (schema === null) return `'${method}' has no events`;
        const event = v.safeParse(schema, value);
        if (!event.success) return describe(event.issues);
        onEvent(event.output);
        return null;
      };
      const job = new EngineJob(++this.lastId, method, params, options, reject, accept, hear);
      if (options.signal?.aborted === true) {
        job.fail(new CancelledError());
        return;
      }
      job.onAbort(() => this.cancel(job));
      job.onPause(() => this.pause(job));
      this.queue.push(job);
      this.pump();
    });
  }

  /** Keeps the engine alive between jobs until the returned function is called (once for each open audit). */
  retain(): () => void {
    this.holders++;
    this.armIdle();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.holders--;
      this.armIdle();
    };
  }

  /** Ends the engine and rejects every job. */
  dispose(): void {
    const jobs = [...(this.active === null ? [] : [this.active]), ...this.queue.splice(0)];
    this.discardEngine();
    this.active = null;
    clearTimeout(this.idleTimer);
    for (const job of jobs) job.fail(new CancelledError());
  }

  private pump(): void {
    const next = this.active === null ? this.queue.shift() : undefined;
    if (next !== undefined) {
      this.active = next;
      const engine = (this.engine ??= this.fork());
      engine.process.send(next.message);
      this.heard();
    }
    if (this.active !== null) for (const job of this.queue) job.wait(this.active.title);
    this.armIdle();
  }

  private fork(): Running {
    const running: Running = {
      ready: false,
      process: this.start({
        // Whatever a discarded engine still says is of no interest.
        message: (value) => {
          if (this.engine === running) this.receive(running, value);
        },
        exit: (exit) => {
          if (this.engine === running) this.ended(running, exit);
        },
      }),
    };
    return running;
  }

  private receive(engine: Running, value: unknown): void {
    const parsed = v.safeParse(FromEngineSchema, value);
    if (!parsed.success) {
      this.violated(describe(parsed.issues));
      return;
    }
    this.heard();
    const message = parsed.output;
    if (message.kind === 'ready') engine.ready = true;
    else if (message.id === this.active?.id) this.answer(this.active, message);
    else this.log(`engine: ${message.kind} for job ${message.id}, which does not run`);
  }

  private answer(job: EngineJob, message: Exclude<FromEngine, { kind: 'ready' }>): void {
    if (message.kind === 'progress') {
      job.progress(message.progress satisfies Progress);
      return;
    }
    if (message.kind === 'event') {
      const problem = job.event(message.event);
      if (problem !== null) this.violated(problem);
      return;
    }
    if (message.kind === 'err') {
      job.fail(fromWire(message.error));
    } else {
      const problem = job.succeed(message.result);
      if (problem !== null) {
        this.violated(problem);
        return;
      }
    }
    this.finished();
  }

  private finished(): void {
    this.active = null;
    clearTimeout(this.stallTimer);
    clearTimeout(this.cancelTimer);
    this.pump();
  }

  private ended(engine: Running, exit: EngineExit): void {
    const error = errorOfExit(exit, engine.ready);
    this.log(error.message);
    this.engine = null;
    this.active?.fail(error);
    this.finished();
  }

  /** The engine said something that it must not say: nothing else from it can be trusted. */
  private violated(problem: string): void {
    const error = new EngineError(
      'protocol',
      `The Scour engine sent a message that the extension does not understand (${problem}). It was stopped; retry, and reload the window if the extension was just updated.`,
    );
    this.log(error.message);
    this.discardEngine();
    this.active?.fail(error);
    this.finished();
  }

  private cancel(job: EngineJob): void {
    const queued = this.queue.indexOf(job);
    if (queued >= 0) {
      this.queue.splice(queued, 1);
      job.fail(new CancelledError());
      return;
    }
    if (job !== this.active) return;
    this.engine?.process.send({ kind: 'cancel', id: job.id });
    this.cancelTimer = setTimeout(() => {
      this.log(`engine: no answer to the cancellation of ${job.title}, killed`);
      this.discardEngine();
      job.fail(new CancelledError());
      this.finished();
    }, CANCEL_GRACE_MS);
  }

  /** A job that has not begun has nothing to pause: it is taken back. */
  private pause(job: EngineJob): void {
    if (job === this.active) this.engine?.process.send({ kind: 'pause', id: job.id });
    else this.cancel(job);
  }

  private discardEngine(): void {
    clearTimeout(this.stallTimer);
    clearTimeout(this.cancelTimer);
    this.engine?.process.kill();
    this.engine = null;
  }

  /** Restarts the clock that notices a silent engine. */
  private heard(): void {
    clearTimeout(this.stallTimer);
    const job = this.active;
    if (job === null) return;
    job.stalled(false);
    this.stallTimer = setTimeout(() => job.stalled(true), this.times().stallSeconds * 1000);
  }

  private armIdle(): void {
    clearTimeout(this.idleTimer);
    if (this.engine === null || this.active !== null || this.holders > 0) return;
    this.idleTimer = setTimeout(() => {
      this.log('engine: ended, nothing needs it');
      this.discardEngine();
    }, this.times().idleSeconds * 1000);
  }
}

function eventSchemaOf<M extends EngineMethod>(method: M): v.GenericSchema<unknown, EventOf<M>> | null {
  const entry = ENGINE[method];
  return 'event' in entry ? (entry.event as unknown as v.GenericSchema<unknown, EventOf<M>>) : null;
}

function describe(issues: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  return `${v.getDotPath(issue) ?? 'message'}: ${issue.message}`.slice(0, 300);
}
