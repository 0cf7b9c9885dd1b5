import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { sampleEvenly } from '../../data/dataset';
import { openDataset } from '../../data/open-dataset';
import { PixelPool } from '../../data/pixel-pool';
import { resolvePreprocessing } from '../../data/preprocessing';
import { agreementWithTeacher } from '../../defenses/bcu/agreement';
import { MOMENTUM, WEIGHT_DECAY, distil } from '../../defenses/bcu/distil';
import { redrawnShare, type Ratios } from '../../defenses/bcu/ratios';
import { stagesOf, type Stage } from '../../defenses/bcu/stages';
import { teacherOf, type Teacher } from '../../defenses/bcu/teacher';
import { checkOutput } from '../../model/atomic-write';
import type { CleanseEpoch, CleanseReport } from '../../protocol/cleanse';
import type { Preprocessing, PreprocessingOptions } from '../../protocol/preprocessing';
import { VERSION } from '../../protocol/version';
import { count } from '../../protocol/wording';
import { Classifier } from '../../runtime/classifier';
import type { JobContext } from '../job-context';
import { openRunnable } from '../subjects/runnable';
import { openTrainable, type Trainable } from '../subjects/trainable';
import { CleanseState } from './cleanse-state';
import { makeStudent, type Student, type StudentOptions } from './cleanse-student';

export interface CleanseOptions extends StudentOptions {
  readonly data: string;
  readonly output: string;
  readonly force: boolean;
  /** Continue the run that was interrupted. */
  readonly resume: boolean;
  /** At most this many images. */
  readonly samples: number;
  /** The ratios of the model's stages. Throws UsageError where they do not fit. */
  readonly ratios: (stages: readonly Stage[]) => Ratios;
  readonly preprocessing: PreprocessingOptions;
  /** Told what a user must know, as soon as it is known: a wrong normalisation before the training, not after it. */
  readonly onNote: (note: string) => void;
}

/** The paper's smallest set; below it nobody has measured. */
const FEW = 500;

