import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolvePreprocessing } from '../../data/preprocessing';
import { inputDims } from '../../data/tensor';
import { drawFreshWeights } from '../../defenses/asd/fresh-weights';
import { freshStream } from '../../defenses/asd/run';
import type { AsdSettings } from '../../defenses/asd/settings';
import { mainTrainer, virtualTrainer } from '../../defenses/asd/trainers';
import type { OnnxFile } from '../../model/onnx/open';
import { RuntimeError } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { SplitEpoch, SplitReport } from '../../protocol/split';
import { VERSION } from '../../protocol/version';
import type { SessionOptions } from '../../runtime/session';
import type { TrainingDevice } from '../../runtime/training-session';
import type { Trainer } from '../../training/trainer';
import type { JobContext } from '../job-context';
import { openTrainable, type Trainable } from '../subjects/trainable';
import { Notes } from './notes';
import { RunState } from './run-state';
import { loadSplitData, type SplitData } from './split-data';
import { Monitor } from './split-monitor';
import type { SplitOptions } from './split-options';
import { SplitOutput } from './split-output';
import { trainAndRank, type TrainingJob } from './split-training';

/** What a run keeps until its output is written. */
export function splitState(output: string): RunState {
  return new RunState(output, 'split');
}

/**
 * Splits a labelled dataset that may be poisoned and trains a new model from it (ASD, METHODS.md §3). Writes
 * `model.onnx`, `report.json` and the ranked samples to the output folder; the dataset stays as it is. A run that is
 * cancelled, paused or killed can be resumed to the same result on the same device.
 *
 * Throws ModelError, DataError, RuntimeError, TrainingError, OutputError, UsageError, CancelledError or PausedError; then
 * nothing carries the output's name.
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
      known: source.known,
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
      await drawFreshWeights(model, file, freshStream(settings.seed));
      const notes = new Notes(options.onNote);
      const job: Job = {
        options,
        onNote: notes.add,
        context: context.within(0.03, 1),
        source,
        state,
        data,
        monitor,
        preprocessing,
        device,
        model,
        virtual,
      };
      [
        ...source.notes,
        ...warnings,
        ...data.notes,
        ...(monitor?.notes ?? []),
        ...(await model.stateNotes()),
      ].forEach(notes.add);
      const { history, list, losses } = await trainAndRank(job, runKey(job, key));
      target.prepare();
      const written = await write(job, target.model, sha256, history);
      written.notes.forEach(notes.add);
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
        notes: notes.said,
        version: VERSION,
      };
      await target.writeReports(list, report);
      target.publish();
      state.remove();
      return report;
    } catch (error) {
      target.discard();
      throw error;
    } finally {
      await model.release();
      await virtual.release();
    }
  } finally {
    source.close();
  }
}

interface Job extends TrainingJob {
  readonly source: Trainable;
  readonly preprocessing: Preprocessing;
  readonly device: TrainingDevice;
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
  const trained = { base: source.file, model: await model.exportModel(), steps: model.stepsDone };
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
