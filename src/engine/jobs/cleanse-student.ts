import { availableParallelism } from 'node:os';
import { streamOf } from '../../data/random';
import { inputDims } from '../../data/tensor';
import { lossOf, optimizerOf, type DistillationSettings } from '../../defenses/bcu/distil';
import { prunedCopy, type Masks } from '../../defenses/bcu/held-channels';
import type { Ratios } from '../../defenses/bcu/ratios';
import { reinitialise } from '../../defenses/bcu/reinitialise';
import { stagesOf } from '../../defenses/bcu/stages';
import { unstudied } from '../../defenses/bcu/studied';
import { onnxLayers } from '../../defenses/clp/onnx-layers';
import { scoreLayers } from '../../defenses/clp/score';
import type { OnnxFile } from '../../model/onnx/open';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { PrunedLayer } from '../../protocol/prune';
import { count, visible } from '../../protocol/wording';
import type { SessionOptions } from '../../runtime/session';
import { TrainingError } from '../../training/errors';
import { fastestTrainer } from '../../training/fastest-trainer';
import { constant } from '../../training/schedules';
import { Trainer } from '../../training/trainer';
import type { TrainerOptions } from '../../training/trainer-options';
import type { JobContext } from '../job-context';
import { normImages, type StudentImages } from './norm-images';
import { prunedLayers, selectionOf } from './prune';
import type { ReadyEngine } from './training-engine';

export interface StudentSettings extends DistillationSettings {
  /** Batch norms are put back where the exporter folded them away, and folded again in what is written. */
  readonly restoreNorms: boolean;
}

export interface StudentOptions extends Omit<StudentImages, 'seed'> {
  /** CLP at this u first, its channels held at zero; null without. */
  readonly clpU: number | null;
  readonly settings: StudentSettings;
  /** What trains the student; `run` gives its threads. */
  readonly engine: ReadyEngine;
  readonly run: Pick<SessionOptions, 'threads'>;
}

/** The model in training: the teacher's graph, its weights re-drawn in part. */
export interface Student {
  /** What the student's graph was read from: the input, or its pruned copy in memory. */
  readonly file: OnnxFile;
  readonly trainer: Trainer;
  /** What computes its training, as reports name it. */
  readonly device: string;
  readonly pruned: readonly PrunedLayer[];
  /** What a user must know of it. */
  readonly notes: readonly string[];
  release(): Promise<void>;
}

/**
 * Prunes a copy where CLP is asked for, derives the training graph and re-initialises the weights (METHODS.md §2). The
 * caller releases the student. Throws TrainingError, ModelError, DataError (restored norms are measured on the images) or
 * CancelledError.
 */
export async function makeStudent(
  original: OnnxFile,
  ratios: Ratios,
  { clpU, settings, data, samples, engine, run }: StudentOptions,
  preprocessing: Preprocessing,
  context: JobContext,
): Promise<Student> {
  await context.tick('Preparing the student', 0);
  const clp = clpU === null ? null : await prune(original, clpU, context);
  const file = clp?.file ?? original;
  try {
    const masks: Masks = clp?.masks ?? new Map<string, Float32Array>();
    const { seed, restoreNorms } = settings;
    const images = normImages({ data, samples, seed }, preprocessing);
    const { trainer, device, chosen } = await trainerOn(engine, settings.batchSize, (on) =>
      Trainer.create(file.model, file.reader, {
        loss: lossOf(settings),
        optimizer: optimizerOf(),
        schedule: constant(settings.rate),
        masks,
        ...(restoreNorms ? { restoreNorms: images } : {}),
        ...on,
        threads: run.threads === 0 ? availableParallelism() : run.threads,
        image: inputDims(preprocessing),
      }),
    );
    const notes = [
      ...chosen,
      ...(await redraw(trainer, file, ratios, masks, seed)),
      ...(restoreNorms ? [restoredNote(trainer.restoredNorms)] : []),
      // With its norms back, a folded graph is of the kind that was studied.
      ...(trainer.restoredNorms > 0 ? [] : unstudied(file)),
    ];
    return {
      file,
      trainer,
      device,
      pruned: clp?.pruned ?? [],
      notes,
      release: async () => {
        await trainer.release();
        if (file !== original) file.close();
      },
    };
  } catch (error) {
    if (file !== original) file.close();
    throw error;
  }
}

/** The trainer, what computes it as reports name it, and how that was chosen. */
async function trainerOn(
  engine: ReadyEngine,
  batch: number,
  create: (on: Pick<TrainerOptions, 'device' | 'engine'>) => Promise<Trainer>,
): Promise<{ trainer: Trainer; device: string; chosen: readonly string[] }> {
  if (engine.name === 'tfjs')
    return { trainer: await create({ engine: engine.engine }), device: engine.label, chosen: [] };
  const { trainer, device, notes } = await fastestTrainer(engine.device, batch, (each) =>
    create({ device: each }),
  );
  return { trainer, device, chosen: notes };
}

async function prune(
  file: OnnxFile,
  u: number,
  context: JobContext,
): Promise<{ file: OnnxFile; masks: Masks; pruned: PrunedLayer[] }> {
  const layers = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon: false });
  const scores = await scoreLayers(
    layers.map(({ layer }) => layer),
    u,
    (fraction, layer) => context.tick(`Scoring ${visible(layer, 80)}`, fraction),
  );
  const pruned = prunedLayers(scores.layers);
  return { ...prunedCopy(file, layers, selectionOf(pruned)), pruned };
}

/** Re-initialises the student; returns what a user must know of it. */
async function redraw(
  trainer: Trainer,
  file: OnnxFile,
  ratios: Ratios,
  masks: Masks,
  seed: number,
): Promise<string[]> {
  const { parameters } = trainer;
  const layers = stagesOf(file).flatMap((stage) => stage.layers);
  const reached = layers
    .filter(({ weight }) => parameters.has(weight))
    .map((layer) => ({
      ...layer,
      bias: layer.bias !== null && parameters.has(layer.bias) ? layer.bias : null,
    }));
  if (reached.length === 0) {
    throw new TrainingError(
      'unsupported-model',
      'This model has no convolution or linear layer whose weights can be trained: they may be quantised. Cleanse the model it was quantised from.',
    );
  }
  const weights = {
    valuesOf: (name: string) => trainer.valuesOf(name),
    setValues: (name: string, values: Float32Array) => {
      const mask = masks.get(name);
      trainer.setValues(name, mask === undefined ? values : values.map((value, i) => value * mask[i]!));
    },
  };
  await reinitialise(weights, reached, ratios, streamOf(seed, 0));
  const missed = layers.length - reached.length;
  return missed === 0
    ? []
    : [`The weights of ${count(missed, 'layer')} cannot be trained and stay as they are.`];
}

function restoredNote(norms: number): string {
  return norms === 0
    ? 'No batch norm was put back: no convolution has a bias and no norm of its own, which is what folding leaves behind.'
    : `Batch norms were put back behind ${count(norms, 'convolution')} for the training, and are folded into them again in what is written.`;
}
