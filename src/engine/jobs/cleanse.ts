import { rmSync } from 'node:fs';
import { sampleEvenly } from '../../data/dataset';
import { openDataset } from '../../data/open-dataset';
import { PixelPool } from '../../data/pixel-pool';
import { resolvePreprocessing } from '../../data/preprocessing';
import { agreementWithTeacher } from '../../defenses/bcu/agreement';
import type { Preset } from '../../defenses/bcu/presets';
import type { Ratios } from '../../defenses/bcu/ratios';
import { stagesOf, type Stage } from '../../defenses/bcu/stages';
import { teacherOf, tryTeacher } from '../../defenses/bcu/teacher';
import { checkOutput } from '../../model/atomic-write';
import type { CleanseReport } from '../../protocol/cleanse';
import { cleansingGuidance } from '../../protocol/cleansing-guidance';
import type { CleansingRun, MonitorChoice, StepPoint } from '../../protocol/cleansing';
import type { Preprocessing, PreprocessingOptions } from '../../protocol/preprocessing';
import type { TrainingEngineChoice } from '../../protocol/training-engine';
import { VERSION } from '../../protocol/version';
import { Classifier } from '../../runtime/classifier';
import type { SessionOptions } from '../../runtime/session';
import type { JobContext } from '../job-context';
import { openRunnable } from '../subjects/runnable';
import { openTrainable } from '../subjects/trainable';
import { StudentMonitor } from './cleanse-monitor';
import { dataNotes, described, provenanceOf } from './cleanse-report';
import { CleanseState } from './cleanse-state';
import { makeStudent, type StudentOptions } from './cleanse-student';
import { runKey, train, type TrainingJob } from './cleanse-training';
import { presetsFor } from './describe-cleansing';
import { Notes } from './notes';
import { readyEngine } from './training-engine';

/** What is re-drawn, and what is held at zero. */
export interface Choice {
  readonly ratios: Ratios;
  /** CLP at this u first; null without. */
  readonly clpU: number | null;
}

export interface CleanseOptions extends Pick<StudentOptions, 'settings'> {
  readonly data: string;
  readonly output: string;
  readonly force: boolean;
  /** Continue the run that was interrupted. */
  readonly resume: boolean;
  /** At most this many images. */
  readonly samples: number;
  /** Ratios for the model's stages. Throws UsageError where they do not fit. `presets` scores the model. */
  readonly choose: (stages: readonly Stage[], presets: () => Promise<Preset[]>) => Choice | Promise<Choice>;
  /** What to measure after every epoch; null = nothing. */
  readonly monitor: MonitorChoice | null;
  readonly preprocessing: PreprocessingOptions;
  /** What trains the student. */
  readonly engine: TrainingEngineChoice;
  /** What the teacher runs on, and the student where onnxruntime trains it. */
  readonly run: SessionOptions;
  /** Told what a user must know, as soon as it is known: a wrong normalisation before the training, not after it. */
  readonly onNote: (note: string) => void;
  /** Told how the run stands: before the first step, and after each epoch. */
  readonly onState?: (state: RunState) => void;
  readonly onStep?: (point: StepPoint) => void;
  /** Share of the time that keeping the state of steps may take. Default: see StepCheckpoints. */
  readonly keepShare?: number;
  /** Fires when the run is to stop after the step at hand. */
  readonly pause?: AbortSignal;
}

export type RunState = Pick<CleansingRun, 'redrawn' | 'held' | 'devices' | 'before' | 'history'>;

/**
 * Cleanses a model with unlabeled images (BCU, METHODS.md §2) and writes the student beside it: the input file with other
 * weights. While it trains, the state is kept next to the output; where the job is paused, cancelled or killed, `resume`
 * continues it to the same result. A run that diverges writes its best epoch and says so.
 *
 * Throws ModelError, DataError, RuntimeError, TfjsPackageError, TrainingError, OutputError, UsageError, PausedError or CancelledError; then
 * nothing carries the output's name.
 */
