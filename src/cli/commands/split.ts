import { totalEpochs, type AsdSettings } from '../../defenses/asd/settings';
import { splitDataset, splitState } from '../../engine/jobs/split';
import type { MonitorOptions } from '../../engine/jobs/split-monitor';
import type { SplitOptions } from '../../engine/jobs/split-options';
import { CancelledError, PausedError, UsageError } from '../../protocol/errors';
import { SPLIT_BOUNDS } from '../../protocol/split';
import { SCHEDULES, SEEDS_PER_CLASS } from '../../protocol/split-schedules';
import { splitText } from '../../report/split-text';
import { CATALOGUE } from '../catalogue';
import { EXIT } from '../exit-code';
import {
  choice,
  flag,
  number,
  preprocessingOptions,
  required,
  seed,
  sessionOptions,
  text,
  type OptionValues,
} from '../options';
import { KEPT, isInterruption } from '../kept-work';
import { emit } from '../output';
import type { Command } from './command';

export const SPLIT: Command = {
  name: 'split',
  usage: 'scour split --data DIR --seeds DIR --architecture MODEL --output DIR [options]',
  summary: CATALOGUE.split,
  help: [
    ['--data DIR', 'the labelled dataset: a folder with one folder a class, or an archive of one'],
    ['--seeds DIR|FILE.txt', 'known-clean images of it, one folder a class; or their names, one a line'],
    ['--architecture MODEL', 'an ONNX classifier; its weights are drawn anew'],
    ['--output DIR', 'model.onnx, report.json, suspects.csv and suspects.json go here'],
    [
      '--schedule paper|short',
      `all that follows at once: the paper's ${totalEpochs(SCHEDULES.paper)} epochs, or ${totalEpochs(SCHEDULES.short)} shorter ones (default: paper)`,
    ],
    ['--epochs A,B,C', 'epochs of the class-aware, class-agnostic and meta-split stage (60,30,30)'],
    ['--iterations N', 'MixMatch steps an epoch (1024)'],
    ['--batch-size N', 'labelled images a step (64)'],
    ['--unlabelled-batch-size N', 'unlabelled images a step (64)'],
    ['--views N', 'augmented views that a label is guessed from (2)'],
    ['--lr RATE', 'learning rate of Adam (0.002)'],
    ['--lr-decay constant|cosine', 'how it goes on over the epochs (constant)'],
    ['--growth N', 'class-aware: samples a class by which the clean pool grows (10)'],
    ['--grow-every N', '… every N epochs (5)'],
    ['--clean-share S', 'class-agnostic: share of the set that is the clean pool (0.5)'],
    ['--meta-share S', 'meta-split: the same share (0.5)'],
    ['--temperature T', 'sharpening of guesses (0.5)'],
    ['--alpha A', 'of mixup, Beta(A, A) (0.75)'],
    ['--lambda-u L', 'weight of the unlabelled loss at the end (15)'],
    ['--meta-lr RATE', "learning rate of the meta-split's virtual model (0.015)"],
    ['--meta-batch-size N', 'its batch size (128)'],
    ['--split-alpha A', 'weight of cross entropy in the split loss (0.1)'],
    ['--split-beta B', 'weight of reverse cross entropy in it (1)'],
    ['--split-on augmented|plain', 'what split losses are computed on (augmented)'],
    ['--pad N', 'random crops from a border of N mirrored pixels; 0: none (4)'],
    ['--no-flip', 'do not mirror images (signs, digits)'],
    ['--seeds-per-class N', 'seeds that every class must have; more are used too (10)'],
    ['--test DIR', 'labelled test images: ACC after every epoch'],
    ['--triggered DIR', 'test images that carry a trigger, by true class: ASR and RA too'],
    ['--target K', "the trigger's target class (needed with --triggered)"],
    ['--keep-pixels MIB', 'decoded images kept in memory; more are decoded anew in every pass (1024)'],
    ['--resume', 'continue an interrupted run'],
    ['--force', 'replace results in DIR, and forget an interrupted run'],
  ],
  options: {
    data: { type: 'string' },
    seeds: { type: 'string' },
    architecture: { type: 'string' },
    output: { type: 'string' },
    schedule: { type: 'string' },
    epochs: { type: 'string' },
    iterations: { type: 'string' },
    'batch-size': { type: 'string' },
    'unlabelled-batch-size': { type: 'string' },
    views: { type: 'string' },
    lr: { type: 'string' },
    'lr-decay': { type: 'string' },
    growth: { type: 'string' },
    'grow-every': { type: 'string' },
    'clean-share': { type: 'string' },
    'meta-share': { type: 'string' },
    temperature: { type: 'string' },
    alpha: { type: 'string' },
    'lambda-u': { type: 'string' },
    'meta-lr': { type: 'string' },
    'meta-batch-size': { type: 'string' },
    'split-alpha': { type: 'string' },
    'split-beta': { type: 'string' },
    'split-on': { type: 'string' },
    pad: { type: 'string' },
    'no-flip': { type: 'boolean' },
    'seeds-per-class': { type: 'string' },
    test: { type: 'string' },
    triggered: { type: 'string' },
    target: { type: 'string' },
    'keep-pixels': { type: 'string' },
    resume: { type: 'boolean' },
    force: { type: 'boolean' },
  },

  async run(positionals, values, { context, warn }) {
    if (positionals.length > 0)
      throw new UsageError(
        'bad-value',
        `scour split takes no argument '${positionals[0]}': name the dataset with --data.`,
      );
    const format = choice(values, 'format', ['text', 'json'], 'text');
    const options = optionsOf(values);
    let report;
    try {
      // An interrupted run is a paused one: it loses nothing of what it has done.
      report = await splitDataset({ ...options, onNote: warn, pause: context.signal }, context);
    } catch (error) {
      if (isInterruption(error) && splitState(options.output).exists) warn(KEPT);
      throw error instanceof PausedError ? new CancelledError() : error;
    }
    await emit(
      format === 'json' ? JSON.stringify(report, null, 2) : splitText(report),
      text(values, 'output-report'),
      [options.data, options.seeds, options.architecture],
    );
    return EXIT.done;
  },
};

