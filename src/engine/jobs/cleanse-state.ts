import * as v from 'valibot';
import { CleanseEpochSchema, type CleanseEpoch } from '../../protocol/cleanse';
import { TrainingError } from '../../training/errors';
import type { TrainingSnapshot } from '../../training/state';
import { RunState } from './run-state';

const History = v.pipe(v.string(), v.parseJson(), v.array(CleanseEpochSchema));

/** What is kept of a cleansing run until its output is written. */
export class CleanseState {
  private readonly state: RunState;

  constructor(output: string) {
    this.state = new RunState(output, 'cleanse');
  }

  /** True where an interrupted run can be resumed. */
  get exists(): boolean {
    return this.state.exists;
  }

  /** As `RunState.check`. */
  check(options: { readonly resume: boolean; readonly force: boolean }): void {
    this.state.check(options);
  }

  /** Throws OutputError `write-failed`; the state before is then still there. */
  async write(run: string, snapshot: TrainingSnapshot, history: readonly CleanseEpoch[]): Promise<void> {
    await this.state.write(run, snapshot, { history: JSON.stringify(history) });
  }

  /** Throws TrainingError `bad-checkpoint` where it is damaged or of another run, ModelError where it cannot be opened. */
  read(run: string): { snapshot: TrainingSnapshot; history: CleanseEpoch[] } {
    const { snapshot, progress } = this.state.read(run);
    const history = v.safeParse(History, progress['history']);
    if (!history.success)
      throw new TrainingError(
        'bad-checkpoint',
        `${this.state.file} cannot be continued from: its history is damaged.`,
      );
    return { snapshot, history: history.output };
  }

  /** Removes the state once the output is written. */
  remove(): void {
    this.state.remove();
  }
}
