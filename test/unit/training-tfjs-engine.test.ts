import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { float, floatTensor, int, intTensor, ints, node } from '../../src/model/onnx/build';
import type { OnnxModel } from '../../src/model/onnx/graph';
import { TrainingError } from '../../src/training/errors';
import {
  crossEntropy,
  distillation,
  probabilityMse,
  symmetricCrossEntropy,
  type LossTerm,
} from '../../src/training/losses';
import { adam, adamw, sgd, type Optimizer } from '../../src/training/optimizers';
import { constant, cosine } from '../../src/training/schedules';
import { TfjsEngine } from '../../src/training/tfjs/engine';
import type { Tensor, Tfjs } from '../../src/training/tfjs/tfjs';
import type { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { batchOf, netOf, smallNet, trainerIn, weights } from '../support/small-net';
import { loadTfjsCpu } from '../support/tfjs';
import { worstError } from '../support/training';

const batchNorm = (input: string, output: string, name: string) =>
  node(
    'BatchNormalization',
    [input, `${name}.weight`, `${name}.bias`, `${name}.mean`, `${name}.var`],
    [output],
    { momentum: float(0.9), epsilon: float(1e-4) },
  );
const batchNormOf = (name: string, channels: number, seed: number) => [
  weights(`${name}.weight`, [channels], seed, 0.2, 1),
  weights(`${name}.bias`, [channels], seed + 1, 0.2),
  weights(`${name}.mean`, [channels], seed + 2, 0.2),
  weights(`${name}.var`, [channels], seed + 3, 0.2, 1),
];
const classifier = (from: string, channels: number) => ({
  nodes: [
    node('GlobalAveragePool', [from], ['pooled']),
    node('Flatten', ['pooled'], ['flat'], { axis: int(1) }),
    node('Gemm', ['flat', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }),
  ],
  tensors: [weights('fc.weight', [4, channels], 90), weights('fc.bias', [4], 91)],
});

/** A stem with an overlapping, padded pool, and a residual block with a strided shortcut. */
function residualNet(): OnnxModel {
  const head = classifier('sum.relu', 6);
  const pads = ints([1, 1, 1, 1]);
  return netOf(
    [
      node('Conv', ['x', 'stem.weight'], ['stem'], { pads }),
      batchNorm('stem', 'stem.bn', 'bn1'),
      node('Relu', ['stem.bn'], ['stem.relu']),
      node('MaxPool', ['stem.relu'], ['pool'], { kernel_shape: ints([3, 3]), strides: ints([1, 1]), pads }),
      node('Conv', ['pool', 'conv1.weight'], ['c1'], { pads, strides: ints([2, 2]) }),
      batchNorm('c1', 'c1.bn', 'bn2'),
      node('Relu', ['c1.bn'], ['c1.relu']),
      node('Conv', ['c1.relu', 'conv2.weight', 'conv2.bias'], ['c2'], { pads }),
      node('Conv', ['pool', 'short.weight'], ['short'], { strides: ints([2, 2]) }),
      batchNorm('short', 'short.bn', 'bn3'),
      node('Add', ['c2', 'short.bn'], ['sum']),
      node('Relu', ['sum'], ['sum.relu']),
      ...head.nodes,
    ],
    [
      weights('stem.weight', [5, 3, 3, 3], 1),
      ...batchNormOf('bn1', 5, 2),
      weights('conv1.weight', [6, 5, 3, 3], 10),
      ...batchNormOf('bn2', 6, 11),
      weights('conv2.weight', [6, 6, 3, 3], 20, 0.3),
      weights('conv2.bias', [6], 21),
      weights('short.weight', [6, 5, 1, 1], 22),
      ...batchNormOf('bn3', 6, 23),
      ...head.tensors,
    ],
  );
}

/** Inverted residuals: expand, depthwise convolution, squeeze and excite, project; ReLU6, hard swish, a grouped convolution. */
function mobileNet(): OnnxModel {
  const head = classifier('out', 6);
  const pads = ints([1, 1, 1, 1]);
  return netOf(
    [
      node('Conv', ['x', 'expand.weight'], ['e'], {}),
      batchNorm('e', 'e.bn', 'bn1'),
      node('Clip', ['e.bn', 'zero', 'six'], ['e.act']),
      node('Conv', ['e.act', 'depthwise.weight'], ['d'], { pads, group: int(8), strides: ints([2, 2]) }),
      batchNorm('d', 'd.bn', 'bn2'),
      node('HardSwish', ['d.bn'], ['d.act']),
      node('GlobalAveragePool', ['d.act'], ['squeezed']),
      node('Conv', ['squeezed', 'excite.weight', 'excite.bias'], ['gate'], {}),
      node('Sigmoid', ['gate'], ['gate.act']),
      node('Mul', ['d.act', 'gate.act'], ['scaled']),
      node('Conv', ['scaled', 'project.weight'], ['p'], { group: int(2) }),
      node('Concat', ['p', 'd.part'], ['joined'], { axis: int(1) }),
      node('Slice', ['scaled', 'from', 'to', 'axis'], ['d.part']),
      batchNorm('joined', 'out', 'bn3'),
      ...head.nodes,
    ],
    [
      floatTensor('zero', [], [0]),
      floatTensor('six', [], [1.5]),
      weights('expand.weight', [8, 3, 1, 1], 1),
      ...batchNormOf('bn1', 8, 2),
      weights('depthwise.weight', [8, 1, 3, 3], 10),
      ...batchNormOf('bn2', 8, 11),
      weights('excite.weight', [8, 8, 1, 1], 20),
      weights('excite.bias', [8], 21),
      weights('project.weight', [4, 4, 1, 1], 22),
      ...batchNormOf('bn3', 6, 23),
      intTensor('from', [1], [0]),
      intTensor('to', [1], [2]),
      intTensor('axis', [1], [1]),
      ...head.tensors,
    ],
  );
}

const NETS: Readonly<Record<string, () => OnnxModel>> = {
  'conv net': smallNet,
  'residual net': residualNet,
  'mobile net': mobileNet,
};

const LOSSES: Readonly<Record<string, readonly LossTerm[]>> = {
  distillation: [{ loss: distillation({ temperature: 2 }) }],
  'smoothed cross entropy and symmetric cross entropy': [
    { loss: crossEntropy({ smoothing: 0.1 }), weight: 0.5 },
    { loss: symmetricCrossEntropy() },
  ],
  'mean square of probabilities': [{ loss: probabilityMse({ targets: 'teacher' }), weight: 3 }],
};

const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  'SGD with Nesterov momentum': sgd({ momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
  Adam: adam({ weightDecay: 1e-3 }),
  AdamW: adamw(),
};

const OPTIONS: TrainerOptions = {
  loss: LOSSES['distillation']!,
  optimizer: OPTIMIZERS['SGD with Nesterov momentum']!,
  schedule: cosine(0.05, 10),
  threads: 1,
};

let tf: Tfjs;
let engine: TfjsEngine;
beforeAll(async () => {
  tf = await loadTfjsCpu();
});
beforeEach(() => {
  engine = new TfjsEngine(tf);
});

/** The same training with onnxruntime and with TensorFlow.js. */
async function both(model: OnnxModel, options: TrainerOptions): Promise<[Trainer, Trainer]> {
  return [await trainerIn(model, options), await trainerIn(model, { ...options, engine })];
}

describe('gradients by our rules are those of TensorFlow.js', () => {
  for (const [net, model] of Object.entries(NETS))
    for (const mode of ['train', 'frozen'] as const)
      for (const [what, loss] of Object.entries(LOSSES))
        it(`${net}, batch norm ${mode}, ${what}`, async () => {
          const [ours, theirs] = await both(model(), { ...OPTIONS, loss, batchNorm: mode });
          const of = { input: true, parameters: true };
          const [a, b] = [await ours.gradients(batchOf(5), of), await theirs.gradients(batchOf(5), of)];
          expect(worstError([a.loss], [b.loss])).toBeLessThan(1e-5);
          expect(worstError(a.logits, b.logits)).toBeLessThan(1e-5);
          expect(worstError(a.input!, b.input!)).toBeLessThan(1e-4);
          expect([...a.parameters.keys()]).toEqual([...b.parameters.keys()]);
          for (const [name, gradient] of b.parameters)
            expect(worstError(a.parameters.get(name)!, gradient), name).toBeLessThan(1e-4);
          expect([...a.statistics.keys()].sort()).toEqual([...b.statistics.keys()].sort());
          expect(b.statistics.size > 0).toBe(mode === 'train');
          for (const [name, statistic] of b.statistics)
            expect(worstError(a.statistics.get(name)!, statistic), name).toBeLessThan(1e-5);
          await ours.release();
          await theirs.release();
        });
});

describe('training with TensorFlow.js', () => {
  // Adam divides a gradient by its own size: where one is all rounding error, so is its step.
  for (const [name, optimizer] of Object.entries(OPTIMIZERS))
    it(`stays with onnxruntime step by step: ${name}`, async () => {
      const mask = Float32Array.of(1, 0, 1, 1, 1);
      const options = {
        ...OPTIONS,
        optimizer,
        clip: { maxNorm: 0.2 },
        masks: new Map([['bn1.weight', mask]]),
      };
      const [ours, theirs] = await both(residualNet(), options);
      for (let i = 0; i < 6; i++) {
        const scalars = { temperature: 1 + i / 2 };
        const a = await ours.step(batchOf(6, i), { scalars });
        const b = await theirs.step(batchOf(6, i), { scalars });
        expect(worstError([a.loss], [b.loss]), `loss ${i}`).toBeLessThan(1e-4);
        expect(worstError([a.gradientNorm], [b.gradientNorm]), `norm ${i}`).toBeLessThan(1e-3);
        expect(b.rate).toBe(a.rate);
      }
      for (const parameter of [...ours.parameters.keys(), 'bn1.mean', 'bn3.var'])
        expect(
          worstError(await theirs.valuesOf(parameter), await ours.valuesOf(parameter)),
          parameter,
        ).toBeLessThan(optimizer.name === 'sgd' ? 1e-4 : 1e-2);
      expect((await theirs.valuesOf('bn1.weight'))[1]).toBeCloseTo(0, 12);
      await ours.release();
      await theirs.release();
    });

  it('learns', async () => {
    const trainer = await trainerIn(smallNet(), {
      ...OPTIONS,
      loss: [{ loss: crossEntropy() }],
      optimizer: adam(),
      schedule: constant(0.05),
      engine,
    });
    const losses: number[] = [];
    for (let i = 0; i < 40; i++) losses.push((await trainer.step(batchOf(6))).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 3);
  });

  it('adds up the gradients of parts of a batch', async () => {
    const options = { ...OPTIONS, batchNorm: 'frozen' } as const;
    const whole = await trainerIn(mobileNet(), { ...options, engine });
    const parts = await trainerIn(mobileNet(), { ...options, microBatch: 3, engine });
    for (let i = 0; i < 2; i++) {
      const [a, b] = [await whole.step(batchOf(7, i)), await parts.step(batchOf(7, i))];
      expect(worstError([b.loss, b.gradientNorm], [a.loss, a.gradientNorm])).toBeLessThan(1e-5);
      expect(worstError(b.logits, a.logits)).toBeLessThan(1e-5);
    }
    for (const name of whole.parameters.keys())
      expect(worstError(await parts.valuesOf(name), await whole.valuesOf(name)), name).toBeLessThan(1e-5);
  });

  it('goes on from a snapshot that onnxruntime made, and frozen parameters stay', async () => {
    const groups = [{ match: (name: string) => name.startsWith('stem'), frozen: true }];
    const [ours, theirs] = await both(residualNet(), { ...OPTIONS, groups });
    await ours.step(batchOf(6));
    theirs.restore(await ours.snapshot());
    const [a, b] = [await ours.step(batchOf(6, 1)), await theirs.step(batchOf(6, 1))];
    expect(worstError([b.loss], [a.loss])).toBeLessThan(1e-5);
    expect(theirs.stepsDone).toBe(2);
    expect(await theirs.valuesOf('stem.weight')).toEqual(await ours.valuesOf('stem.weight'));
    expect((await theirs.exportModel()).graph.nodes).toEqual((await ours.exportModel()).graph.nodes);
  });

  it('leaves no tensors behind, in steps that succeed or fail', async () => {
    const start = tf.memory().numTensors;
    const broken = { ...tf, relu: (): Tensor => failWith('kernel exploded') };
    const failing = await trainerIn(smallNet(), { ...OPTIONS, engine: new TfjsEngine(broken as Tfjs) });
    await failing.step(batchOf(4)).catch(() => null);
    const compiled = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) await failing.step(batchOf(4)).catch(() => null);
    expect(tf.memory().numTensors).toBe(compiled);
    await failing.release();
    expect(tf.memory().numTensors).toBe(start);

    const trainer = await trainerIn(mobileNet(), { ...OPTIONS, engine });
    await trainer.step(batchOf(4));
    const steady = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) await trainer.step(batchOf(4));
    expect(tf.memory().numTensors).toBe(steady);
    await trainer.release();
    expect(tf.memory().numTensors).toBe(start);
    // A trainer that was released compiles again.
    await trainer.step(batchOf(4));
    await trainer.release();
  });
});

