import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolvePreprocessing } from '../../data/preprocessing';
import { streamOf } from '../../data/random';
import { inputDims } from '../../data/tensor';
import { drawFreshWeights } from '../../defenses/asd/fresh-weights';
import { infer } from '../../defenses/asd/infer';
import { lossHistogram } from '../../defenses/asd/loss-histogram';
import { freshStream, runAsd, type Phase, type Position } from '../../defenses/asd/run';
import { totalEpochs, type AsdSettings } from '../../defenses/asd/settings';
import { rankSamples } from '../../defenses/asd/suspects';
import { mainTrainer, virtualTrainer } from '../../defenses/asd/trainers';
import { trainVirtually } from '../../defenses/asd/virtual-epoch';
import type { OnnxFile } from '../../model/onnx/open';
import { PausedError, RuntimeError } from '../../protocol/errors';
import type { Preprocessing, PreprocessingOptions } from '../../protocol/preprocessing';
import type { SplitEpoch, SplitReport, SuspectList } from '../../protocol/split';
import { VERSION } from '../../protocol/version';
import type { SessionOptions } from '../../runtime/session';
import type { TrainingDevice } from '../../runtime/training-session';
import type { Trainer } from '../../training/trainer';
import type { JobContext } from '../job-context';
import { openTrainable, type Trainable } from '../subjects/trainable';
import { RunState } from './run-state';
import { loadSplitData, type SplitData, type SplitDataOptions } from './split-data';
import { Monitor, type MonitorOptions } from './split-monitor';
import { SplitOutput, suspectList } from './split-output';
import { Workload } from './split-progress';
import { loadPosition, savePosition } from './split-state';

export interface SplitOptions extends SplitDataOptions {
  /** A classifier whose graph is known; its weights are not used. */
  readonly architecture: string;
  /** The folder to write results to. */
  readonly output: string;
  readonly force: boolean;
  /** Continue the run that was interrupted. */
  readonly resume: boolean;
  /** Null: the model is not measured while it is trained. */
  readonly monitor: MonitorOptions | null;
  readonly preprocessing: PreprocessingOptions;
  readonly run: SessionOptions;
  /** Milliseconds between writes of the state within an epoch. Default: five minutes. */
  readonly saveEvery?: number;
  /** Told what a user must know, as soon as it is known. */
  readonly onNote: (note: string) => void;
  /** Ends the run at the next step, with its state kept, by a PausedError. */
  readonly pause?: AbortSignal;
  /** Told, before the first step, of the epochs that were done before. */
  readonly onStart?: (history: readonly SplitEpoch[]) => void;
  /** Told of every finished epoch. */
  readonly onEpoch?: (epoch: SplitEpoch) => void;
}

/** The state is written at the end of every epoch, and within long ones this often unless it is said otherwise. */
const SAVE_EVERY_MS = 5 * 60 * 1000;

/** What a run keeps until its output is written. */
export function splitState(output: string): RunState {
  return new RunState(output, 'split');
}

/**
 * Splits a labelled dataset that may be poisoned and trains a new model from it (ASD, METHODS.md §3). Writes
 * `model.onnx`, `report.json` and the ranked samples to the output folder; the dataset stays as it is. A run that is
 * cancelled or killed can be resumed to the same result on the same device.
 *
 * Throws ModelError, DataError, RuntimeError, TrainingError, OutputError, UsageError or CancelledError; then nothing
 * carries the output's name.
 */
