import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/model/onnx/encode';
import { TrainingSession, type HostTensor } from '../../src/runtime/training-session';
import { differentiate } from '../../src/training/gradients/differentiate';
import { Ops } from '../../src/training/graph/ops';
import type { Value } from '../../src/training/graph/value';
import {
  crossEntropy,
  distillation,
  inputsOf,
  probabilityMse,
  scalarsOf,
  softCrossEntropy,
  symmetricCrossEntropy,
  totalLoss,
  type LossTerm,
} from '../../src/training/losses';
import { adam, adamw, sgd, type Optimizer } from '../../src/training/optimizers';
import { cosine, multiStep, oneCycle, perEpoch, type Schedule } from '../../src/training/schedules';

/** References: PyTorch 1.13 in float64 (torch.optim, torch.nn.functional, torch.optim.lr_scheduler). */
const OPSET = new Map([['', 18]]);
const OPTIONS = { device: 'cpu', threads: 1 } as const;

const logits = [1.5, -0.3, 0.2, -2.0, 0.7, 3.1];
const teacher = [0.3, 0.9, -1.0, 2.0, -0.5, 0.4];
const softmax = (row: number[]): number[] => {
  const powers = row.map(Math.exp);
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
};
const targets = [...softmax(teacher.slice(0, 3)), ...softmax(teacher.slice(3))];

const LOSSES: readonly {
  name: string;
  terms: LossTerm[];
  scalars?: Record<string, number>;
  loss: number;
  gradient: number[];
}[] = [
  {
    name: 'distillation at T = 2.5',
    terms: [{ loss: distillation({ temperature: 2.5 }) }],
    loss: 0.385658913,
    gradient: [0.026305765, -0.041945082, 0.015639318, -0.088342238, 0.01179355, 0.076548688],
  },
  {
    name: 'distillation, temperature given in the step',
    terms: [{ loss: distillation() }],
    scalars: { temperature: 2.5 },
    loss: 0.385658913,
    gradient: [0.026305765, -0.041945082, 0.015639318, -0.088342238, 0.01179355, 0.076548688],
  },
  {
    name: 'cross entropy',
    terms: [{ loss: crossEntropy() }],
    loss: 2.077772879,
    gradient: [0.347746092, 0.057482042, -0.405228134, 0.002779297, -0.458644813, 0.455865517],
  },
  {
    name: 'cross entropy, smoothed',
    terms: [{ loss: crossEntropy({ smoothing: 0.1 }) }],
    loss: 2.069439546,
    gradient: [0.331079425, 0.040815376, -0.371894801, -0.01388737, -0.42531148, 0.43919885],
  },
  {
    name: 'cross entropy of distributions',
    terms: [{ loss: softCrossEntropy() }],
    loss: 2.877658039,
    gradient: [0.186176963, -0.236916105, 0.050739142, -0.386634409, 0.009390163, 0.377244246],
  },
  {
    name: 'squared error of probabilities',
    terms: [{ loss: probabilityMse() }],
    loss: 0.256835417,
    gradient: [0.034455563, -0.026731539, -0.007724024, -0.002702244, -0.018371774, 0.021074018],
  },
  {
    name: 'symmetric cross entropy',
    terms: [{ loss: symmetricCrossEntropy() }],
    loss: 8.164341172,
    gradient: [0.641856621, 0.106098186, -0.747954807, 0.002395172, -0.39525583, 0.392860659],
  },
  {
    name: 'weights of samples and of the term',
    terms: [{ loss: crossEntropy(), weight: 3, samples: 'share' }],
    loss: 6.231942832,
    gradient: [0.41729531, 0.068978451, -0.486273761, 0.011673045, -1.926308216, 1.914635171],
  },
  {
    name: 'a sum of terms, one weighted in the step',
    terms: [{ loss: crossEntropy() }, { loss: probabilityMse(), weight: 'unlabelled' }],
    scalars: { unlabelled: 2 },
    loss: 2.077772879 + 2 * 0.256835417,
    gradient: [
      0.347746092 + 2 * 0.034455563,
      0.057482042 - 2 * 0.026731539,
      -0.405228134 - 2 * 0.007724024,
      0.002779297 - 2 * 0.002702244,
      -0.458644813 - 2 * 0.018371774,
      0.455865517 + 2 * 0.021074018,
    ],
  },
];

