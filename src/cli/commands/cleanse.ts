import { readFileSync } from 'node:fs';
import path from 'node:path';
import { STANDARD } from '../../data/augment';
import { presetNamed } from '../../defenses/bcu/presets';
import { defaultStageRatios, ratiosByLayer, ratiosByStage, type Ratios } from '../../defenses/bcu/ratios';
import type { Stage } from '../../defenses/bcu/stages';
import { cleanseModel, type CleanseOptions } from '../../engine/jobs/cleanse';
import { CleanseState } from '../../engine/jobs/cleanse-state';
import type { MonitorChoice } from '../../protocol/cleansing';
import { UsageError, messageOf } from '../../protocol/errors';
import { TRAINING_ENGINES, type TrainingEngineChoice } from '../../protocol/training-engine';
import { cleanseText } from '../../report/cleanse-text';
import { attacksOf } from '../attack-options';
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

const MOST = Number.MAX_SAFE_INTEGER;

export const CLEANSE: Command = {
  name: 'cleanse',
  usage: 'scour cleanse MODEL --data DIR --output OUT [options]',
  summary: CATALOGUE.cleanse,
  help: [
    ['--data DIR', 'unlabeled images (labels are not used)'],
    ['--output OUT', 'the new model file; never the input'],
    [
      '--ratios LIST|FILE',
      'share of weights to re-draw: one value a stage, stem to classifier, or JSON by layer',
    ],
    ['--preset NAME', 'increasing (default), uniform, decreasing, single:STAGE, from-scan or clp+bcu'],
    ['--clp-u U', 'prune with CLP at U first, and hold those channels at zero'],
    ['--epochs N', 'passes over the images (default: 100)'],
    ['--samples N', 'at most N of the images (default: all)'],
    ['--batch-size N', 'images a step (default: 256)'],
    ['--lr RATE', 'learning rate at the start (default: 0.01)'],
    ['--labels soft|hard', "learn the teacher's distribution or its predicted class (default: soft)"],
    ['--temperature T', 'one temperature for all epochs (default: rising from 1 to 4)'],
    ['--pad N', 'random crops from a border of N black pixels; 0: none (default: 4)'],
    ['--no-flip', 'do not mirror images (signs, digits)'],
    [
      '--restore-norms',
      'train with batch norms put back where the exporter folded them away; OUT has them folded again',
    ],
    ['--monitor-data DIR', 'labelled images: ACC after every epoch, and with a trigger ASR and RA'],
    ['--triggered DIR, --attack NAME, --target K', 'the triggers to watch, as scour evaluate takes them'],
    ['--monitor-samples N', 'at most N of those images (default: 1000)'],
    [
      '--engine onnxruntime|tfjs',
      'what trains the student (default: onnxruntime); --device is where onnxruntime runs',
    ],
    [
      '--tfjs-path DIR',
      'folder of @tensorflow/tfjs-node-gpu or tfjs-node, or where one is installed (default: .)',
    ],
    ['--resume', 'continue an interrupted run'],
    ['--force', 'replace OUT where it exists, and forget an interrupted run'],
  ],
  options: {
    data: { type: 'string' },
    output: { type: 'string' },
    ratios: { type: 'string' },
    preset: { type: 'string' },
    'clp-u': { type: 'string' },
    'monitor-data': { type: 'string' },
    triggered: { type: 'string', multiple: true },
    attack: { type: 'string', multiple: true },
    target: { type: 'string' },
    'monitor-samples': { type: 'string' },
    epochs: { type: 'string' },
    samples: { type: 'string' },
    'batch-size': { type: 'string' },
    lr: { type: 'string' },
    labels: { type: 'string' },
    temperature: { type: 'string' },
    pad: { type: 'string' },
    'no-flip': { type: 'boolean' },
    'restore-norms': { type: 'boolean' },
    engine: { type: 'string' },
    'tfjs-path': { type: 'string' },
    resume: { type: 'boolean' },
    force: { type: 'boolean' },
  },

  async run(positionals, values, { context, warn }) {
    const [input, ...others] = positionals;
    if (input === undefined)
      throw new UsageError(
        'missing-argument',
        'Name the model file: scour cleanse MODEL --data DIR --output OUT',
      );
    if (others.length > 0)
      throw new UsageError('bad-value', `scour cleanse takes one model, not ${positionals.length}.`);
    const format = choice(values, 'format', ['text', 'json'], 'text');
    const options = { ...optionsOf(values), onNote: warn };
    let report;
    try {
      report = await cleanseModel(input, options, context);
    } catch (error) {
      if (isInterruption(error) && new CleanseState(options.output).exists) warn(KEPT);
      throw error;
    }
    await emit(
      format === 'json' ? JSON.stringify(report, null, 2) : cleanseText(report),
      text(values, 'output-report'),
      [input, options.output],
    );
    return report.status === 'complete' ? EXIT.done : EXIT.failed;
  },
};

