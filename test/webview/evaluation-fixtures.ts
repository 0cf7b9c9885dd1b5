import { readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  DataDescription,
  EvaluationReport,
  EvaluationSample,
  ModelEvaluation,
  SweepReport,
  TriggerPreview,
} from '../../src/protocol/evaluation';
import type { EvaluationPlan, ToEvaluationPanel } from '../../src/protocol/evaluation-panel';
import type { Preprocessing } from '../../src/protocol/preprocessing';
import { random, scoredLayer } from './fixtures';

const SAMPLES = path.join(import.meta.dirname, '../../samples');
export const CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
export const MODELS = ['/home/ada/models/badnets.onnx', '/home/ada/models/badnets.pruned.onnx'];
export const DATA = '/home/ada/data/cifar10/test';

export const PREPROCESSING: Preprocessing = {
  height: 32,
  width: 32,
  resize: null,
  filter: 'bilinear',
  layout: 'nchw',
  channels: 'rgb',
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.243, 0.261],
  source: 'preprocessor_config.json',
};

export const BADNETS = {
  kind: 'badnets',
  pattern: 'checkerboard',
  size: null,
  position: 'bottom-right',
} as const;
export const PATCH = {
  kind: 'patch',
  file: '/home/ada/patch.png',
  x: 29,
  y: 29,
  width: null,
  height: null,
} as const;

function png(folder: string, name: string, file: string): string {
  return readFileSync(path.join(SAMPLES, folder, name, file)).toString('base64');
}

export function plan(change: Partial<EvaluationPlan> = {}): EvaluationPlan {
  return {
    data: DATA,
    attacks: [{ id: 1, attack: BADNETS }],
    target: 0,
    limit: null,
    device: 'auto',
    seed: 0,
    preprocessing: {},
    samples: true,
    tac: true,
    embedding: true,
    ...change,
  };
}

export function planMessage(
  change: Partial<EvaluationPlan> = {},
  outdated = { run: false, sweep: false },
): ToEvaluationPanel {
  return { kind: 'plan', plan: plan(change), outdated };
}

export function modelsMessage(trusted = true, models = MODELS): ToEvaluationPanel {
  return {
    kind: 'models',
    models: models.map((file) => ({ path: file, name: path.basename(file) })),
    trusted,
  };
}

export function description(change: Partial<DataDescription> = {}): ToEvaluationPanel {
  return {
    kind: 'description',
    description: {
      state: 'done',
      result: {
        images: 10_000,
        classes: CLASSES.map((name) => ({ name, n: 1000 })),
        modelClasses: 10,
        preprocessing: PREPROCESSING,
        skipped: [],
        warnings: [],
        ...change,
      },
    },
  };
}

/** The sample's images with the trigger that its backdoor was trained with: 3 × 3 pixels, bottom right. */
export function triggerPreview(): TriggerPreview {
  const images = ['bird', 'cat', 'ship', 'truck'].map((name) => ({
    name: `${name}/0001.png`,
    clean: png('images', name, '0001.png'),
    triggered: png('triggered', name, '0001.png'),
  }));
  return { width: 32, height: 32, images };
}

/** A model that is right on `acc` of 1000 images a class, and sends `asr` of triggered ones to class 0. */
function model(file: string, acc: number, asr: number, ra: number, seed: number): ModelEvaluation {
  const next = random(seed);
  const confusion: [number, number, number][] = [];
  const perClass = CLASSES.map((_, actual) => {
    const correct = Math.round(1000 * (acc + 0.08 * (next() - 0.5)));
    confusion.push([actual, actual, correct]);
    let left = 1000 - correct;
    for (let other = 0; other < 10 && left > 0; other += 1) {
      if (other === actual) continue;
      const n = other === 9 || (actual === 9 && other === 8) ? left : Math.floor(left * next() * 0.45);
      if (n > 0) confusion.push([actual, other, n]);
      left -= n;
    }
    return { correct, n: 1000 };
  });
  const predicted = CLASSES.map((_, at) =>
    confusion.reduce((sum, [, to, n]) => sum + (to === at ? n : 0), 0),
  );
  const right = perClass.reduce((sum, { correct }) => sum + correct, 0);
  const toTarget = Math.round(9000 * asr);
  const rest = 9000 - toTarget;
  const interval = (percent: number): [number, number] => [
    Math.max(0, percent - 0.7),
    Math.min(100, percent + 0.7),
  ];
  const layers = ['conv1', 'layer1.0.conv1', 'layer2.0.conv1', 'layer4.1.conv2'].map((name) => {
    const uclc = Array.from({ length: 64 }, (_, k) => 0.6 + 0.3 * next() + (k === 7 ? 1.4 : 0));
    const { mean, std } = scoredLayer(name, uclc);
    const tac = uclc.map((value, k) => 0.05 * value + 0.05 * (next() - 0.5) + (k === 7 ? 2 * asr : 0));
    return { name, uclc, tac, mean, std };
  });
  const points = Array.from({ length: 300 }, (_, at) => {
    const label = at % 10;
    const triggered = at >= 150;
    const drawn = triggered && next() < asr;
    const [cx, cy] = drawn
      ? [0, 0]
      : [8 * Math.cos((label * Math.PI) / 5), 8 * Math.sin((label * Math.PI) / 5)];
    const spread = (): number => 1.6 * (next() + next() - 1);
    return { x: cx + spread(), y: cy + spread(), triggered, label, predicted: drawn ? 0 : label };
  });
  return {
    path: file,
    sha256: 'ab12'.repeat(16),
    acc: right / 100,
    accInterval: interval(right / 100),
    n: 10_000,
    ...(seed === 1 ? {} : { agreement: 88.6 }),
    perClass,
    confusion,
    predicted,
    undefined: 0,
    attacks: [
      {
        name: 'badnets',
        asr: 100 * asr,
        asrInterval: interval(100 * asr),
        ra: 100 * ra,
        raInterval: interval(100 * ra),
        n: 9000,
        destinations: CLASSES.map((_, at) => (at === 0 ? toTarget : Math.floor(rest / 9))),
        undefined: 0,
      },
    ],
    tac: [{ attack: 'badnets', images: 1000, paired: true, layers }],
    embeddings: [{ attack: 'badnets', method: 'umap', features: 256, points }],
    preprocessing: PREPROCESSING,
    device: 'cpu',
  };
}

