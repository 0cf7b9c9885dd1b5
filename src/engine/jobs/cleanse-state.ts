import { copyFileSync, linkSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { writeFailed } from '../../model/write-failed';
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

/** Writing may take this share of the time at most; every epoch is written all the same. */
const WRITING = 0.05;

/** What is kept of a cleansing run until its output is written. */
export class CleanseState {
  private readonly state: RunState;
  private readonly best: string;
  private writtenAt = 0;
  private cost = 0;

  constructor(output: string) {
    this.state = new RunState(output, 'cleanse');
    this.best = this.temporary('best.safetensors');
  }

  /** Where temporary copies of the student may lie. */
  temporary(name: string): string {
    return path.join(this.state.folder, name);
  }

  /** True where a checkpoint is worth its time again: after nearly every step, unless the model is large beside its steps. */
  get isDue(): boolean {
    return performance.now() - this.writtenAt >= this.cost / WRITING;
  }

  /** True where an interrupted run can be resumed. */
  get exists(): boolean {
    return this.state.exists;
  }

  /** Before a run: see RunState. */
  check(asked: { readonly resume: boolean; readonly force: boolean }): void {
    this.state.check(asked);
  }

  /** Throws OutputError `write-failed`; the state before is then still there. */
  async write(run: string, snapshot: TrainingSnapshot, progress: CleanseProgress): Promise<void> {
    const started = performance.now();
    await this.state.write(run, snapshot, { progress: JSON.stringify(progress) });
    this.writtenAt = performance.now();
    this.cost = this.writtenAt - started;
  }

  /** Remembers the state written last as the best so far. Throws OutputError `write-failed`. */
  keepAsBest(): void {
    const temporary = `${this.best}.tmp`;
    try {
      rmSync(temporary, { force: true });
      // Checkpoints are replaced, never written over: a second name keeps this one.
      try {
        linkSync(this.state.file, temporary);
      } catch {
        copyFileSync(this.state.file, temporary); // file systems without hard links
      }
      renameSync(temporary, this.best);
    } catch (cause) {
      throw writeFailed(this.best, cause);
    }
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
