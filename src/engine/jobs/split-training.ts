import { streamOf } from '../../data/random';
import { infer } from '../../defenses/asd/infer';
import { lossHistogram } from '../../defenses/asd/loss-histogram';
import { runAsd, type Position } from '../../defenses/asd/run';
import { totalEpochs } from '../../defenses/asd/settings';
import { rankSamples } from '../../defenses/asd/suspects';
import { trainVirtually } from '../../defenses/asd/virtual-epoch';
import type { SplitEpoch, SplitReport, SuspectList } from '../../protocol/split';
import type { Trainer } from '../../training/trainer';
import type { JobContext } from '../job-context';
import type { RunState } from './run-state';
import { Course } from './split-course';
import type { SplitData } from './split-data';
import type { Monitor } from './split-monitor';
import type { SplitOptions } from './split-options';
import { suspectList } from './split-output';
import { Workload } from './split-progress';
import { loadPosition, savedPosition } from './split-state';
import { StepCheckpoints, type Standing } from './step-checkpoints';

/**
 * The state is kept at the end of every epoch, and within one this often unless it is said otherwise. After every step it
 * would not cost much time, but of the paper's 122,880 steps 4 TB written to the disk.
 */
const SAVE_EVERY_MS = 10_000;

export interface TrainingJob {
  readonly options: SplitOptions;
  /** Told of what is to stand in the report too. */
  readonly onNote: (note: string) => void;
  readonly context: JobContext;
  readonly state: RunState;
  readonly data: SplitData;
  readonly monitor: Monitor | null;
  /** Its weights are fresh. */
  readonly model: Trainer;
  /** Of the meta-split. */
  readonly virtual: Trainer;
}

export interface Trained {
  readonly history: readonly SplitEpoch[];
  readonly list: SuspectList;
  /** Split losses under the finished model, by the pools of a last meta-split. */
  readonly losses: SplitReport['suspects']['losses'];
}

/**
 * Trains the model from the beginning, or from where the state of the run `run` stands, and ranks the samples by it.
 * Throws TrainingError, DataError, OutputError, CancelledError; PausedError where a pause was asked for: the state is
 * then kept. A pause in the midst of split losses or of a virtual epoch does these anew, to the same numbers.
 */
export async function trainAndRank(job: TrainingJob, run: string): Promise<Trained> {
  const { options, context, state, data, monitor, model } = job;
  const start = startOf(job, run);
  options.onStart?.(start.history);
  const snapshot: Standing['snapshot'] = (reuse) => model.snapshot(reuse);
  const checkpoints = new StepCheckpoints({
    state,
    run,
    start: { snapshot, progress: () => savedPosition(start) },
    atLeast: options.saveEvery ?? SAVE_EVERY_MS,
    share: options.keepShare,
    onNote: job.onNote,
  });
  try {
    const work = new Workload(options.settings, data.set.pool.size, monitor?.size ?? 0);
    const course = new Course({ options, context, work, checkpoints, snapshot, history: start.history });
    const history = await follow(job, start, course);
    await checkpoints.keep();
    return { history, ...(await rank(job, course)) };
  } finally {
    await checkpoints.close();
  }
}

function follow(
  { options, data, monitor, model, virtual }: TrainingJob,
  start: Position,
  course: Course,
): Promise<readonly SplitEpoch[]> {
  const { set, classes } = data;
  return runAsd({
    model,
    virtual,
    set,
    classes: classes.length,
    settings: options.settings,
    start,
    onProgress: (epoch, phase, share) => course.tell(epoch, phase, share),
    onPosition: (position) => course.at(position),
    measure: async (epoch) =>
      monitor === null ? null : await monitor.measure(model, (share) => course.tell(epoch, 'measure', share)),
  });
}

function startOf({ options, state, data, model }: TrainingJob, run: string): Position {
  if (!options.resume) return { history: [], epoch: null };
  const { snapshot, position } = loadPosition(state, run, data.set.pool.size);
  model.restore(snapshot);
  return position;
}

/** The meta-split of the finished model, on the images as they are. */
async function rank(
  { options, data, model, virtual }: TrainingJob,
  course: Course,
): Promise<Pick<Trained, 'list' | 'losses'>> {
  const { settings } = options;
  const step = (from: number, to: number) => (share: number) =>
    course.tellRanking(from + share * (to - from));
  // A stream behind those of the epochs.
  const random = streamOf(settings.seed, 1 + totalEpochs(settings));
  const look = (trainer: Trainer, onProgress: (share: number) => Promise<void>) =>
    infer(trainer, data.set, { augmentation: null, random, onProgress });
  const before = await look(model, step(0, 0.2));
  await trainVirtually(virtual, model, data.set, settings, random, step(0.2, 0.8));
  const after = await look(virtual, step(0.8, 1));
  const ranking = rankSamples(before.losses, after.losses, settings.metaShare);
  const pool = new Array<boolean>(data.set.pool.size).fill(false);
  for (const { sample, clean } of ranking.samples) pool[sample] = clean;
  return {
    list: suspectList(options.data, ranking, before.predicted, data),
    losses: lossHistogram(before.losses, pool),
  };
}
