import { streamOf, type Random } from '../../data/random';
import { cosine } from '../../training/schedules';
import type { Trainer } from '../../training/trainer';
import type { SplitEpoch } from '../../protocol/split';
import { infer } from './infer';
import { lossHistogram, meanLosses } from './loss-histogram';
import { mixMatchStep } from './mixmatch';
import { classAgnosticPool, classAwarePool, metaSplitPool, seedPool, sides, type CleanPool } from './pools';
import { lambdaAt, poolGrowth, stageOf, totalEpochs, type AsdSettings } from './settings';
import { deal, exactBatches, type TrainingSet } from './training-set';
import { trainVirtually } from './virtual-epoch';

/** A split of the set, and what the split losses of its pools were; null where it was not made by losses. */
export interface Split {
  readonly pool: CleanPool;
  readonly figures: SplitEpoch['split'];
}

/** Where a run stands between two steps: all that continuing needs beside the trainer's snapshot. */
export interface Position {
  /** Epochs done. */
  readonly history: readonly SplitEpoch[];
  /** The split of the epoch under way, and its steps done; null between epochs. */
  readonly epoch: {
    readonly split: Split;
    readonly iteration: number;
    readonly lossSum: number;
    readonly seconds: number;
  } | null;
}

export interface AsdRun {
  readonly model: Trainer;
  /** Of the meta-split. */
  readonly virtual: Trainer;
  readonly set: TrainingSet;
  readonly classes: number;
  readonly settings: AsdSettings;
  readonly start: Position;
  /** Between pieces of work: what is done, and how much of the phase; may throw to stop. */
  readonly onProgress: (epoch: number, phase: Phase, share: number) => Promise<void>;
  /**
   * Where the run can be continued from, until it is called again: after every split and every step. It must be quick
   * where it does nothing.
   */
  readonly onPosition: (position: () => Position) => Promise<void>;
  /** Measures the model at the end of an epoch. */
  readonly measure: (epoch: number) => Promise<SplitEpoch['monitored']>;
}

export type Phase = 'split' | 'virtual' | 'train' | 'measure';

/** Random streams of a run; epoch e has stream 1 + e, divided in the order of `EpochStreams`. */
const FRESH_STREAM = 0;

interface EpochStreams {
  readonly losses: Random;
  readonly virtual: Random;
  readonly labelled: Random;
  readonly unlabelled: Random;
  /** Each step forks its own. */
  readonly steps: Random;
}

/** The stream that fresh weights are drawn from. */
export function freshStream(seed: number): Random {
  return streamOf(seed, FRESH_STREAM);
}

function epochStreams(seed: number, epoch: number): EpochStreams {
  const random = streamOf(seed, FRESH_STREAM + 1 + epoch);
  return {
    losses: random.fork(),
    virtual: random.fork(),
    labelled: random.fork(),
    unlabelled: random.fork(),
    steps: random,
  };
}

/**
 * Runs ASD from a position to its end (METHODS.md §3): every epoch splits the set anew and runs MixMatch on the two
 * pools. Every epoch and step draws from a random stream of its own, so a run that continues does what it would have done
 * in one go. Returns the history and the last split. Throws TrainingError, DataError, and what the callbacks throw.
 */
export async function runAsd(run: AsdRun): Promise<readonly SplitEpoch[]> {
  const history = [...run.start.history];
  let underWay = run.start.epoch;
  while (history.length < totalEpochs(run.settings)) {
    const epoch = history.length;
    const streams = epochStreams(run.settings.seed, epoch);
    if (underWay === null) {
      const begun = await startOf(run, epoch, streams);
      await run.onPosition(() => ({ history, epoch: begun }));
      underWay = begun;
    }
    history.push(await oneEpoch(run, history, underWay, streams));
    underWay = null;
    await run.onPosition(() => ({ history, epoch: null }));
  }
  return history;
}

async function startOf(
  run: AsdRun,
  epoch: number,
  streams: EpochStreams,
): Promise<NonNullable<Position['epoch']>> {
  const started = performance.now();
  const split = await splitFor(run, epoch, streams);
  return { split, iteration: 0, lossSum: 0, seconds: (performance.now() - started) / 1000 };
}

