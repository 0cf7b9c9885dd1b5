import { rmSync } from 'node:fs';
import type { Trigger } from '../../attacks/trigger';
import { KeptBatches } from '../../data/loading/kept-batches';
import { NOTHING_KNOWN } from '../../data/preprocessing';
import { Skips, UNREADABLE_LIMIT } from '../../evaluation/skips';
import type { TestedModel } from '../../evaluation/tested-model';
import { replacementEdits } from '../../model/onnx/replacement';
import type { CleanseReport, Monitored } from '../../protocol/cleanse';
import type { MonitorChoice } from '../../protocol/cleansing';
import type { Preprocessing } from '../../protocol/preprocessing';
import { Classifier } from '../../runtime/classifier';
import type { SessionOptions } from '../../runtime/session';
import type { JobContext } from '../job-context';
import { writeOnnxCopy } from '../subjects/onnx-subject';
import type { Student } from './cleanse-student';
import { createTriggers, releaseTriggers, reportedAttacks, setUp, type Setup } from './evaluation-setup';
import { measureModels } from './measure-models';

export interface MonitorOptions {
  readonly choice: MonitorChoice;
  readonly seed: number;
  /** As the student is trained. */
  readonly preprocessing: Preprocessing;
  readonly run: SessionOptions;
}

/** Measures ACC, ASR and RA of teacher and student while the student is trained (METHODS.md §4). Trains nothing. */
export class StudentMonitor {
  private readonly options: MonitorOptions;
  private readonly setup: Setup;
  private readonly triggers: ReadonlyMap<string, Trigger>;

  private constructor(options: MonitorOptions, setup: Setup, triggers: ReadonlyMap<string, Trigger>) {
    this.options = options;
    this.setup = setup;
    this.triggers = triggers;
  }

  /** Checks that what is asked can be measured. Throws DataError, UsageError or RuntimeError. */
  static async open(options: MonitorOptions): Promise<StudentMonitor> {
    const { choice, seed, run, preprocessing } = options;
    const asked = await setUp({ ...choice, seed, device: run.device, threads: run.threads });
    // The same images after every epoch.
    const setup = { ...asked, load: new KeptBatches().load };
    return new StudentMonitor(options, setup, await createTriggers(setup, preprocessing));
  }

  /** What a user must know of the data. */
  get warnings(): readonly string[] {
    return this.setup.warnings;
  }

  /** What is measured, for the report. */
  get description(): Omit<NonNullable<CleanseReport['monitoring']>, 'before'> {
    const { choice } = this.options;
    return { data: choice.data, target: this.setup.target, attacks: reportedAttacks(this.setup) };
  }

  /** Throws RuntimeError, DataError or CancelledError. */
  async measure(
    measured: Pick<TestedModel, 'path' | 'onnx' | 'classifier'>,
    context: JobContext,
  ): Promise<Monitored> {
    const { preprocessing } = this.options;
    const model: TestedModel = { ...measured, known: NOTHING_KNOWN, preprocessing, warnings: [] };
    const setup = { ...this.setup, skips: new Skips(UNREADABLE_LIMIT) };
    const { counts } = await measureModels(setup, [model], this.triggers, context);
    const { clean, attacks } = counts[0]!;
    return {
      acc: clean.accuracy,
      n: clean.n,
      attacks: attacks.map(({ name, tally }) => {
        const { asr, ra, n } = tally.result(name);
        return { name, asr, ra, n };
      }),
    };
  }

  /** The same of a student as it is now, through a temporary file at `file`. Throws OutputError as well. */
  async measureStudent(
    { file, trainer }: Student,
    temporary: string,
    context: JobContext,
  ): Promise<Monitored> {
    rmSync(temporary, { force: true });
    try {
      await writeOnnxCopy(file, replacementEdits(file, await trainer.exportModel()), temporary);
      const classifier = await Classifier.open(temporary, this.options.run);
      try {
        return await this.measure({ path: temporary, onnx: temporary, classifier }, context);
      } finally {
        await classifier.release();
      }
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  async release(): Promise<void> {
    await releaseTriggers(this.triggers);
  }
}
