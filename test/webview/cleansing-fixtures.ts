import type { CleanseEpoch, CleanseReport, Monitored } from '../../src/protocol/cleanse';
import type { CleansingPlan, ToCleansingPanel } from '../../src/protocol/cleansing-panel';
import {
  DEFAULT_TRAINING,
  type CleansingDescription,
  type CleansingLayer,
  type CleansingRun,
  type StepPoint,
  type StudentPreview,
} from '../../src/protocol/cleansing';
import type { DataDescription } from '../../src/protocol/evaluation';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';
import { BADNETS, CLASSES, PREPROCESSING } from './evaluation-fixtures';
import { random, scoredLayer } from './fixtures';

export const MODEL = '/home/ada/models/badnets.onnx';
export const UNLABELED = '/home/ada/data/cifar10/unlabeled';
export const LABELLED = '/home/ada/data/cifar10/test';

/** ResNet-18 of width 32: stem, four stages, classifier; one outlier in stage 4. */
const STAGES: readonly (readonly [name: string, layers: readonly (readonly [string, number])[]])[] = [
  ['stem', [['/conv1/Conv', 864]]],
  ...[1, 2, 3, 4].map(
    (stage) =>
      [
        `stage ${stage}`,
        Array.from(
          { length: 4 },
          (_, at) => [`/layer${stage}/${at >> 1}/conv${1 + (at % 2)}/Conv`, 9 * (16 << stage) ** 2] as const,
        ),
      ] as const,
  ),
  ['classifier', [['/linear/Gemm', 2560]]],
];
const INCREASING: Readonly<Record<string, number>> = {
  stem: 0.01,
  'stage 1': 0.01,
  'stage 2': 0.03,
  'stage 3': 0.09,
  'stage 4': 0.27,
  classifier: 0.1,
};

function layer(name: string, weights: number): CleansingLayer {
  if (name.endsWith('Gemm')) return { name, kind: 'linear', weights, scan: null };
  const next = random(name.length + weights);
  const uclc = Array.from({ length: 32 }, (_, k) => 0.5 + 0.2 * next() + (k === 7 ? 1.2 : 0));
  const { mean, std } = scoredLayer(name, uclc);
  return { name, kind: 'convolution', weights, scan: { mean, std, uclc } };
}

function presetsFor(stages: CleansingDescription['stages']): CleansingDescription['presets'] {
  const increasing = stages.flatMap(({ name, layers }) => layers.map(() => INCREASING[name] ?? 0.05));
  const uniform = increasing.map(() => 0.22);
  return [
    {
      id: 'increasing',
      label: 'Increasing (paper)',
      description: 'Little in the early layers, more in the late ones: the schedule of the paper.',
      ratios: increasing,
      clpU: null,
    },
    {
      id: 'uniform',
      label: 'Uniform',
      description: 'One ratio for all layers.',
      ratios: uniform,
      clpU: null,
    },
    {
      id: 'clp+bcu',
      label: 'CLP + BCU',
      description: 'The student starts from the CLP-pruned teacher; pruned channels stay at zero.',
      ratios: increasing,
      clpU: 2,
    },
  ];
}

export function descriptionOf(change: Partial<CleansingDescription> = {}): CleansingDescription {
  const stages = STAGES.map(([name, layers]) => ({
    name,
    layers: layers.map(([layerName, weights]) => layer(layerName, weights)),
  }));
  return { key: 'ab12', stages, presets: presetsFor(stages), studied: true, notes: [], ...change };
}

/** A net of 120 layers, as DenseNet-121 has them, in four stages. */
export function largeDescription(): CleansingDescription {
  const stages = ['stage 1', 'stage 2', 'stage 3', 'stage 4'].map((name, stage) => ({
    name,
    layers: Array.from({ length: 30 }, (_, at) =>
      layer(`/features/denseblock${stage + 1}/denselayer${at + 1}/conv/Conv`, 10_000 * (stage + 1)),
    ),
  }));
  return {
    key: 'cd34',
    stages,
    presets: presetsFor(stages),
    studied: false,
    notes: ['The paper did not study networks of this kind.'],
  };
}

