import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { CleanseEpochSchema, type CleanseEpoch } from '../../protocol/cleanse';
import { OutputError } from '../../protocol/errors';
import { readCheckpoint, writeCheckpoint } from '../../training/checkpoint';
import { TrainingError } from '../../training/errors';
import type { TrainingSnapshot } from '../../training/state';

const History = v.pipe(v.string(), v.parseJson(), v.array(CleanseEpochSchema));

/** What is kept of a run beside its output, in a hidden folder, until the output is written. */
export class CleanseState {
  private readonly folder: string;
  private readonly file: string;

  constructor(output: string) {
    this.folder = path.join(path.dirname(output), `.${path.basename(output)}.cleanse`);
    this.file = path.join(this.folder, 'checkpoint.safetensors');
  }

  /** True where an interrupted run can be resumed. */
  get exists(): boolean {
    return existsSync(this.file);
  }

  /**
   * Before a run, so that the work of an interrupted one is not lost by mistake. Throws OutputError `exists` where there
   * is one and neither it is to be resumed nor `force` is given, `nothing-to-do` where there is none to resume.
   */
  check({ resume, force }: { readonly resume: boolean; readonly force: boolean }): void {
    if (resume && !this.exists)
      throw new OutputError(
        'nothing-to-do',
        this.folder,
        `There is no interrupted run to resume: ${this.file} does not exist.`,
      );
    if (this.exists && !resume && !force)
      throw new OutputError(
        'exists',
        this.folder,
        `${this.folder} holds an interrupted run. Continue it with --resume, or start anew with --force.`,
      );
  }

  /** Throws OutputError `write-failed`; the state before is then still there. */
  async write(run: string, snapshot: TrainingSnapshot, history: readonly CleanseEpoch[]): Promise<void> {
    await writeCheckpoint(this.file, { snapshot, run, progress: { history: JSON.stringify(history) } });
  }

  /** Throws TrainingError `bad-checkpoint` where it is damaged or of another run, ModelError where it cannot be opened. */
  read(run: string): { snapshot: TrainingSnapshot; history: CleanseEpoch[] } {
    const { snapshot, progress } = readCheckpoint(this.file, run);
    const history = v.safeParse(History, progress['history']);
    if (!history.success)
      throw new TrainingError(
        'bad-checkpoint',
        `${this.file} cannot be continued from: its history is damaged.`,
      );
    return { snapshot, history: history.output };
  }

  /** Removes the state once the output is written. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
