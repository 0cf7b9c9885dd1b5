import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Ranking } from '../../defenses/asd/suspects';
import { writeAtomically } from '../../model/atomic-write';
import { writeFailed } from '../../model/write-failed';
import { OutputError, messageOf } from '../../protocol/errors';
import type { SplitReport, Suspect, SuspectList } from '../../protocol/split';
import { suspectsCsv } from '../../report/suspects-csv';
import type { SplitData } from './split-data';

/** The files of a finished run, beside any external data of the model. */
type Result = 'model.onnx' | 'suspects.csv' | 'suspects.json' | 'report.json';

/** The folder that a run's results go to. */
export class SplitOutput {
  private readonly folder: string;
  private readonly force: boolean;
  private readonly staging: string;

  /** `state`: the folder of the run's state, on the same file system as `folder`. */
  constructor(folder: string, state: string, force: boolean) {
    this.folder = folder;
    this.force = force;
    this.staging = path.join(state, 'result');
  }

  /** Where the model is to be written, before `publish`. */
  get model(): string {
    return path.join(this.staging, 'model.onnx');
  }

  /**
   * Throws OutputError: `exists` where it is a file, or holds anything (with `force`, only results are replaced);
   * `is-input` where it lies within one of `inputs`, which are read as a whole.
   */
  check(inputs: readonly string[]): void {
    const target = resolved(this.folder);
    for (const input of inputs) {
      const inside = path.relative(resolved(input), target);
      if (!inside.startsWith('..') && !path.isAbsolute(inside))
        throw new OutputError(
          'is-input',
          this.folder,
          `${this.folder} lies in ${input}, which is read and never written to. Choose another folder.`,
        );
    }
    if (!existsSync(this.folder)) return;
    let entries: string[];
    try {
      entries = readdirSync(this.folder);
    } catch (cause) {
      throw new OutputError('exists', this.folder, `${this.folder} is not a folder: ${messageOf(cause)}`, {
        cause,
      });
    }
    if (entries.length > 0 && !this.force)
      throw new OutputError(
        'exists',
        this.folder,
        `${this.folder} exists and is not empty. Choose another folder, or use --force to replace its results.`,
      );
  }

  /** An empty folder beside the run's state for results to be made in. Throws OutputError `write-failed`. */
  prepare(): void {
    this.attempt(() => {
      rmSync(this.staging, { recursive: true, force: true });
      mkdirSync(this.staging, { recursive: true });
    });
  }

  /** Writes what comes beside the model. Throws OutputError `write-failed`. */
  async writeReports(list: SuspectList, report: SplitReport): Promise<void> {
    const write = async (name: Result, text: string): Promise<void> => {
      await writeAtomically(path.join(this.staging, name), { force: true, inputs: [] }, (sink) =>
        sink(Buffer.from(text)),
      );
    };
    await write('suspects.csv', suspectsCsv(list));
    await write('suspects.json', `${JSON.stringify(list, null, 1)}\n`);
    await write('report.json', `${JSON.stringify(report, null, 2)}\n`);
  }

  /**
   * Puts the finished results in place: all at once where the folder is new, else one by one with the report last, so
   * that a folder with a report is complete. Throws OutputError `write-failed`.
   */
  publish(): void {
    this.attempt(() => {
      if (!existsSync(this.folder)) {
        renameSync(this.staging, this.folder);
        return;
      }
      const report: Result = 'report.json';
      rmSync(path.join(this.folder, report), { force: true });
      const others = readdirSync(this.staging).filter((name) => name !== report);
      for (const name of [...others, report])
        renameSync(path.join(this.staging, name), path.join(this.folder, name));
    });
  }

  /** Takes back what was made and not published. */
  discard(): void {
    rmSync(this.staging, { recursive: true, force: true });
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw writeFailed(this.folder, cause);
    }
  }
}

/** The ranking with names in place of numbers. */
export function suspectList(
  data: string,
  { samples, threshold }: Ranking,
  predicted: ArrayLike<number>,
  { set, classes }: SplitData,
): SuspectList {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const listed = samples.map(({ sample, loss, score, clean, suspected }, i): Suspect => ({
    rank: i + 1,
    path: set.pool.samples[sample]!.name,
    label: classes[set.labels[sample]!]!.name,
    predicted: classes[predicted[sample]!]?.name ?? null,
    loss: finite(loss),
    score: finite(score),
    pool: clean ? 'clean' : 'polluted',
    suspected,
  }));
  return {
    schema: 'scour.suspects/1',
    data,
    threshold: finite(threshold),
    suspected: listed.filter(({ suspected }) => suspected).length,
    samples: listed,
  };
}

/** The real path of what exists, and of the nearest folder that does where it does not. */
function resolved(target: string): string {
  const full = path.resolve(target);
  if (existsSync(full)) return realpathSync(full);
  const parent = path.dirname(full);
  return parent === full ? full : path.join(resolved(parent), path.basename(full));
}
