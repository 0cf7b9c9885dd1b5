import { availableParallelism } from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { durationInWords } from '../../protocol/duration';
import { CheckpointWriter } from '../../training/checkpoint-writer';
import type { TrainingSnapshot } from '../../training/state';
import type { RunState } from './run-state';

/** Keeping the state of steps may take this share of the time. */
const SHARE = 0.05;

/** Where a run stands, for as long as its trainer is not used. */
export interface Standing {
  /** `reuse`: see `Trainer.snapshot`. */
  readonly snapshot: (reuse?: TrainingSnapshot) => Promise<TrainingSnapshot>;
  /** The job's own, beside the trainer's. */
  readonly progress: () => Readonly<Record<string, string>>;
}

export interface StepCheckpointOptions {
  readonly state: RunState;
  /** Says which run the state is of. */
  readonly run: string;
  /** Where a run that is not kept yet stands before its first step. */
  readonly start?: Standing;
  /** Milliseconds that lie between two checkpoints of steps at least. Default: none. */
  readonly atLeast?: number;
  /** Share of the time that keeping the state of steps may take. Default: a twentieth. */
  readonly share?: number | undefined;
  /** Told, once, where a kill may cost more than the step at hand and the one before it. */
  readonly onNote: (note: string) => void;
  /** For tests: what writes, and what tells the time. */
  readonly writer?: Pick<
    CheckpointWriter,
    'outstanding' | 'cost' | 'takeSpare' | 'start' | 'settled' | 'close'
  >;
  readonly clock?: Clock;
}

/** In milliseconds. */
interface Clock {
  now(): number;
  sleep(most: number, signal: AbortSignal): Promise<void>;
}

const REAL: Clock = {
  now: () => performance.now(),
  sleep: (most, signal) => setTimeout(most, undefined, { signal }).catch(() => undefined),
};

/**
 * Keeps the state of a training run after every step, beside the next one: the training thread copies its state, another
 * one writes it. One checkpoint at most is outstanding, so that a run that is killed repeats, beside the step at hand, at
 * most the one before it. Where that would take more than a twentieth of the time (a large network with quick steps, a
 * slow disk) some steps go by without a checkpoint, and the run says what a kill may cost.
 */
export class StepCheckpoints {
  private readonly options: StepCheckpointOptions;
  private readonly writer: NonNullable<StepCheckpointOptions['writer']>;
  private readonly clock: Clock;
  /** When the last checkpoint was begun; null before the first. */
  private begunAt: number | null = null;
  /** Milliseconds that the training thread has lost since: copying the state, waiting for the disk. */
  private lost = 0;
  /** Where the run stands, unless that is kept or being written. */
  private latest: Standing | null;
  /** Steps that went by without a checkpoint. */
  private passed = 0;
  private isTold = false;

  constructor(options: StepCheckpointOptions) {
    this.options = options;
    this.latest = options.start ?? null;
    this.writer = options.writer ?? new CheckpointWriter();
    this.clock = options.clock ?? REAL;
  }

  /** After a step: keeps the state unless that costs too much. Throws OutputError where an earlier checkpoint was not written. */
  async offer(standing: Standing): Promise<void> {
    this.latest = standing;
    if (await this.isDue()) await this.begin(standing);
    else this.pass();
  }

  /**
   * Keeps the state whatever it costs, beside what follows. `asBest`: see `writeCheckpoint`. Throws OutputError where an
   * earlier checkpoint was not written.
   */
  async begin(standing: Standing, asBest: string | null = null): Promise<void> {
    const asked = this.clock.now();
    await this.settle();
    this.begunAt = this.clock.now();
    const snapshot = await standing.snapshot(this.writer.takeSpare());
    const { state, run } = this.options;
    this.writer.start({
      path: state.file,
      checkpoint: { snapshot, run, progress: standing.progress() },
      asBest,
    });
    this.lost = this.clock.now() - asked;
    this.latest = null;
    this.passed = 0;
  }

  /**
   * Before the run stops: returns once it is on the disk where it stands. Throws OutputError where it is not; the state
   * before is then still there.
   */
  async keep(): Promise<void> {
    if (this.latest !== null) await this.begin(this.latest);
    await this.settle();
  }

  /** Ends the thread, after what it is writing. A failure that nobody has heard of by then is not told. */
  async close(): Promise<void> {
    await this.writer.close();
  }

  private async settle(): Promise<void> {
    try {
      await this.writer.settled();
    } catch (error) {
      const { state } = this.options;
      if (!state.exists) state.remove();
      throw error;
    }
  }

  private async isDue(): Promise<boolean> {
    if (this.begunAt === null) return true;
    // What has been written meanwhile is heard of once the event loop has turned.
    if (this.writer.outstanding) await setImmediate();
    const since = this.clock.now() - this.begunAt;
    if (since < (this.options.atLeast ?? 0)) return false;
    const left = this.share * since - this.cost;
    if (!this.writer.outstanding) return left >= 0;
    if (left > 0) await this.wait(left);
    return !this.writer.outstanding;
  }

  private get share(): number {
    return this.options.share ?? SHARE;
  }

  /** What keeping the state has cost since the last checkpoint was begun. The other thread takes its time from those that train. */
  private get cost(): number {
    return this.lost + this.writer.cost.busy / availableParallelism();
  }

  private async wait(most: number): Promise<void> {
    const from = this.clock.now();
    const enough = new AbortController();
    try {
      await Promise.race([this.clock.sleep(most, enough.signal), this.settle()]);
    } finally {
      enough.abort();
      this.lost += this.clock.now() - from;
    }
  }

  private pass(): void {
    this.passed++;
    const { atLeast = 0, onNote } = this.options;
    const interval = Math.max(this.cost / this.share, this.writer.cost.took);
    if (this.isTold || this.passed < 2 || interval <= atLeast) return;
    this.isTold = true;
    onNote(
      `Keeping the state of this network takes more than a twentieth of the time of a step, so it is not kept after each one. A run that is killed has to repeat about ${durationInWords(interval / 1000)} of training; one that is paused, nothing.`,
    );
  }
}
