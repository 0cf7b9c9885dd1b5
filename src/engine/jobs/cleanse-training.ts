import { createHash } from 'node:crypto';
import type { PixelPool } from '../../data/pixel-pool';
import { distil, type DistillationProgress, type DistillationStep } from '../../defenses/bcu/distil';
import { redrawnShare } from '../../defenses/bcu/ratios';
import type { Stage } from '../../defenses/bcu/stages';
import type { Teacher } from '../../defenses/bcu/teacher';
import type { CleanseEpoch, MonitoredPair } from '../../protocol/cleanse';
import { CancelledError, PausedError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import { VERSION } from '../../protocol/version';
import type { Classifier } from '../../runtime/classifier';
import type { TrainingError } from '../../training/errors';
import type { JobContext } from '../job-context';
import type { Trainable } from '../subjects/trainable';
import type { Choice, CleanseOptions } from './cleanse';
import type { StudentMonitor } from './cleanse-monitor';
import { CleanseState } from './cleanse-state';
import type { Student } from './cleanse-student';
import { StepCheckpoints, type Standing } from './step-checkpoints';

/** All that a run trains with. */
export interface TrainingJob {
  readonly input: string;
  readonly inputSha256: string;
  readonly options: CleanseOptions;
  readonly choice: Choice;
  readonly stages: readonly Stage[];
  readonly model: Trainable;
  readonly state: CleanseState;
  readonly preprocessing: Preprocessing;
  readonly classifier: Classifier;
  readonly teacher: Teacher;
  readonly monitor: StudentMonitor | null;
  readonly pool: PixelPool;
  readonly student: Student;
  /** Says which run a checkpoint is of. */
  readonly run: string;
  readonly onNote: (note: string) => void;
}

/** Says which run a checkpoint is of: everything that its result depends on, and what its history holds. */
export function runKey(
  model: string,
  job: Pick<TrainingJob, 'options' | 'choice' | 'preprocessing' | 'pool' | 'student'>,
): string {
  const { options, choice, preprocessing, pool, student } = job;
  const all = {
    version: VERSION,
    model,
    settings: options.settings,
    clpU: choice.clpU,
    pruned: student.pruned,
    ratios: [...choice.ratios],
    preprocessing,
    pixels: pool.sha256,
    device: options.run.device,
    // What `auto` takes may differ from one start to the next; the run goes on all the same.
    engine: options.engine.name === 'onnxruntime' ? options.engine.name : student.device,
    monitor: options.monitor,
  };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

export interface Trained {
  readonly history: readonly CleanseEpoch[];
  readonly before: MonitoredPair | null;
  /** The epoch that the student now holds. */
  readonly epoch: number;
  readonly diverged: TrainingError | null;
}

/**
 * Trains the student, or continues to, with its state written as it goes. Throws TrainingError (`diverged` only where no
 * epoch was finished), RuntimeError, OutputError, PausedError or CancelledError.
 */
export async function train(job: TrainingJob, whole: JobContext): Promise<Trained> {
  const { options, state, student, pool, run } = job;
  const { batchSize } = options.settings;
  const checkpoints = new StepCheckpoints({
    state: state.state,
    run,
    onNote: job.onNote,
    share: options.keepShare,
  });
  /** True once what is on the disk is this run's own, from its beginning: not that of an earlier one. */
  let isOwn = false;
  let isWorthless = false;
  try {
    // Where nothing is measured before it, the first step comes at once and is trial enough.
    if (job.monitor !== null) {
      await whole.within(0.025, 0.03).tick('Trying a step', 0);
      await student.trainer.rehearse(Math.min(batchSize, pool.size));
    }
    const { before, from } = await begin(job, checkpoints, whole);
    isOwn = !options.resume;
    options.onState?.(stateOf(job, before, from.history));
    const result = await follow(job, { before, from }, checkpoints, whole.within(0.03, 0.98));
    await checkpoints.keep();
    return { before, ...standAt(job, result) };
  } catch (error) {
    // A step that has been done is not done again for being stopped.
    if (error instanceof PausedError || error instanceof CancelledError) await checkpoints.keep();
    else isWorthless = isOwn && student.trainer.stepsDone === 0;
    throw error;
  } finally {
    await checkpoints.close();
    if (isWorthless) state.remove();
  }
}

/** Trains to the end of the run. Throws as `train` does, except `diverged`. */
async function follow(
  job: TrainingJob,
  { before, from }: Start,
  checkpoints: StepCheckpoints,
  context: JobContext,
): Promise<Distilled> {
  const { options, state, student, monitor, pool } = job;
  const { batchSize, epochs } = options.settings;
  const stepsAnEpoch = Math.ceil(pool.size / batchSize);
  let best = bestOf(from.history);
  return distil({
    trainer: student.trainer,
    teacher: job.teacher,
    pool,
    preprocessing: job.preprocessing,
    settings: options.settings,
    from,
    onTeach: (share) => context.tick('Asking the teacher', share / epochs / 10),
    onStep: async (step) => {
      const at = (step.epoch + step.share) / epochs;
      const { loss, agreement, progress } = step;
      options.onStep?.({ step: step.epoch * stepsAnEpoch + progress.partial!.steps, at, loss, agreement });
      // The end of an epoch is kept at once where nothing is measured first.
      if (step.share < 1 || monitor !== null) await checkpoints.offer(standing(job, before, progress));
      await context.tick(messageOf(step, epochs), at);
      if (options.pause?.aborted) throw new PausedError();
    },
    // Progress stands still meanwhile: the share of training is what tells how long it takes.
    measure: (epoch) => measureEpoch(job, context.within((epoch + 1) / epochs, (epoch + 1) / epochs)),
    onEpoch: async (progress) => {
      const isBest = bestOf(progress.history) !== best;
      await checkpoints.begin(standing(job, before, progress), isBest ? state.best : null);
      best = bestOf(progress.history);
      if (progress.history.length === epochs) await checkpoints.keep();
      options.onState?.(stateOf(job, before, progress.history));
    },
  });
}

type Distilled = Awaited<ReturnType<typeof distil>>;

/** The epoch that the student holds at the end: the last, or the best where training diverged. Throws TrainingError `diverged` where there is none. */
function standAt(
  { state, student, run }: TrainingJob,
  { history, diverged }: Distilled,
): Omit<Trained, 'before'> {
  if (diverged === null) return { history, diverged, epoch: history.length };
  const best = bestOf(history);
  if (best === null) throw diverged;
  student.trainer.restore(state.read(run, 'best').snapshot);
  return { history, diverged, epoch: best };
}

interface Start {
  /** Measured before the first step. */
  readonly before: MonitoredPair | null;
  readonly from: DistillationProgress;
}

function standing(
  { student: { trainer } }: TrainingJob,
  before: MonitoredPair | null,
  { history, partial }: DistillationProgress,
): Standing {
  return {
    snapshot: (reuse) => trainer.snapshot(reuse),
    progress: () => CleanseState.saved({ before, partial, history: [...history] }),
  };
}

/** Where a run starts from: the re-initialised student, measured, or what was kept of an interrupted run. */
async function begin(job: TrainingJob, checkpoints: StepCheckpoints, context: JobContext): Promise<Start> {
  const { options, state, student, run } = job;
  if (options.resume) {
    const { snapshot, progress } = state.read(run);
    student.trainer.restore(snapshot);
    return { before: progress.before, from: progress };
  }
  const from = { history: [], partial: null };
  const before = await measureBefore(job, context);
  await checkpoints.begin(standing(job, before, from));
  await checkpoints.keep();
  return { before, from };
}

async function measureBefore(
  { monitor, input, model, classifier, student, state }: TrainingJob,
  context: JobContext,
): Promise<MonitoredPair | null> {
  if (monitor === null) return null;
  const still = context.within(0.03, 0.03);
  return {
    teacher: await monitor.measure({ path: input, onnx: model.onnx, classifier }, still),
    student: await monitor.measureStudent(student, state.temporary('student.onnx'), still),
  };
}

async function measureEpoch(
  { monitor, student, state }: TrainingJob,
  context: JobContext,
): Promise<Pick<CleanseEpoch, 'monitored'>> {
  if (monitor === null) return {};
  return { monitored: await monitor.measureStudent(student, state.temporary('student.onnx'), context) };
}

/** The epoch in which the student agreed most with its teacher; of several the last. Null before any. */
function bestOf(history: readonly CleanseEpoch[]): number | null {
  let best: CleanseEpoch | null = null;
  for (const epoch of history) if (best === null || epoch.agreement >= best.agreement) best = epoch;
  return best?.epoch ?? null;
}

function stateOf(
  { stages, choice, student, classifier }: TrainingJob,
  before: MonitoredPair | null,
  history: readonly CleanseEpoch[],
) {
  return {
    redrawn: redrawnShare(stages, choice.ratios),
    held:
      choice.clpU === null ? null : student.pruned.reduce((sum, { channels }) => sum + channels.length, 0),
    devices: { teacher: classifier.device, student: student.device },
    before,
    history: [...history],
  };
}

function messageOf({ epoch, progress }: DistillationStep, epochs: number): string {
  const last = progress.history.at(-1);
  const so = last ? `: loss ${last.loss.toPrecision(3)}, agreement ${last.agreement.toFixed(1)} %` : '';
  return `Epoch ${epoch + 1} of ${epochs}${so}`;
}