export const INCREASING_RATIOS = presetsFor(descriptionOf().stages)[0]!.ratios;

export function modelMessage(trusted = true): ToCleansingPanel {
  return { kind: 'model', path: MODEL, name: 'badnets.onnx', trusted };
}

export function planOf(change: Partial<CleansingPlan> = {}): CleansingPlan {
  return {
    ratios: [...INCREASING_RATIOS],
    preset: 'increasing',
    clpU: null,
    training: DEFAULT_TRAINING,
    samples: 2500,
    preprocessing: {},
    device: 'auto',
    target: 0,
    monitorLimit: 1000,
    data: UNLABELED,
    monitorData: null,
    attacks: [],
    ...change,
  };
}

export function planMessage(change: Partial<CleansingPlan> = {}, loaded = false): ToCleansingPanel {
  return { kind: 'plan', plan: planOf(change), obstacle: null, loaded };
}

export const WATCHED: Partial<CleansingPlan> = {
  monitorData: LABELLED,
  attacks: [{ id: 1, attack: BADNETS }],
};

export function descriptionMessage(result = descriptionOf()): ToCleansingPanel {
  return { kind: 'description', description: { state: 'done', result } };
}

/** Nothing that could train, of the two packages. */
export function engineMessage(chosen: 'onnxruntime' | 'tfjs'): ToCleansingPanel {
  return {
    kind: 'engine',
    chosen,
    packages: [
      {
        status: 'absent',
        name: '@tensorflow/tfjs-node-gpu',
        directory: null,
        reason: '@tensorflow/tfjs-node-gpu is not installed in /home/ada/models.',
      },
      {
        status: 'wrong-version',
        name: '@tensorflow/tfjs-node',
        directory: '/home/ada/models/node_modules/@tensorflow/tfjs-node',
        reason: '@tensorflow/tfjs-node is version 3.21.1; Scour works with 4.x.',
      },
    ],
  };
}

export function imagesMessage(
  set: 'data' | 'monitor' = 'data',
  change: Partial<DataDescription> = {},
): ToCleansingPanel {
  return {
    kind: 'images',
    set,
    images: {
      state: 'done',
      result: {
        images: 5000,
        classes: set === 'data' ? null : CLASSES.map((name) => ({ name, n: 500 })),
        modelClasses: 10,
        preprocessing: PREPROCESSING,
        skipped: [],
        warnings: [],
        ...change,
      },
    },
  };
}

export function previewOf(agreement: number, change: Partial<StudentPreview> = {}): StudentPreview {
  const next = random(Math.round(10 * agreement));
  return {
    ratios: [...INCREASING_RATIOS],
    clpU: null,
    seed: 0,
    restoreNorms: false,
    redrawn: 0.2211,
    held: 0,
    agreement: {
      agreement,
      n: 512,
      source: 'images',
      folder: UNLABELED,
      seed: null,
      original: CLASSES.map(() => 40 + Math.round(20 * next())),
      pruned: CLASSES.map((_, at) => (at === 0 ? 180 : Math.round(40 * next()))),
      preprocessing: PREPROCESSING,
      device: 'cpu',
      skipped: [],
      warnings: [],
    },
    ...change,
  };
}

function monitored(acc: number, asr: number): Monitored {
  return { acc, n: 1000, attacks: [{ name: 'badnets', asr, ra: Math.max(0, acc - asr), n: 900 }] };
}

function epochs(count: number, of: number, asrAtEnd: number, watched: boolean): CleanseEpoch[] {
  return Array.from({ length: count }, (_, at) => {
    const done = (at + 1) / of;
    return {
      epoch: at + 1,
      loss: 1.4 * Math.exp(-3 * done) + 0.05,
      temperature: 1 + 3 * done,
      rate: 0.005 * (1 + Math.cos(Math.PI * done)),
      agreement: 55 + 37 * (1 - Math.exp(-3 * done)),
      seconds: 10.4,
      ...(watched && { monitored: monitored(60 + 24 * (1 - Math.exp(-3 * done)), asrAtEnd * done ** 0.7) }),
    };
  });
}