/** The pools of an epoch, by its stage. */
async function splitFor(run: AsdRun, epoch: number, streams: EpochStreams): Promise<Split> {
  const { model, virtual, set, settings, onProgress } = run;
  const stage = stageOf(epoch, settings);
  const perClass = poolGrowth(epoch, settings);
  if (stage === 'class-aware' && perClass === 0)
    return { pool: seedPool(set.pool.size, set.seeds), figures: null };
  const augmentation = settings.splitOn === 'augmented' ? settings.augmentation : null;
  const lossesOf = async (trainer: Trainer): Promise<Float32Array> => {
    // The same crops for both models: what differs is then what the virtual epoch changed.
    const { losses: random } = epochStreams(settings.seed, epoch);
    const { losses } = await infer(trainer, set, {
      augmentation,
      random,
      onProgress: (share) => onProgress(epoch, 'split', share),
    });
    return losses;
  };
  const losses = await lossesOf(model);
  if (stage === 'class-aware')
    return described(classAwarePool(losses, set.labels, set.seeds, perClass), losses);
  if (stage === 'class-agnostic') return described(classAgnosticPool(losses, settings.cleanShare), losses);
  await trainVirtually(virtual, model, set, settings, streams.virtual, (share) =>
    onProgress(epoch, 'virtual', share),
  );
  return described(metaSplitPool(losses, await lossesOf(virtual), settings.metaShare), losses);
}

async function oneEpoch(
  run: AsdRun,
  history: readonly SplitEpoch[],
  underWay: NonNullable<Position['epoch']>,
  streams: EpochStreams,
): Promise<SplitEpoch> {
  const { model, set, classes, settings, onProgress, onPosition } = run;
  const { iterations, labelledBatch, unlabelledBatch } = settings;
  const epoch = history.length;
  const started = performance.now();
  const seconds = (): number => underWay.seconds + (performance.now() - started) / 1000;
  const { split } = underWay;
  const { clean, polluted } = sides(split.pool);
  const rate =
    settings.decay === 'cosine' ? cosine(settings.rate, totalEpochs(settings))(epoch) : settings.rate;
  const remaining = (items: readonly number[], batch: number, random: Random): number[] =>
    deal(items, iterations * batch, random).slice(underWay.iteration * batch);
  const labelled = exactBatches(set, remaining(clean, labelledBatch, streams.labelled), labelledBatch);
  const unlabelled = exactBatches(
    set,
    remaining(polluted, unlabelledBatch, streams.unlabelled),
    unlabelledBatch,
  );
  for (let skipped = 0; skipped < underWay.iteration; skipped++) streams.steps.fork();
  let { lossSum } = underWay;
  let iteration = underWay.iteration;
  try {
    for await (const { pixels, samples } of labelled) {
      await onProgress(epoch, 'train', iteration / iterations);
      const others = await unlabelled.next();
      const step = await mixMatchStep(
        model,
        {
          labelled: pixels,
          labels: samples.map((sample) => set.labels[sample]!),
          unlabelled: others.done ? new Uint8Array() : others.value.pixels,
        },
        {
          settings,
          preprocessing: set.preprocessing,
          classes,
          lambdaU: lambdaAt(epoch, iteration, settings),
          rate,
          random: streams.steps.fork(),
        },
      );
      lossSum += step.loss;
      iteration++;
      const position = { history, epoch: { split, iteration, lossSum, seconds: seconds() } };
      await onPosition(() => position);
    }
  } finally {
    await unlabelled.return();
  }
  const monitored = await run.measure(epoch);
  return {
    epoch: epoch + 1,
    stage: stageOf(epoch, settings),
    clean: clean.length,
    polluted: polluted.length,
    loss: lossSum / iterations,
    lambdaU: lambdaAt(epoch, iterations, settings),
    rate,
    split: split.figures,
    monitored,
    seconds: seconds(),
  };
}

function described(pool: CleanPool, losses: Float32Array): Split {
  return { pool, figures: { ...meanLosses(losses, pool), histogram: lossHistogram(losses, pool) } };
}
