import type { Phase, Position } from '../../defenses/asd/run';
import { totalEpochs } from '../../defenses/asd/settings';
import { PausedError } from '../../protocol/errors';
import type { SplitEpoch } from '../../protocol/split';
import { costInWords } from '../../protocol/split-cost';
import type { JobContext } from '../job-context';
import type { SplitOptions } from './split-options';
import { Pace } from './split-pace';
import type { Workload } from './split-progress';
import { savedPosition } from './split-state';
import type { Standing, StepCheckpoints } from './step-checkpoints';

const WORDS: Readonly<Record<Phase, string>> = {
  split: 'split losses',
  virtual: 'virtual model',
  train: 'MixMatch',
  measure: 'measuring',
};

export interface CourseOptions {
  readonly options: Pick<SplitOptions, 'settings' | 'pause' | 'onNote' | 'onEpoch' | 'resume'>;
  readonly context: JobContext;
  readonly work: Workload;
  readonly checkpoints: StepCheckpoints;
  /** Of the model that is trained. */
  readonly snapshot: Standing['snapshot'];
  /** Epochs done before. */
  readonly history: readonly SplitEpoch[];
}

/** Follows a run: says how far it is and what it costs, keeps its state, and ends it where a pause is asked for. */
export class Course {
  private readonly with: CourseOptions;
  private readonly pace = new Pace();
  private told: number;
  private lastEpoch: SplitEpoch | undefined;
  private costKnown = false;

  constructor(options: CourseOptions) {
    this.with = options;
    this.told = options.history.length;
    this.lastEpoch = options.history.at(-1);
  }

  /**
   * Between pieces of work. Throws CancelledError, and PausedError once the state is kept where a pause is asked for,
   * also where both are.
   */
  async tell(epoch: number, phase: Phase, share: number): Promise<void> {
    const { work, options } = this.with;
    const done = work.at(epoch, phase, share);
    if (phase === 'train') this.pace.step(done, performance.now());
    const epochs = totalEpochs(options.settings);
    await this.tick(`Epoch ${epoch + 1} of ${epochs}${ratesOf(this.lastEpoch)}: ${WORDS[phase]}`, done);
  }

  /** The same while the samples are ranked. */
  async tellRanking(share: number): Promise<void> {
    await this.tick('Ranking the samples', this.with.work.ranked(share));
  }

  /** The run can be continued from here until this is called again. Throws OutputError where it cannot be kept. */
  async at(position: () => Position): Promise<void> {
    const { checkpoints, options, snapshot } = this.with;
    const { history, epoch } = position();
    for (; this.told < history.length; this.told++) options.onEpoch?.(history[this.told]!);
    this.lastEpoch = history.at(-1);
    const standing = { snapshot, progress: () => savedPosition(position()) };
    if (epoch === null) await checkpoints.begin(standing);
    else await checkpoints.offer(standing);
  }

  private async tick(message: string, done: number): Promise<void> {
    const left = this.pace.left(done, performance.now());
    this.sayCost(left);
    try {
      await this.with.context.tick(message, done, left);
    } catch (error) {
      await this.pauseIfAsked();
      throw error;
    }
    await this.pauseIfAsked();
  }

  private async pauseIfAsked(): Promise<void> {
    if (this.with.options.pause?.aborted !== true) return;
    await this.with.checkpoints.keep();
    throw new PausedError();
  }

  /** Once, as soon as enough steps have been timed. */
  private sayCost(left: number | null): void {
    if (left === null || this.costKnown) return;
    this.costKnown = true;
    const { settings, onNote, resume } = this.with.options;
    onNote(costInWords(settings, left, resume));
  }
}

/** What the last finished epoch was measured at, for a line of progress. */
function ratesOf(epoch: SplitEpoch | undefined): string {
  const rates = epoch?.monitored;
  if (!rates) return '';
  return ` (ACC ${rates.acc.toFixed(1)} %${rates.asr === null ? '' : `, ASR ${rates.asr.toFixed(1)} %`})`;
}