describe('losses', () => {
  it.each(LOSSES)('$name', async ({ terms, scalars = {}, loss, gradient }) => {
    const g = new Ops();
    const feeds = new Map<string, HostTensor>();
    const input = (
      name: string,
      shape: number[],
      data: HostTensor['data'],
      dtype: 'float32' | 'int64' = 'float32',
    ): Value => {
      feeds.set(name, { dtype, shape, data });
      return g.input(name, { dtype, shape });
    };
    const scores = input('logits', [2, 3], Float32Array.from(logits));
    const given = { teacher, targets, labels: [2, 1], share: [0.2, 0.7] };
    const values = { ...Object.fromEntries(scalarsOf(terms)), ...scalars };
    const inputs = new Map(
      [...inputsOf(terms)].map(([name, kind]) => {
        const data = given[name as keyof typeof given];
        if (kind === 'labels') return [name, input(name, [2], BigInt64Array.from(data, BigInt), 'int64')];
        return [name, input(name, kind === 'scores' ? [2, 3] : [2], Float32Array.from(data))];
      }),
    );
    const total = totalLoss(terms, {
      g,
      logits: scores,
      input: (name) => inputs.get(name)!,
      scalar: (name) => input(name, [], Float32Array.of(values[name]!)),
    });
    const d = differentiate(g, total, [scores]).get('logits')!;
    const session = await TrainingSession.create(
      encodeModel(
        g.toModel(
          new Map([
            ['loss', total],
            ['d', d],
          ]),
          OPSET,
        ),
      ),
      OPTIONS,
    );
    const out = await session.run(feeds);
    expect((out.get('loss')!.data as Float32Array)[0]).toBeCloseTo(loss, 5);
    gradient.forEach((value, i) => expect((out.get('d')!.data as Float32Array)[i]).toBeCloseTo(value, 5));
    await session.release();
  });
});

const OPTIMIZERS: readonly { name: string; optimizer: Optimizer; after: number[] }[] = [
  { name: 'SGD', optimizer: sgd(), after: [0.250355195, -0.895570855, 1.564640926] },
  {
    name: 'SGD with momentum and decay',
    optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }),
    after: [-0.156905123, -0.487258691, 1.167710587],
  },
  {
    name: 'SGD with Nesterov momentum',
    optimizer: sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    after: [-0.341111443, -0.558844207, 1.465817184],
  },
  {
    name: 'Adam',
    optimizer: adam({ betas: [0.8, 0.95], weightDecay: 0.01 }),
    after: [0.249669061, -0.955310859, 1.753476815],
  },
  { name: 'AdamW', optimizer: adamw({ weightDecay: 0.1 }), after: [0.239894624, -0.927355465, 1.706403818] },
];

describe('optimizers: five steps on Σ sin(aᵢwᵢ) + 0.1·wᵢ²', () => {
  it.each(OPTIMIZERS)('$name', async ({ optimizer, after }) => {
    const g = new Ops();
    const vector = { dtype: 'float32', shape: [3] } as const;
    const scalar = { dtype: 'float32', shape: [] } as const;
    const w = g.input('w', vector);
    const scaled = g.mul(w, g.floats(Float32Array.of(1, 2, 3), [3]));
    const loss = g.reduceSum(g.plus(g.sin(scaled), g.mul(g.square(w), 0.1)), [0], false);
    const updated = optimizer.update({
      g,
      parameter: w,
      gradient: differentiate(g, loss, [w]).get('w')!,
      rate: g.input('rate', scalar),
      weightDecay: optimizer.weightDecay,
      state: (slot) => g.input(slot, vector),
      scalar: (name) => g.input(name, scalar),
    });
    const outputs = new Map([['new/w', updated.parameter]]);
    for (const slot of optimizer.slots) outputs.set(`new/${slot}`, updated.state[slot]!);
    const session = await TrainingSession.create(encodeModel(g.toModel(outputs, OPSET)), OPTIONS);
    const tensor = (...data: number[]): HostTensor => ({
      dtype: 'float32',
      shape: data.length === 1 ? [] : [3],
      data: Float32Array.from(data),
    });
    let state = new Map([
      ['w', tensor(0.5, -1.2, 2)],
      ...optimizer.slots.map((slot) => [slot, tensor(0, 0, 0)] as const),
    ]);
    for (let step = 1; step <= 5; step++) {
      const feeds = new Map([...state, ['rate', tensor(0.05)] as const]);
      for (const [name, value] of Object.entries(optimizer.scalarsAt(step))) feeds.set(name, tensor(value));
      const out = await session.run(feeds);
      state = new Map([...state.keys()].map((name) => [name, out.get(`new/${name}`)!]));
    }
    after.forEach((value, i) => expect((state.get('w')!.data as Float32Array)[i]).toBeCloseTo(value, 5));
    await session.release();
  });
});

const SCHEDULES: readonly { name: string; schedule: Schedule; rates: number[] }[] = [
  {
    name: 'cosine',
    schedule: cosine(0.1, 8, 0.01),
    rates: [0.1, 0.096574579, 0.086819805, 0.072220754, 0.055, 0.037779246, 0.023180195, 0.013425421],
  },
  { name: 'cosine, afterwards', schedule: (step) => cosine(0.1, 8, 0.01)(step + 8), rates: [0.01, 0.01] },
  { name: 'multi-step', schedule: multiStep(0.1, [2, 5]), rates: [0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001] },
  {
    name: 'one cycle',
    schedule: oneCycle(0.1, 10),
    rates: [
      0.004, 0.052, 0.1, 0.095048463, 0.081174565, 0.061126202, 0.038874198, 0.018825835, 0.004951937, 4e-7,
    ],
  },
  { name: 'by epoch', schedule: perEpoch(multiStep(1, [1]), 3), rates: [1, 1, 1, 0.1, 0.1] },
];

describe('schedules', () => {
  it.each(SCHEDULES)('$name', ({ schedule, rates }) => {
    rates.forEach((rate, step) => expect(schedule(step)).toBeCloseTo(rate, 8));
  });
});
