import path from 'node:path';
import * as v from 'valibot';
import { CleanseEpochSchema, MonitoredPairSchema } from '../../protocol/cleanse';
import { readCheckpoint } from '../../training/checkpoint';
import { TrainingError } from '../../training/errors';
import type { TrainingSnapshot } from '../../training/state';
import { RunState } from './run-state';

const Amount = v.pipe(v.number(), v.integer(), v.minValue(0));
const ProgressSchema = v.object({
  history: v.array(CleanseEpochSchema),
  partial: v.nullable(
    v.object({ steps: Amount, images: Amount, loss: v.number(), agreed: Amount, seconds: v.number() }),
  ),
  before: v.nullable(MonitoredPairSchema),
});
/** How far a run has come, and what was measured before it. */
export type CleanseProgress = v.InferOutput<typeof ProgressSchema>;
const SavedProgress = v.pipe(v.string(), v.parseJson(), ProgressSchema);

/** What is kept of a cleansing run until its output is written. */
export class CleanseState {
  /** The latest. */
  readonly state: RunState;
  /** The best epoch. */
  readonly best: string;

  constructor(output: string) {
    this.state = new RunState(output, 'cleanse');
    this.best = this.temporary('best.safetensors');
  }

  /** Where temporary copies of the student may lie. */
  temporary(name: string): string {
    return path.join(this.state.folder, name);
  }

  /** True where an interrupted run can be resumed. */
  get exists(): boolean {
    return this.state.exists;
  }

  /** Before a run: see RunState. */
  check(asked: { readonly resume: boolean; readonly force: boolean }): void {
    this.state.check(asked);
  }

  /** What a checkpoint holds beside the trainer's state, as `read` takes it. */
  static saved(progress: CleanseProgress): Readonly<Record<string, string>> {
    return { progress: JSON.stringify(progress) };
  }

  /** Throws TrainingError `bad-checkpoint` where it is damaged or of another run, ModelError where it cannot be opened. */
  read(
    run: string,
    which: 'latest' | 'best' = 'latest',
  ): { snapshot: TrainingSnapshot; progress: CleanseProgress } {
    const file = which === 'latest' ? this.state.file : this.best;
    const { snapshot, progress } = readCheckpoint(file, run);
    const saved = v.safeParse(SavedProgress, progress['progress']);
    if (!saved.success)
      throw new TrainingError('bad-checkpoint', `${file} cannot be continued from: its history is damaged.`);
    return { snapshot, progress: saved.output };
  }

  /** Removes the state once the output is written. */
  remove(): void {
    this.state.remove();
  }
}
