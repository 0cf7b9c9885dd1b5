import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { OutputError } from '../../protocol/errors';
import { readCheckpoint, type Checkpoint } from '../../training/checkpoint';

/** What is kept of a training run beside its output, in a hidden folder, until the output is written. */
export class RunState {
  readonly file: string;
  readonly folder: string;

  /** `kind` tells the states of different jobs with one output apart. */
  constructor(output: string, kind: string) {
    const target = path.resolve(output);
    this.folder = path.join(path.dirname(target), `.${path.basename(target)}.${kind}`);
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

  /** Throws TrainingError `bad-checkpoint` where it is damaged or of another run, ModelError where it cannot be opened. */
  read(run: string): Checkpoint {
    return readCheckpoint(this.file, run);
  }

  /** Removes the state once the output is written. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
