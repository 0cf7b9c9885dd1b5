import { openDataset } from '../../src/data/open-dataset';
import { sampleEvenly } from '../../src/data/dataset';
import { PixelPool } from '../../src/data/pixel-pool';
import { resolvePreprocessing } from '../../src/data/preprocessing';
import { distil } from '../../src/defenses/bcu/distil';
import { defaultStageRatios, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { stagesOf } from '../../src/defenses/bcu/stages';
import { teacherOf } from '../../src/defenses/bcu/teacher';
import { makeStudent, type StudentSettings } from '../../src/engine/jobs/cleanse-student';
import { JobContext } from '../../src/engine/job-context';
import { openTrainable } from '../../src/engine/subjects/trainable';
import type { PreprocessingOptions } from '../../src/protocol/preprocessing';
import { Classifier } from '../../src/runtime/classifier';

export interface PhasedRun {
  readonly model: string;
  readonly data: string;
  readonly samples: number;
  readonly settings: StudentSettings;
  readonly preprocessing: PreprocessingOptions;
  readonly threads: number;
}

/** Seconds. Decoding happens once a run; the others are of one epoch, the last. */
export interface Phases {
  readonly decode: number;
  readonly teacher: number;
  readonly step: number;
  /** Whatever is neither: augmentation, normalisation, shuffling, counting. */
  readonly augment: number;
}

/** Where the time of an epoch goes: the job's own parts, with a clock around the teacher and around the student's step. */
export async function measurePhases({
  model: path,
  data,
  samples,
  settings,
  preprocessing: options,
  threads,
}: PhasedRun): Promise<Phases> {
  const context = new JobContext(new AbortController().signal, () => undefined);
  const run = { device: 'cpu', threads } as const;
  const model = openTrainable(path, 'to cleanse it');
  const classifier = await Classifier.open(model.onnx, run);
  const { preprocessing } = resolvePreprocessing({
    modelPath: path,
    shape: classifier.inputShape,
    options,
    known: model.known,
  });
  const stages = stagesOf(model.file);
  const ratios = ratiosByStage(stages, defaultStageRatios(stages));
  const spent = { decode: 0, teacher: 0, step: 0 };
  const timed = async <T>(what: keyof typeof spent, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    spent[what] += (performance.now() - started) / 1000;
    return result;
  };
  const dataset = await openDataset(data);
  const pool = await timed('decode', () =>
    PixelPool.load(data, sampleEvenly(dataset.samples, samples, settings.seed), preprocessing, {
      onProgress: () => Promise.resolve(),
    }),
  );
  const student = await makeStudent(
    model.file,
    ratios,
    { clpU: null, settings, data, samples, engine: { name: 'onnxruntime', device: 'cpu' }, run },
    preprocessing,
    context,
  );
  const { trainer } = student;
  await trainer.rehearse(Math.min(settings.batchSize, pool.size));
  const teacher = teacherOf(model.file, classifier);
  const step = trainer.step.bind(trainer);
  trainer.step = (...args) => timed('step', () => step(...args));
  const { history } = await distil({
    trainer,
    teacher: { logits: (...args) => timed('teacher', () => teacher.logits(...args)) },
    pool,
    preprocessing,
    settings,
    from: { history: [], partial: null },
    onTeach: () => Promise.resolve(),
    onStep: () => Promise.resolve(),
    measure: () => Promise.resolve({}),
    onEpoch: ({ history: finished }) => {
      if (finished.length < settings.epochs) Object.assign(spent, { teacher: 0, step: 0 });
      return Promise.resolve();
    },
  });
  await student.release();
  await classifier.release();
  model.close();
  const { seconds } = history.at(-1)!;
  return { ...spent, augment: seconds - spent.teacher - spent.step };
}