describe('what TensorFlow.js cannot do is said', () => {
  const reasonOf = (work: Promise<unknown>): Promise<[string, string]> =>
    work.then(
      () => ['nothing failed', ''],
      (thrown: unknown) =>
        thrown instanceof TrainingError
          ? [thrown.reason, thrown.message]
          : ['not a TrainingError', String(thrown)],
    );
  const stepWith = async (changed: Partial<Tfjs>, model = smallNet()): Promise<[string, string]> => {
    const trainer = await trainerIn(model, { ...OPTIONS, engine: new TfjsEngine({ ...tf, ...changed }) });
    const reason = await reasonOf(trainer.step(batchOf(4)));
    expect(trainer.stepsDone).toBe(0);
    await trainer.release();
    return reason;
  };

  it('an operator without a mapping, by its name', async () => {
    const head = classifier('large', 3);
    const model = netOf(
      [node('Resize', ['x', '', 'scales'], ['large'], {}, 'enlarge'), ...head.nodes],
      [floatTensor('scales', [4], [1, 1, 2, 2]), ...head.tensors],
    );
    const [reason, message] = await stepWith({}, model);
    expect(reason).toBe('unsupported-model');
    expect(message).toMatch(/Resize 'enlarge'.*onnxruntime/);
  });

  it('an operator that the package cannot differentiate', async () => {
    const [reason, message] = await stepWith({ relu: ((x: Tensor) => tf.cumprod(x)) as Tfjs['relu'] });
    expect(reason).toBe('no-gradient');
    expect(message).toMatch(/Cumprod.*onnxruntime/);
  });

  it('memory that does not suffice, with a smaller part to try', async () => {
    const [reason, message] = await stepWith({
      relu: () => failWith('OOM when allocating tensor with shape[4,5,6,6]'),
    });
    expect(reason).toBe('out-of-memory');
    expect(message).toMatch(/parts of them, of 2 samples/);
  });

  it('anything else that fails', async () => {
    const [reason, message] = await stepWith({ relu: () => failWith('kernel exploded') });
    expect([reason, message]).toEqual(['run-failed', expect.stringContaining('kernel exploded')]);
  });

  it('a loss that is not a number: the parameters stay', async () => {
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, engine });
    const before = await trainer.valuesOf('fc.weight');
    const batch = batchOf(4);
    const [reason] = await reasonOf(trainer.step({ ...batch, images: batch.images.map(() => NaN) }));
    expect(reason).toBe('diverged');
    expect(await trainer.valuesOf('fc.weight')).toEqual(before);
    await trainer.release();
  });
});

function failWith(message: string): never {
  throw new Error(message);
}