function optionsOf(values: OptionValues): Omit<SplitOptions, 'onNote'> {
  return {
    data: required(values, 'data', 'the dataset'),
    seeds: required(values, 'seeds', 'the known-clean images'),
    architecture: required(values, 'architecture', 'an ONNX model'),
    output: required(values, 'output', 'the folder to write'),
    force: flag(values, 'force'),
    resume: flag(values, 'resume'),
    seedsPerClass: number(values, 'seeds-per-class', SEEDS_PER_CLASS, ...SPLIT_BOUNDS.seedsPerClass, true),
    settings: settingsOf(values),
    keepPixels: number(values, 'keep-pixels', 1024, 0, 1_000_000, true) * 1024 * 1024,
    monitor: monitorOf(values),
    preprocessing: preprocessingOptions(values),
    run: sessionOptions(values),
  };
}

function settingsOf(values: OptionValues): AsdSettings {
  const preset = SCHEDULES[choice(values, 'schedule', ['paper', 'short'], 'paper')];
  const whole = (name: string, fallback: number, [least, most]: readonly [number, number]): number =>
    number(values, name, fallback, least, most, true);
  const real = (name: string, fallback: number, [least, most]: readonly [number, number]): number =>
    number(values, name, fallback, least, most);
  const bounds = SPLIT_BOUNDS;
  return {
    epochs: epochsOf(values, preset.epochs),
    iterations: whole('iterations', preset.iterations, bounds.iterations),
    labelledBatch: whole('batch-size', preset.labelledBatch, bounds.labelledBatch),
    unlabelledBatch: whole('unlabelled-batch-size', preset.unlabelledBatch, bounds.unlabelledBatch),
    views: whole('views', preset.views, bounds.views),
    rate: real('lr', preset.rate, bounds.rate),
    decay: choice(values, 'lr-decay', ['constant', 'cosine'], preset.decay),
    growth: whole('growth', preset.growth, bounds.growth),
    growEvery: whole('grow-every', preset.growEvery, bounds.growEvery),
    cleanShare: real('clean-share', preset.cleanShare, bounds.cleanShare),
    metaShare: real('meta-share', preset.metaShare, bounds.metaShare),
    temperature: real('temperature', preset.temperature, bounds.temperature),
    alpha: real('alpha', preset.alpha, bounds.alpha),
    lambdaU: real('lambda-u', preset.lambdaU, bounds.lambdaU),
    metaRate: real('meta-lr', preset.metaRate, bounds.metaRate),
    metaBatch: whole('meta-batch-size', preset.metaBatch, bounds.metaBatch),
    splitAlpha: real('split-alpha', preset.splitAlpha, bounds.splitAlpha),
    splitBeta: real('split-beta', preset.splitBeta, bounds.splitBeta),
    splitOn: choice(values, 'split-on', ['augmented', 'plain'], preset.splitOn),
    augmentation: {
      pad: whole('pad', preset.augmentation.pad, bounds.pad),
      border: preset.augmentation.border,
      flip: preset.augmentation.flip && !flag(values, 'no-flip'),
    },
    seed: seed(values),
  };
}

function epochsOf(values: OptionValues, fallback: AsdSettings['epochs']): AsdSettings['epochs'] {
  const given = text(values, 'epochs');
  if (given === undefined) return fallback;
  const list = given.split(',').map((part) => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : NaN));
  const [aware = NaN, agnostic = NaN, meta = NaN] = list;
  if (list.length !== 3 || list.some(Number.isNaN) || aware + agnostic + meta === 0)
    throw new UsageError(
      'bad-value',
      `--epochs takes the epochs of the three stages, such as 60,30,30, not '${given}'.`,
    );
  return { 'class-aware': aware, 'class-agnostic': agnostic, 'meta-split': meta };
}

function monitorOf(values: OptionValues): MonitorOptions | null {
  const test = text(values, 'test');
  const triggered = text(values, 'triggered');
  const target = text(values, 'target');
  if (test === undefined) {
    if (triggered !== undefined || target !== undefined)
      throw new UsageError(
        'missing-argument',
        '--triggered and --target need --test, the clean test images.',
      );
    return null;
  }
  if ((triggered === undefined) !== (target === undefined))
    throw new UsageError('missing-argument', '--triggered and --target go together.');
  if (triggered === undefined) return { test, triggered: null };
  return {
    test,
    triggered: { folder: triggered, target: number(values, 'target', 0, 0, 1_000_000, true) },
  };
}