export async function cleanseModel(
  input: string,
  options: CleanseOptions,
  context: JobContext,
): Promise<CleanseReport> {
  const model = openTrainable(input, 'to cleanse it');
  const { file } = model;
  try {
    const state = new CleanseState(options.output);
    checkOutput(options.output, { force: options.force, inputs: model.files });
    model.checkOutput(options.output);
    state.check(options);
    const engine = await readyEngine(options.engine, options.run);
    const stages = stagesOf(file);
    const choice = await options.choose(stages, () => presetsFor(file, stages, context.within(0, 0.003)));
    const { sha256: inputSha256, key } = await model.hash(context.within(0.003, 0.005));
    const classifier = await Classifier.open(model.onnx, options.run);
    try {
      const teacher = teacherOf(file, classifier);
      const { preprocessing, warnings } = resolvePreprocessing({
        modelPath: input,
        shape: classifier.inputShape,
        options: options.preprocessing,
        known: model.known,
      });
      const monitor = await openMonitor(options, preprocessing);
      try {
        const pool = await loadPool(options, preprocessing, context.within(0.005, 0.02));
        await tryTeacher(teacher, pool, preprocessing);
        const studentOptions = { ...options, engine, clpU: choice.clpU };
        const student = await makeStudent(
          file,
          choice.ratios,
          studentOptions,
          preprocessing,
          context.within(0.02, 0.025),
        );
        try {
          const notes = new Notes(options.onNote);
          const job: TrainingJob = {
            ...{ input, inputSha256, options, choice, stages, model, state, preprocessing },
            ...{ classifier, teacher, monitor, pool, student, onNote: notes.add },
            run: runKey(key, { options, choice, preprocessing, pool, student }),
          };
          [
            ...[...model.notes, ...classifier.warnings, ...warnings, ...(monitor?.warnings ?? [])],
            ...[...dataNotes(pool), ...student.notes],
          ].forEach(notes.add);
          const trained = await train(job, context);
          const written = await write(job, trained, context);
          const late = [...(trained.diverged === null ? [] : [trained.diverged.message]), ...written.notes];
          late.forEach(notes.add);
          const agreement = await agreementOf(job, context);
          const report: CleanseReport = {
            schema: 'scour.cleanse/1',
            status: trained.diverged === null ? 'complete' : 'diverged',
            epoch: trained.epoch,
            input,
            output: options.output,
            sha256: written.sha256,
            inputSha256,
            ...described(job),
            history: [...trained.history],
            monitoring:
              monitor === null || trained.before === null
                ? null
                : { ...monitor.description, before: trained.before },
            agreement,
            guidance: cleansingGuidance({
              diverged: trained.diverged !== null,
              clpU: choice.clpU,
              before: trained.before,
              history: trained.history,
              student: trained.history.find(({ epoch }) => epoch === trained.epoch),
              agreement,
            }),
            notes: notes.said,
            version: VERSION,
          };
          state.remove();
          return report;
        } finally {
          await student.release();
        }
      } finally {
        await monitor?.release();
      }
    } finally {
      await classifier.release();
    }
  } finally {
    model.close();
  }
}

async function openMonitor(
  { monitor, run, settings }: CleanseOptions,
  preprocessing: Preprocessing,
): Promise<StudentMonitor | null> {
  if (monitor === null) return null;
  return StudentMonitor.open({ choice: monitor, seed: settings.seed, preprocessing, run });
}

async function loadPool(
  { data, samples, settings }: CleanseOptions,
  preprocessing: Preprocessing,
  context: JobContext,
): Promise<PixelPool> {
  const dataset = await openDataset(data);
  return PixelPool.load(data, sampleEvenly(dataset.samples, samples, settings.seed), preprocessing, {
    signal: context.signal,
    onProgress: (done, total) => context.tick(`Reading images (${done} of ${total})`, done / total),
  });
}

async function write(
  job: TrainingJob,
  { history, epoch }: Awaited<ReturnType<typeof train>>,
  context: JobContext,
): Promise<{ sha256: string; notes: string[] }> {
  const { options, model, student } = job;
  await context.within(0.98, 0.985).tick('Writing', 0);
  const { file: base, trainer } = student;
  const { output, force } = options;
  const provenance = provenanceOf(job, history.slice(0, epoch));
  const trained = { base, model: await trainer.exportModel(), steps: trainer.stepsDone };
  return model.write(trained, { output, force, provenance });
}

/** Where it cannot be measured, or the job is cancelled meanwhile, there is no output: a resumed run makes it again. */
async function agreementOf({ options, ...rest }: TrainingJob, context: JobContext): Promise<number> {
  try {
    const written = openRunnable(options.output);
    try {
      return await agreementWithTeacher(written.onnx, options.run, rest, (share) =>
        context.within(0.985, 1).tick('Comparing with the teacher', share),
      );
    } finally {
      written.release();
    }
  } catch (error) {
    rmSync(options.output, { force: true });
    throw error;
  }
}