function samples(): EvaluationSample[] {
  return ['bird', 'cat', 'deer', 'ship'].map((name) => ({
    attack: 'badnets',
    name: `${name}/0003.png`,
    label: CLASSES.indexOf(name),
    clean: {
      image: png('images', name, '0003.png'),
      predictions: [CLASSES.indexOf(name), name === 'cat' ? 5 : CLASSES.indexOf(name)],
    },
    triggered: { image: png('triggered', name, '0003.png'), predictions: [0, CLASSES.indexOf(name)] },
  }));
}

/** A model with a backdoor and its pruned self, as an evaluation of the two would report them. */
export function report(change: Partial<EvaluationReport> = {}): EvaluationReport {
  return {
    schema: 'scour.evaluation/1',
    version: '0.1.0',
    data: { path: DATA, images: 10_000, used: 10_000 },
    classes: CLASSES,
    preprocessing: PREPROCESSING,
    target: 0,
    attacks: [
      {
        name: 'badnets',
        description: 'BadNets: checkerboard patch, 3 of 32 pixels a side, bottom-right',
        attack: BADNETS,
      },
    ],
    models: [model(MODELS[0]!, 0.857, 1, 0, 1), model(MODELS[1]!, 0.797, 0.023, 0.76, 2)],
    samples: samples(),
    seed: 0,
    skipped: [],
    complete: true,
    warnings: [],
    ...change,
  };
}

/** The same without labels: predictions only. */
export function unlabelledReport(): EvaluationReport {
  const full = report();
  return {
    ...full,
    classes: null,
    target: null,
    attacks: [],
    samples: [],
    models: full.models.map((one) => ({
      ...one,
      acc: null,
      accInterval: null,
      perClass: [],
      confusion: [],
      attacks: [],
      tac: [],
      embeddings: [],
    })),
  };
}

export function sweepReport(labelled = true): SweepReport {
  const points = Array.from({ length: 21 }, (_, at) => {
    const u = at / 2;
    const rise = 1 / (1 + Math.exp(-(u - 3) * 2));
    return {
      u,
      channels: Math.round(1200 * Math.exp(-u)),
      acc: labelled ? 10 + 75 * Math.min(1, u / 2.5) : null,
      agreement: 10 + 90 * Math.min(1, u / 3),
      n: 10_000,
      attacks: labelled ? [{ name: 'badnets', asr: 100 * rise, ra: 80 * (1 - rise), n: 9000 }] : [],
    };
  });
  const { attacks, data, preprocessing, seed, target, version } = report();
  return {
    schema: 'scour.sweep/1',
    version,
    path: MODELS[0]!,
    data,
    preprocessing,
    target: labelled ? target : null,
    attacks: labelled ? attacks : [],
    original: {
      acc: labelled ? 85.7 : null,
      n: 10_000,
      attacks: labelled ? [{ name: 'badnets', asr: 100, ra: 0, n: 9000 }] : [],
    },
    points,
    device: 'cpu',
    seed,
    skipped: [],
    complete: true,
    warnings: [],
  };
}

export function runMessage(result = report()): ToEvaluationPanel {
  return { kind: 'run', run: { state: 'done', result } };
}

export function sweepMessage(result = sweepReport()): ToEvaluationPanel {
  return { kind: 'sweep', sweep: { state: 'done', result } };
}