export async function splitDataset(options: SplitOptions, context: JobContext): Promise<SplitReport> {
  const { architecture, output, settings } = options;
  const source = openTrainable(architecture, 'to train that architecture');
  const { file } = source;
  try {
    const state = splitState(output);
    const target = new SplitOutput(output, state.folder, options.force);
    target.check([options.data, options.seeds]);
    state.check(options);
    const { sha256, key } = await source.hash(context.within(0, 0.005));
    const { preprocessing, warnings } = resolvePreprocessing({
      modelPath: architecture,
      shape: imageShape(file),
      options: options.preprocessing,
      imageSize: source.imageSize,
    });
    const data = await loadSplitData(options, preprocessing, context.within(0.005, 0.025));
    const monitor = await loadMonitor(options, data, preprocessing, context.within(0.025, 0.03));
    source.checkOutput(target.model);
    const device = options.run.device === 'auto' ? 'cpu' : options.run.device;
    const setup = { device, threads: threadsOf(options.run), image: inputDims(preprocessing) };
    const model = await mainTrainer(file, settings, setup);
    const virtual = await virtualTrainer(file, settings, setup);
    try {
      checkClasses(model, data, architecture);
      drawFreshWeights(model, file, freshStream(settings.seed));
      const job: Job = {
        options,
        context,
        source,
        state,
        data,
        monitor,
        preprocessing,
        device,
        model,
        virtual,
      };
      const notes = [...source.notes, ...warnings, ...data.notes, ...(monitor?.notes ?? [])];
      notes.forEach(options.onNote);
      const history = await train(job, runKey(job, key));
      const { list, losses } = await rank(job);
      target.prepare();
      const written = await write(job, target.model, sha256, history);
      written.notes.forEach(options.onNote);
      const report: SplitReport = {
        schema: 'scour.split/1',
        output,
        sha256: written.sha256,
        architecture: { path: architecture, sha256 },
        ...described(job),
        history: [...history],
        suspects: {
          suspected: list.suspected,
          threshold: list.threshold,
          byClass: data.classes.map(({ name }) => ({
            name,
            suspected: list.samples.filter(({ label, suspected }) => suspected && label === name).length,
          })),
          losses,
        },
        notes: [...notes, ...written.notes],
        version: VERSION,
      };
      await target.writeReports(list, report);
      target.publish();
      state.remove();
      return report;
    } finally {
      await model.release();
      await virtual.release();
    }
  } finally {
    source.close();
  }
}

interface Job {
  readonly options: SplitOptions;
  readonly context: JobContext;
  readonly source: Trainable;
  readonly state: RunState;
  readonly data: SplitData;
  readonly monitor: Monitor | null;
  readonly preprocessing: Preprocessing;
  readonly device: TrainingDevice;
  readonly model: Trainer;
  readonly virtual: Trainer;
}