function optionsOf(values: OptionValues): Omit<CleanseOptions, 'onNote'> {
  const [ratios, preset] = [text(values, 'ratios'), text(values, 'preset')];
  if (ratios !== undefined && preset !== undefined)
    throw new UsageError('bad-value', '--preset and --ratios both choose the ratios: give one of them.');
  const clpU = text(values, 'clp-u') === undefined ? null : number(values, 'clp-u', 0, 0, 100);
  return {
    data: required(values, 'data', 'the folder of unlabeled images'),
    output: required(values, 'output', 'the file to write'),
    force: flag(values, 'force'),
    resume: flag(values, 'resume'),
    samples: number(values, 'samples', MOST, 2, MOST, true),
    choose: async (stages, presets) => {
      const chosen = preset === undefined ? null : presetNamed(await presets(), preset);
      return { ratios: chosen?.ratios ?? ratiosOf(stages, ratios), clpU: clpU ?? chosen?.clpU ?? null };
    },
    monitor: monitorOf(values),
    settings: {
      epochs: number(values, 'epochs', 100, 1, 100_000, true),
      batchSize: number(values, 'batch-size', 256, 2, 65_536, true),
      rate: number(values, 'lr', 0.01, 0, 1000),
      labels: choice(values, 'labels', ['soft', 'hard'], 'soft'),
      temperature:
        text(values, 'temperature') === undefined ? null : number(values, 'temperature', 1, 0.01, 1000),
      augmentation: {
        pad: number(values, 'pad', STANDARD.pad, 0, 1024, true),
        flip: STANDARD.flip && !flag(values, 'no-flip'),
      },
      seed: seed(values),
      restoreNorms: flag(values, 'restore-norms'),
    },
    preprocessing: preprocessingOptions(values),
    engine: engineOf(values),
    run: sessionOptions(values),
  };
}

/** What trains the student; packages are searched for in the current folder. Throws UsageError. */
function engineOf(values: OptionValues): TrainingEngineChoice {
  const name = choice(values, 'engine', TRAINING_ENGINES, 'onnxruntime');
  const given = text(values, 'tfjs-path');
  if (name === 'tfjs') {
    const setting = given === undefined ? null : path.resolve(given);
    return { name, search: { workspaces: [process.cwd()], setting } };
  }
  if (given !== undefined)
    throw new UsageError('bad-value', '--tfjs-path needs --engine tfjs: onnxruntime trains otherwise.');
  return { name };
}

/** What to measure after every epoch. Throws UsageError. */
function monitorOf(values: OptionValues): MonitorChoice | null {
  const data = text(values, 'monitor-data');
  const attacks = attacksOf(values);
  const target = text(values, 'target') ?? null;
  if (data === undefined) {
    if (attacks.length > 0 || target !== null)
      throw new UsageError(
        'missing-argument',
        '--monitor-data is missing: triggers are watched on labelled images.',
      );
    return null;
  }
  return { data, attacks, target, limit: number(values, 'monitor-samples', 1000, 1, MOST, true) };
}

/** A list of numbers, or else the name of a file. Throws UsageError. */
function ratiosOf(stages: readonly Stage[], given: string | undefined): Ratios {
  if (given === undefined) return ratiosByStage(stages, defaultStageRatios(stages));
  if (/^[\d.,eE+\-\s]+$/.test(given)) {
    const list = given.split(',').map((each) => (each.trim() === '' ? NaN : Number(each)));
    return ratiosByStage(stages, list);
  }
  let json: string;
  try {
    json = readFileSync(given, 'utf8');
  } catch (cause) {
    throw new UsageError(
      'bad-value',
      `--ratios takes numbers separated by ',' or a JSON file, and '${given}' cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
  return ratiosByLayer(stages, json, given);
}