/**
 * Cleanses a model with unlabeled images (BCU, METHODS.md §2) and writes the student beside it: the input file with other
 * weights. After every epoch the state is kept next to the output; where the job is cancelled or killed, `resume`
 * continues it to the same result. A run that diverges writes its last finished epoch and says so.
 *
 * Throws ModelError, DataError, RuntimeError, TrainingError, OutputError, UsageError or CancelledError; then nothing
 * carries the output's name.
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
    const stages = stagesOf(file);
    const ratios = options.ratios(stages);
    const { sha256: inputSha256, key } = await model.hash(context.within(0, 0.005));
    const classifier = await Classifier.open(model.onnx, options.run);
    try {
      const teacher = teacherOf(file, classifier);
      const { preprocessing, warnings } = resolvePreprocessing({
        modelPath: input,
        shape: classifier.inputShape,
        options: options.preprocessing,
        imageSize: model.imageSize,
      });
      const pool = await loadPool(options, preprocessing, context.within(0.005, 0.02));
      const student = await makeStudent(file, ratios, options, preprocessing, context.within(0.02, 0.03));
      try {
        const job: Job = {
          input,
          options,
          context,
          model,
          state,
          ratios,
          teacher,
          preprocessing,
          pool,
          student,
        };
        const run = runKey(job, key);
        const notes = [
          ...model.notes,
          ...classifier.warnings,
          ...warnings,
          ...dataNotes(pool),
          ...student.notes,
        ];
        notes.forEach(options.onNote);
        const { history, diverged } = await train(job, run);
        const written = await write(job, inputSha256, history);
        const late = [...(diverged === null ? [] : [diverged.message]), ...written.notes];
        late.forEach(options.onNote);
        const report: CleanseReport = {
          schema: 'scour.cleanse/1',
          status: diverged === null ? 'complete' : 'diverged',
          input,
          output: options.output,
          sha256: written.sha256,
          inputSha256,
          ...described(job, stages),
          devices: { teacher: classifier.device, student: student.device },
          history,
          agreement: await agreementOf(job),
          notes: [...notes, ...late],
          version: VERSION,
        };
        state.remove();
        return report;
      } finally {
        await student.release();
      }
    } finally {
      await classifier.release();
    }
  } finally {
    model.close();
  }
}

interface Job {
  readonly input: string;
  readonly options: CleanseOptions;
  readonly context: JobContext;
  readonly model: Trainable;
  readonly state: CleanseState;
  readonly ratios: Ratios;
  readonly teacher: Teacher;
  readonly preprocessing: Preprocessing;
  readonly pool: PixelPool;
  readonly student: Student;
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

/** Says which run a checkpoint is of: everything that its result depends on. */
function runKey({ ratios, pool, preprocessing, options, student }: Job, model: string): string {
  const { clpU, settings, run } = options;
  const all = {
    version: VERSION,
    model,
    settings,
    clpU,
    pruned: student.pruned,
    ratios: [...ratios],
    preprocessing,
    pixels: pool.sha256,
    device: run.device,
  };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

async function train(job: Job, run: string): Promise<Awaited<ReturnType<typeof distil>>> {
  const { options, state, student, teacher, pool, preprocessing } = job;
  const { trainer } = student;
  const context = job.context.within(0.03, 0.98);
  const { epochs } = options.settings;
  let history: readonly CleanseEpoch[] = [];
  if (options.resume) {
    const saved = state.read(run);
    trainer.restore(saved.snapshot);
    history = saved.history;
  } else await state.write(run, trainer.snapshot(), history);
  let good = trainer.snapshot();
  const result = await distil({
    trainer,
    teacher,
    pool,
    preprocessing,
    settings: options.settings,
    history,
    onStep: (epoch, share) => {
      const last = history.at(-1);
      const so = last ? `: loss ${last.loss.toPrecision(3)}, agreement ${last.agreement.toFixed(1)} %` : '';
      return context.tick(`Epoch ${epoch + 1} of ${epochs}${so}`, (epoch + share) / epochs);
    },
    onEpoch: async (done) => {
      history = done;
      good = trainer.snapshot();
      await state.write(run, good, done);
    },
  });
  if (result.diverged === null) return result;
  if (result.history.length === 0) throw result.diverged;
  trainer.restore(good);
  return result;
}

async function write(
  { options, model, student, ratios, context, pool, preprocessing }: Job,
  inputSha256: string,
  history: readonly CleanseEpoch[],
): Promise<{ sha256: string; notes: string[] }> {
  await context.within(0.98, 0.985).tick('Writing', 0);
  // Nothing that differs between two runs of the same settings: the same run gives the same bytes.
  const provenance = JSON.stringify({
    tool: `Scour ${VERSION}`,
    method: 'BCU',
    input: inputSha256,
    settings: settingsOf(options),
    ratios: Object.fromEntries(ratios),
    clp: options.clpU === null ? null : { u: options.clpU, layers: student.pruned },
    data: { images: pool.size, sha256: pool.sha256 },
    preprocessing,
    history: history.map(({ epoch, loss, agreement }) => ({ epoch, loss, agreement })),
  });
  const { file: base, trainer } = student;
  const { output, force } = options;
  const trained = { base, model: trainer.exportModel(), steps: trainer.stepsDone };
  return model.write(trained, { output, force, provenance });
}

/** Where it cannot be measured, or the job is cancelled meanwhile, there is no output: a resumed run makes it again. */
async function agreementOf({ options, context, ...rest }: Job): Promise<number> {
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

/** What the run was made of, for the report. */
function described(
  job: Job,
  stages: readonly Stage[],
): Pick<CleanseReport, 'settings' | 'stages' | 'redrawn' | 'clp' | 'data' | 'preprocessing'> {
  const { options, ratios, pool, preprocessing } = job;
  return {
    settings: settingsOf(options),
    stages: stages.map(({ name, layers }) => ({
      name,
      layers: layers.map((layer) => ({
        name: layer.name,
        kind: layer.kind,
        weights: layer.elements,
        ratio: ratios.get(layer.name) ?? 0,
      })),
    })),
    redrawn: redrawnShare(stages, ratios),
    clp: clpOf(job),
    data: {
      folder: options.data,
      images: pool.size,
      distinct: pool.distinct,
      sha256: pool.sha256,
      skipped: pool.skipped.map(({ path, reason }) => ({ path, reason })),
    },
    preprocessing,
  };
}

function clpOf({ options, student: { pruned } }: Job): CleanseReport['clp'] {
  if (options.clpU === null) return null;
  const channels = pruned.reduce((sum, layer) => sum + layer.channels.length, 0);
  return { u: options.clpU, layers: [...pruned], channels };
}

function settingsOf({ settings }: CleanseOptions): CleanseReport['settings'] {
  return {
    ...settings,
    momentum: MOMENTUM,
    weightDecay: WEIGHT_DECAY,
    augmentation: { ...settings.augmentation },
  };
}

function dataNotes(pool: PixelPool): string[] {
  const notes: string[] = [];
  if (pool.size < FEW)
    notes.push(
      `Only ${count(pool.size, 'image')}: the paper studied ${FEW} to 5000. Expect to lose accuracy with fewer.`,
    );
  if (pool.distinct < pool.size / 2)
    notes.push(`Only ${pool.distinct} of the ${pool.size} images differ from each other.`);
  if (pool.skipped.length > 0)
    notes.push(`${count(pool.skipped.length, 'image')} could not be read and were left out.`);
  return notes;
}