/** Says which run a state is of: everything that its result depends on. */
function runKey({ options, data, preprocessing, device }: Job, architecture: string): string {
  const all = {
    version: VERSION,
    architecture,
    settings: options.settings,
    seeds: data.set.seeds,
    labels: createHash('sha256').update(data.set.labels).digest('hex'),
    pixels: data.set.pool.sha256,
    monitor: options.monitor,
    preprocessing,
    device,
  };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

async function train(job: Job, run: string): Promise<readonly SplitEpoch[]> {
  const { options, state, data, monitor, model, virtual } = job;
  const { settings } = options;
  const context = job.context.within(0.03, 1);
  const work = new Workload(settings, data.set.pool.size, monitor?.size ?? 0);
  const epochs = totalEpochs(settings);
  let start: Position = { history: [], epoch: null };
  if (options.resume) {
    const saved = loadPosition(state, run, data.set.pool.size);
    model.restore(saved.snapshot);
    start = saved.position;
  }
  options.onStart?.(start.history);
  let savedAt = performance.now();
  let known = start.history.length;
  let rates = ratesOf(start.history.at(-1));
  const tell = (epoch: number, phase: Phase, share: number): Promise<void> =>
    context.tick(`Epoch ${epoch + 1} of ${epochs}${rates}: ${WORDS[phase]}`, work.at(epoch, phase, share));
  return runAsd({
    model,
    virtual,
    set: data.set,
    classes: data.classes.length,
    settings,
    start,
    onProgress: tell,
    onPosition: async (position, snapshot) => {
      const now = performance.now();
      const { history, epoch } = position();
      for (; known < history.length; known++) options.onEpoch?.(history[known]!);
      rates = ratesOf(history.at(-1));
      const paused = options.pause?.aborted ?? false;
      if (!paused && epoch !== null && now - savedAt < (options.saveEvery ?? SAVE_EVERY_MS)) return;
      savedAt = now;
      await savePosition(state, run, snapshot(), { history, epoch });
      if (paused) throw new PausedError();
    },
    measure: async (epoch) =>
      monitor === null ? null : await monitor.measure(model, (share) => tell(epoch, 'measure', share)),
  });
}

/** What the last finished epoch was measured at, for a line of progress. */
function ratesOf(epoch: SplitEpoch | undefined): string {
  const rates = epoch?.monitored;
  if (!rates) return '';
  return ` (ACC ${rates.acc.toFixed(1)} %${rates.asr === null ? '' : `, ASR ${rates.asr.toFixed(1)} %`})`;
}

const WORDS = {
  split: 'split losses',
  virtual: 'virtual model',
  train: 'MixMatch',
  measure: 'measuring',
} as const;

/** The meta-split of the finished model, on the images as they are. */
async function rank({ options, context, data, model, virtual, monitor }: Job): Promise<{
  list: SuspectList;
  losses: SplitReport['suspects']['losses'];
}> {
  const { settings } = options;
  const work = new Workload(settings, data.set.pool.size, monitor?.size ?? 0);
  const step = (from: number, to: number) => (share: number) =>
    context.within(0.03, 1).tick('Ranking the samples', work.ranked(from + share * (to - from)));
  // A stream behind those of the epochs.
  const random = streamOf(settings.seed, 1 + totalEpochs(settings));
  const look = (trainer: Trainer, onProgress: (share: number) => Promise<void>) =>
    infer(trainer, data.set, { augmentation: null, random, onProgress });
  const before = await look(model, step(0, 0.2));
  await trainVirtually(virtual, model, data.set, settings, random, step(0.2, 0.8));
  const after = await look(virtual, step(0.8, 1));
  const ranking = rankSamples(before.losses, after.losses, settings.cleanShare);
  const pool = new Array<boolean>(data.set.pool.size).fill(false);
  for (const { sample, clean } of ranking.samples) pool[sample] = clean;
  return {
    list: suspectList(options.data, ranking, before.predicted, data),
    losses: lossHistogram(before.losses, pool),
  };
}

async function write(
  { options, source, model, data, preprocessing }: Job,
  output: string,
  architecture: string,
  history: readonly SplitEpoch[],
): Promise<{ sha256: string; notes: string[] }> {
  // Nothing that differs between two runs of the same settings: the same run gives the same bytes.
  const provenance = JSON.stringify({
    tool: `Scour ${VERSION}`,
    method: 'ASD',
    architecture,
    settings: options.settings,
    data: { images: data.set.pool.size, sha256: data.set.pool.sha256, seeds: data.set.seeds.length },
    preprocessing,
    history: history.map(({ epoch, stage, clean, loss }) => ({ epoch, stage, clean, loss })),
  });
  const trained = { base: source.file, model: model.exportModel(), steps: model.stepsDone };
  return source.write(trained, { output, force: false, provenance });
}

/** What the run was made of, for the report. */
function described({
  options,
  data,
  preprocessing,
  device,
}: Job): Pick<SplitReport, 'settings' | 'data' | 'seeds' | 'monitor' | 'preprocessing' | 'device'> {
  const { pool, seeds } = data.set;
  const { monitor } = options;
  return {
    settings: settingsOf(options.settings),
    data: {
      path: options.data,
      images: pool.size,
      distinct: pool.distinct,
      sha256: pool.sha256,
      classes: [...data.classes],
      skipped: pool.skipped.map(({ path, reason }) => ({ path, reason })),
    },
    seeds: { path: options.seeds, images: seeds.length },
    monitor:
      monitor === null
        ? null
        : {
            test: monitor.test,
            triggered: monitor.triggered?.folder ?? null,
            target: monitor.triggered?.target ?? null,
          },
    preprocessing,
    device,
  };
}

function settingsOf(settings: AsdSettings): SplitReport['settings'] {
  return { ...settings, epochs: { ...settings.epochs }, augmentation: { ...settings.augmentation } };
}

async function loadMonitor(
  { monitor }: SplitOptions,
  { classes }: SplitData,
  preprocessing: Preprocessing,
  context: JobContext,
): Promise<Monitor | null> {
  if (monitor === null) return null;
  return await Monitor.load(
    monitor,
    classes.map(({ name }) => name),
    preprocessing,
    context,
  );
}

function checkClasses(model: Trainer, { classes }: SplitData, architecture: string): void {
  if (model.classes === classes.length) return;
  throw new RuntimeError(
    'input-mismatch',
    `The dataset has ${classes.length} classes, but ${architecture} gives scores for ${model.classes}. Export the architecture with as many outputs as there are classes.`,
  );
}

function imageShape({ model: { graph } }: OnnxFile): readonly (number | string | null)[] {
  const input = graph.inputs.find(({ name }) => !graph.initializers.has(name));
  return input?.shape ?? [];
}

function threadsOf({ threads }: SessionOptions): number {
  return threads === 0 ? availableParallelism() : threads;
}