interface RunOptions {
  readonly id: string;
  readonly status: CleansingRun['status'];
  readonly done: number;
  readonly clpU?: number | null;
  /** ASR that the run ends at. */
  readonly asr?: number;
  readonly watched?: boolean;
  readonly error?: string | null;
  readonly seed?: number;
}

const EPOCHS = DEFAULT_TRAINING.epochs;

export function runOf(options: RunOptions): CleansingRun {
  const { id, status, done, clpU = null, asr = 97, watched = true, error = null, seed = 0 } = options;
  const ended = status === 'complete' || status === 'diverged';
  const plan = planOf();
  const order = {
    path: MODEL,
    data: UNLABELED,
    samples: 2500,
    ratios: [...INCREASING_RATIOS],
    preset: clpU === null ? 'increasing' : 'clp+bcu',
    clpU,
    training: { ...plan.training, seed },
    monitor: watched ? { data: LABELLED, attacks: [BADNETS], target: 0, limit: 1000 } : null,
    preprocessing: {},
    device: 'auto' as const,
    engine: ONNXRUNTIME,
  };
  return {
    id,
    key: 'ab12',
    version: '0.1.0',
    started: '2026-11-21T10:00:00.000Z',
    order,
    status,
    error,
    redrawn: 0.2211,
    held: clpU === null ? null : 61,
    devices: { teacher: 'cpu', student: 'cpu' },
    before: watched ? { teacher: monitored(85.7, 100), student: monitored(31.2, 12.5) } : null,
    history: epochs(done, EPOCHS, asr, watched),
    notes: [],
    report: ended ? reportOf(order.training, clpU, done) : null,
  };
}

function reportOf(
  training: CleansingRun['order']['training'],
  clpU: number | null,
  epoch: number,
): CleanseReport {
  return {
    schema: 'scour.cleanse/1',
    status: 'complete',
    epoch,
    monitoring: null,
    input: MODEL,
    output: '/store/student.onnx',
    sha256: 'cd34'.repeat(16),
    inputSha256: 'ab12'.repeat(16),
    settings: { ...training, momentum: 0.9, weightDecay: 5e-4 },
    stages: [],
    redrawn: 0.2211,
    clp: clpU === null ? null : { u: clpU, layers: [], channels: 61 },
    data: { folder: UNLABELED, images: 2500, distinct: 2500, sha256: 'ef56'.repeat(16), skipped: [] },
    preprocessing: PREPROCESSING,
    devices: { teacher: 'cpu', student: 'cpu' },
    history: [],
    agreement: 91.4,
    notes: [],
    version: '0.1.0',
  };
}

export const BCU_RUN = '20261121-100000-0123abcd';
export const CLP_RUN = '20261121-110000-4567cdef';
export const LIVE_RUN = '20261121-120000-89ab0123';

export function stepsOf(count: number, of = 200): StepPoint[] {
  const next = random(3);
  return Array.from({ length: count }, (_, at) => ({
    step: at + 1,
    at: (at + 1) / of,
    loss: 1.4 * Math.exp((-3 * at) / of) + 0.2 * next(),
    agreement: 60 + 30 * (at / of),
  }));
}

/** Two finished runs: one that kept the backdoor, one that did not. */
export const FINISHED = [
  runOf({ id: CLP_RUN, status: 'complete', done: EPOCHS, clpU: 2, asr: 2.4 }),
  runOf({ id: BCU_RUN, status: 'complete', done: EPOCHS }),
];

export function runsMessage(runs: readonly CleansingRun[] = FINISHED): ToCleansingPanel {
  return { kind: 'runs', runs: [...runs], damaged: [] };
}

export function runningMessage(pausing = false): ToCleansingPanel {
  return {
    kind: 'job',
    id: LIVE_RUN,
    job: {
      state: 'running',
      message: 'Epoch 7 of 20',
      fraction: 0.32,
      secondsLeft: 140,
      stalled: false,
    },
    pausing,
  };
}
