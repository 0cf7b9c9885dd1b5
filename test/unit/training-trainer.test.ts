import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  float,
  floatTensor,
  graphOf,
  int,
  ints,
  intTensor,
  node,
  valueInfo,
} from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel } from '../../src/model/onnx/graph';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { MemorySource } from '../../src/model/source';
import { TrainingSession } from '../../src/runtime/training-session';
import { readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint';
import { TrainingError } from '../../src/training/errors';
import { crossEntropy, distillation } from '../../src/training/losses';
import { adam, sgd } from '../../src/training/optimizers';
import { constant, cosine } from '../../src/training/schedules';
import type { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { batchOf, netOf, noise, smallNet, trainerIn, weights } from '../support/small-net';
import { valuesOfAll, worstError } from '../support/training';

const OPTIONS: TrainerOptions = {
  loss: [{ loss: crossEntropy() }],
  optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  schedule: constant(0.1),
  threads: 1,
};

const folder = mkdtempSync(path.join(tmpdir(), 'scour-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Logits of an exported model, by onnxruntime at inference. */
async function logitsOf(
  model: OnnxModel,
  images: Float32Array,
  size: number,
  original = model,
): Promise<Float32Array> {
  // What training left alone still lies in the file that the model came from.
  const reader = new TensorReader(new MemorySource('net.onnx', encodeModel(original)), null);
  const session = await TrainingSession.create(
    encodeModel(model, (tensor) => reader.bytes(tensor)),
    { device: 'cpu', threads: 1 },
  );
  const out = await session.run(new Map([['x', { dtype: 'float32', shape: [size, 3, 6, 6], data: images }]]));
  await session.release();
  return out.get('logits')!.data as Float32Array;
}

async function run(trainer: Trainer, steps: number, from = 0): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < from + steps; i++) losses.push((await trainer.step(batchOf(6, i % 3))).loss);
  return losses;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof TrainingError ? thrown.reason : String(thrown);
}

const failure = (work: Promise<unknown>): Promise<string> => work.then(() => 'nothing failed', reasonOf);

describe('a trainer', () => {
  it('learns', async () => {
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, optimizer: adam() });
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) losses.push((await trainer.step(batchOf(6), { rate: 0.05 })).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
    expect(trainer.stepsDone).toBe(60);
  });

  it('gives the same numbers every time', async () => {
    const [a, b] = [await trainerIn(smallNet(), OPTIONS), await trainerIn(smallNet(), OPTIONS)];
    expect(await run(a, 4)).toEqual(await run(b, 4));
    expect(await a.snapshot()).toEqual(await b.snapshot());
  });

  it('adds the gradients of parts of a batch to those of the whole', async () => {
    const options = { ...OPTIONS, batchNorm: 'frozen', clip: { maxNorm: 0.5 } } as const;
    const whole = await trainerIn(smallNet(), options);
    const parts = await trainerIn(smallNet(), { ...options, microBatch: 4 });
    for (let i = 0; i < 3; i++) {
      const [a, b] = [await whole.step(batchOf(10, i)), await parts.step(batchOf(10, i))];
      expect(b.loss).toBeCloseTo(a.loss, 6);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
      expect(worstError(b.logits, a.logits)).toBeLessThan(1e-5);
    }
    for (const name of whole.parameters.keys())
      expect(worstError(await parts.valuesOf(name), await whole.valuesOf(name)), name).toBeLessThan(1e-5);
  });

  it('moves running statistics part by part', async () => {
    const parts = await trainerIn(smallNet(), { ...OPTIONS, microBatch: 5 });
    const alone = await trainerIn(smallNet(), { ...OPTIONS, schedule: constant(0) });
    const batch = batchOf(10);
    await parts.step(batch, { rate: 0 });
    const half = (start: number) => ({
      images: batch.images.subarray(start * 108, (start + 5) * 108),
      size: 5,
      targets: { labels: Array.from(batch.targets['labels']!).slice(start, start + 5) },
    });
    await alone.step(half(0));
    await alone.step(half(5));
    expect(worstError(await parts.valuesOf('bn.mean'), await alone.valuesOf('bn.mean'))).toBeLessThan(1e-6);
    expect(worstError(await parts.valuesOf('bn.var'), await alone.valuesOf('bn.var'))).toBeLessThan(1e-6);
  });

  it('leaves frozen parameters and frozen statistics alone, and scales the rate of groups', async () => {
    const before = await trainerIn(smallNet(), OPTIONS);
    const trainer = await trainerIn(smallNet(), {
      ...OPTIONS,
      optimizer: sgd(),
      batchNorm: 'frozen',
      groups: [
        { match: (name) => name.startsWith('conv'), frozen: true },
        { match: (name) => name === 'fc.bias', rate: 3 },
      ],
    });
    const { parameters } = await trainer.gradients(batchOf(6), { input: false, parameters: true });
    await trainer.step(batchOf(6));
    for (const name of ['conv.weight', 'bn.mean', 'bn.var'])
      expect(await trainer.valuesOf(name)).toEqual(await before.valuesOf(name));
    for (const [name, factor] of [
      ['fc.bias', 3],
      ['fc.weight', 1],
    ] as const) {
      const moved = (await before.valuesOf(name)).map(
        (value, i) => value - 0.1 * factor * parameters.get(name)![i]!,
      );
      expect(worstError(await trainer.valuesOf(name), moved)).toBeLessThan(1e-6);
    }
    expect(parameters.has('conv.weight')).toBe(false);
  });

  it('holds masked elements at zero', async () => {
    const mask = Float32Array.of(1, 0, 1, 0, 1);
    const trainer = await trainerIn(smallNet(), {
      ...OPTIONS,
      masks: new Map([
        ['bn.weight', mask],
        ['bn.bias', mask],
      ]),
    });
    const zeros = async () => [...(await trainer.valuesOf('bn.weight'))].map((value) => Number(value !== 0));
    expect(await zeros()).toEqual([...mask]);
    await run(trainer, 3);
    expect(await zeros()).toEqual([...mask]);
    expect(
      await failure(
        trainerIn(smallNet(), { ...OPTIONS, masks: new Map([['bn.weight', Float32Array.of(1)]]) }),
      ),
    ).toBe('bad-input');
  });

  it('clips gradients by their norm and by value', async () => {
    const free = await trainerIn(smallNet(), { ...OPTIONS, optimizer: sgd() });
    const byNorm = await trainerIn(smallNet(), { ...OPTIONS, optimizer: sgd(), clip: { maxNorm: 0.01 } });
    const byValue = await trainerIn(smallNet(), { ...OPTIONS, optimizer: sgd(), clip: { maxValue: 0.001 } });
    const start = await free.snapshot();
    const results = [await free.step(batchOf(6)), await byNorm.step(batchOf(6))];
    expect(results[1]!.gradientNorm).toBeCloseTo(results[0]!.gradientNorm, 6);
    await byValue.step(batchOf(6));
    const moves = async (trainer: Trainer): Promise<number[]> =>
      [...(await valuesOfAll(trainer, trainer.parameters.keys()))].flatMap(([name, values]) => {
        const before = start.tensors.get(name)!.data;
        return Array.from(values, (value, i) => (value - before[i]!) / 0.1);
      });
    expect(Math.hypot(...(await moves(byNorm)))).toBeCloseTo(0.01, 4);
    expect(Math.hypot(...(await moves(free)))).toBeGreaterThan(0.1);
    expect(Math.max(...(await moves(byValue)).map(Math.abs))).toBeCloseTo(0.001, 5);
  });

  it('follows its schedule, unless a step says otherwise', async () => {
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, schedule: cosine(0.1, 4) });
    const rates = [];
    for (let i = 0; i < 3; i++) rates.push((await trainer.step(batchOf(6))).rate);
    rates.push((await trainer.step(batchOf(6), { rate: 0.5 })).rate);
    expect(rates.map((rate) => Number(rate.toFixed(4)))).toEqual([0.1, 0.0854, 0.05, 0.5]);
  });

  it('keeps the last good parameters when training diverges', async () => {
    const trainer = await trainerIn(smallNet(), OPTIONS);
    await run(trainer, 2);
    const before = await trainer.snapshot();
    const bad = batchOf(6);
    bad.images[5] = Number.NaN;
    expect(await failure(trainer.step(bad))).toBe('diverged');
    expect(await trainer.snapshot()).toEqual(before);
    expect((await run(trainer, 1)).every(Number.isFinite)).toBe(true);
  });

  it('gives the gradient of the input that central differences give', async () => {
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, batchNorm: 'frozen' });
    const batch = batchOf(3);
    const { input } = await trainer.gradients(batch, { input: true, parameters: false });
    const direction = noise(input!.length, 9);
    const at = async (step: number): Promise<number> => {
      const images = batch.images.map((value, i) => value + step * direction[i]!);
      return (await trainer.gradients({ ...batch, images }, { input: false, parameters: false })).loss;
    };
    const numeric = ((await at(0.01)) - (await at(-0.01))) / 0.02;
    expect(input!.reduce((total, value, i) => total + value * direction[i]!, 0)).toBeCloseTo(numeric, 3);
  });

  it('rehearses a step without a trace', async () => {
    const [rehearsed, plain] = [await trainerIn(smallNet(), OPTIONS), await trainerIn(smallNet(), OPTIONS)];
    await rehearsed.rehearse(6);
    expect(rehearsed.classes).toBe(4);
    expect(rehearsed.stepsDone).toBe(0);
    expect(await rehearsed.snapshot()).toEqual(await plain.snapshot());
    expect(await run(rehearsed, 3)).toEqual(await run(plain, 3));
  });

  it.skipIf(existsSync('/dev/nvidia0'))('says before it starts that a device is not there', async () => {
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, device: 'cuda' });
    expect(await failure(trainer.rehearse(6))).toBe('device-unavailable');
  });

  it('trains batches of several sizes', async () => {
    const trainer = await trainerIn(smallNet(), OPTIONS);
    for (const size of [6, 4, 6, 1])
      expect((await trainer.step(batchOf(size))).logits).toHaveLength(4 * size);
  });

  it('says what does not fit', async () => {
    const trainer = await trainerIn(smallNet(), OPTIONS);
    const batch = batchOf(6);
    expect(await failure(trainer.step({ ...batch, size: 5 }))).toBe('bad-input');
    expect(await failure(trainer.step({ ...batch, targets: {} }))).toBe('bad-input');
    expect(await failure(trainer.step({ ...batch, targets: { labels: [1] } }))).toBe('bad-input');
    expect(await failure(trainerIn(smallNet(), { ...OPTIONS, image: [4, 6, 6] }))).toBe('unsupported-model');
  });
});

describe('checkpoints', () => {
  const checkpoint = path.join(folder, 'run.safetensors');

  it('continue exactly where the run was', async () => {
    const options = { ...OPTIONS, optimizer: adam(), schedule: cosine(0.01, 8) };
    const uninterrupted = await trainerIn(smallNet(), options);
    const losses = await run(uninterrupted, 6);
    const first = await trainerIn(smallNet(), options);
    await run(first, 3);
    const progress = { epoch: '2', random: 'été 🦀' };
    await writeCheckpoint(checkpoint, { snapshot: await first.snapshot(), run: 'abc', progress });
    const second = await trainerIn(smallNet(), options);
    const read = readCheckpoint(checkpoint, 'abc');
    expect(read.progress).toEqual(progress);
    second.restore(read.snapshot);
    expect(second.stepsDone).toBe(3);
    expect(await run(second, 3, 3)).toEqual(losses.slice(3));
    expect(await second.snapshot()).toEqual(await uninterrupted.snapshot());
    expect(readdirSync(folder)).toEqual(['run.safetensors']);
  });

  it('are refused when they are of another run, model or optimizer, or damaged', async () => {
    const sync = (work: () => unknown): string => {
      try {
        work();
        return 'nothing failed';
      } catch (thrown) {
        return reasonOf(thrown);
      }
    };
    expect(sync(() => readCheckpoint(checkpoint, 'other'))).toBe('bad-checkpoint');
    const { snapshot } = readCheckpoint(checkpoint, 'abc');
    const other = await trainerIn(smallNet(), OPTIONS);
    expect(sync(() => other.restore(snapshot))).toBe('bad-checkpoint');
    const wider = await trainerIn(smallNet(), { ...OPTIONS, optimizer: adam() });
    const tensors = new Map([...snapshot.tensors].filter(([name]) => name !== 'fc.bias'));
    expect(sync(() => wider.restore({ ...snapshot, tensors }))).toBe('bad-checkpoint');
    const bytes = readFileSync(checkpoint);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(checkpoint, bytes);
    expect(sync(() => readCheckpoint(checkpoint, 'abc'))).toBe('bad-checkpoint');
    truncateSync(checkpoint, 200);
    expect(sync(() => readCheckpoint(checkpoint, 'abc'))).toBe('bad-checkpoint');
  });
});

describe('an exported model', () => {
  it('computes with the trained weights and statistics, and is otherwise the model that came in', async () => {
    const trainer = await trainerIn(smallNet(), OPTIONS);
    await run(trainer, 3);
    const exported = await trainer.exportModel();
    const frozen = await trainerIn(exported, { ...OPTIONS, batchNorm: 'frozen' });
    const batch = batchOf(5);
    const { logits } = await frozen.gradients(batch, { input: false, parameters: false });
    expect(worstError(await logitsOf(exported, batch.images, 5), logits)).toBeLessThan(1e-5);
    expect(exported.graph.nodes.map(({ opType }) => opType)).toEqual(
      smallNet().graph.nodes.map(({ opType }) => opType),
    );
    expect(exported.graph.initializers.get('conv.weight')!.data).not.toEqual(
      smallNet().graph.initializers.get('conv.weight')!.data,
    );
  });

  it('unties what Identity and Constant share: each batch norm has statistics of its own', async () => {
    const twice = netOf(
      [
        node('Constant', [], ['bias'], { value: { type: 'tensor', value: weights('', [3], 3, 0.2) } }),
        node('Identity', ['bn.weight'], ['bn2.weight']),
        node('BatchNormalization', ['x', 'bn.weight', 'bias', 'mean', 'var'], ['a']),
        node('BatchNormalization', ['a', 'bn2.weight', 'bias2', 'mean', 'var'], ['b']),
        node('ReduceMean', ['b'], ['p'], { axes: ints([2, 3]), keepdims: int(0) }),
        node('MatMul', ['p', 'w'], ['logits']),
      ],
      [
        weights('bn.weight', [3], 2, 0.2, 1),
        weights('bias2', [3], 5),
        weights('mean', [3], 4),
        weights('var', [3], 1, 0.2, 1),
        weights('w', [3, 4], 6),
      ],
    );
    const trainer = await trainerIn(twice, OPTIONS);
    expect([...trainer.parameters.keys()].sort()).toEqual(['bias', 'bias2', 'bn.weight', 'bn2.weight', 'w']);
    await run(trainer, 2);
    expect(await trainer.valuesOf('bn.weight')).not.toEqual(await trainer.valuesOf('bn2.weight'));
    expect(await trainer.valuesOf('mean')).not.toEqual(await trainer.valuesOf('mean#2'));
    const exported = await trainer.exportModel();
    const frozen = await trainerIn(exported, { ...OPTIONS, batchNorm: 'frozen' });
    const batch = batchOf(5);
    const { logits } = await frozen.gradients(batch, { input: false, parameters: false });
    expect(worstError(await logitsOf(exported, batch.images, 5), logits)).toBeLessThan(1e-5);
    expect(await frozen.valuesOf('mean#2')).toEqual(await trainer.valuesOf('mean#2'));
  });
});

describe('models as they come', () => {
  it.each([7, 9, 11, 13, 17, 18, 21, 23])('in operator set %i', async (opset) => {
    const trainer = await trainerIn(smallNet(opset), OPTIONS);
    const newest = await trainerIn(smallNet(17), OPTIONS);
    expect(await run(trainer, 2)).toEqual(await run(newest, 2));
  });

  it('in operator set 7, with attributes that became inputs', async () => {
    const images = node('Pad', ['x'], ['padded'], {
      pads: ints([0, 0, 1, 1, 0, 0, 1, 1]),
      value: float(0.5),
    });
    const old = netOf(
      [
        images,
        node('Slice', ['padded'], ['cut'], {
          starts: ints([1, 0]),
          ends: ints([7, 1000]),
          axes: ints([2, 3]),
        }),
        node('Upsample', ['cut'], ['large'], {
          mode: { type: 'string', value: 'nearest' },
          scales: { type: 'floats', value: [1, 1, 2, 2] },
        }),
        node('Conv', ['large', 'conv.weight', 'conv.bias'], ['c']),
        node('Clip', ['c'], ['r'], { min: float(0), max: float(6) }),
        node('ReduceMean', ['r'], ['p'], { axes: ints([2, 3]), keepdims: int(1) }),
        node('Squeeze', ['p'], ['s'], { axes: ints([2, 3]) }),
        node('Split', ['s'], ['left', 'right'], { axis: int(1) }),
        node('Concat', ['right', 'left'], ['joined'], { axis: int(1) }),
        node('Dropout', ['joined'], ['d'], { ratio: float(0.5) }),
        node('Softmax', ['d'], ['q'], { axis: int(1) }),
        node('Gemm', ['q', 'fc.weight', 'fc.bias'], ['logits']),
      ],
      [
        weights('conv.weight', [6, 3, 3, 3], 1),
        weights('conv.bias', [6], 2),
        weights('fc.weight', [6, 4], 3),
        weights('fc.bias', [4], 4),
      ],
      7,
    );
    const trainer = await trainerIn(old, { ...OPTIONS, optimizer: sgd() });
    const batch = batchOf(4);
    const { logits } = await trainer.gradients(batch, { input: false, parameters: false });
    expect(worstError(await logitsOf(old, batch.images, 4), logits)).toBeLessThan(1e-5);
    const losses = await run(trainer, 31);
    expect(losses[30]).toBeLessThan(losses[0]!);
  });

  it('with the shape arithmetic of exporters, at any batch size', async () => {
    const dynamic = netOf(
      [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'zero'], ['n'], { axis: int(0) }),
        node('Unsqueeze', ['n', 'axis'], ['n1']),
        node('Concat', ['n1', 'rest'], ['target'], { axis: int(0) }),
        node('Reshape', ['x', 'target'], ['flat']),
        node('MatMul', ['flat', 'w'], ['h']),
        node('Add', ['h', 'b'], ['logits']),
      ],
      [
        intTensor('zero', [], [0]),
        intTensor('axis', [1], [0]),
        intTensor('rest', [1], [-1]),
        weights('w', [108, 4], 1, 0.1),
        weights('b', [4], 2),
      ],
    );
    const trainer = await trainerIn(dynamic, OPTIONS);
    expect([...trainer.parameters.keys()]).toEqual(['w', 'b']);
    for (const size of [1, 7]) await trainer.step(batchOf(size));
  });

  it('keeps the mean and deviation of the images out of training', async () => {
    const { graph } = smallNet();
    const model = netOf(
      [
        node('Sub', ['x', 'mean'], ['shifted']),
        node('Div', ['shifted', 'deviation'], ['scaled']),
        ...graph.nodes.map((each) => ({
          ...each,
          inputs: each.inputs.map((name) => (name === 'x' ? 'scaled' : name)),
        })),
      ],
      [
        ...graph.initializers.values(),
        weights('mean', [1, 3, 1, 1], 8),
        weights('deviation', [1, 3, 1, 1], 9, 0.1, 1),
      ],
    );
    const names = [...(await trainerIn(model, OPTIONS)).parameters.keys()];
    expect(names).not.toContain('mean');
    expect(names).not.toContain('deviation');
    expect(names).toContain('conv.weight');
  });

  it.each([9, 17])(
    'with an If on a shape, in operator set %i: the branch it takes is trained',
    async (opset) => {
      const branch = (name: string, factor: number) => ({
        type: 'graph' as const,
        value: graphOf({
          name,
          nodes: [
            node('Constant', [], ['factor'], {
              value: { type: 'tensor', value: floatTensor('', [], [factor]) },
            }),
            node('Mul', ['h', 'factor'], ['scaled'], {}, ''),
          ],
          inputs: [],
          outputs: [valueInfo('scaled', 'float32', null)],
        }),
      });
      const model = netOf(
        [
          node('Flatten', ['x'], ['f']),
          node('MatMul', ['f', 'w'], ['h']),
          node('Shape', ['h'], ['shape']),
          node('Gather', ['shape', 'one'], ['classes'], { axis: int(0) }),
          node('Equal', ['classes', 'four'], ['condition']),
          node('If', ['condition'], ['logits'], {
            then_branch: branch('then', 2),
            else_branch: branch('else', 3),
          }),
        ],
        [weights('w', [108, 4], 1, 0.1), intTensor('one', [], [1]), intTensor('four', [], [4])],
        opset,
      );
      const trainer = await trainerIn(model, OPTIONS);
      const batch = batchOf(4);
      const { logits } = await trainer.gradients(batch, { input: false, parameters: false });
      expect(worstError(logits, await logitsOf(model, batch.images, 4))).toBeLessThan(1e-5);
      await run(trainer, 2);
      const exported = await trainer.exportModel();
      expect(exported.graph.nodes.some(({ opType }) => opType === 'If')).toBe(false);
      expect(await logitsOf(exported, batch.images, 4, model)).not.toEqual(logits);
    },
  );

  it('reports an operator without a rule by name, only where a gradient must pass it', async () => {
    const build = (after: boolean) => {
      return after
        ? netOf(
            [
              node('Flatten', ['x'], ['f']),
              node('MatMul', ['f', 'w'], ['h']),
              { ...node('CumSum', ['h', 'axis'], ['logits']), name: 'running total' },
            ],
            [weights('w', [108, 4], 1, 0.1), intTensor('axis', [], [1])],
          )
        : netOf(
            [
              node('Flatten', ['x'], ['f']),
              { ...node('CumSum', ['f', 'axis'], ['h']), name: 'running total' },
              node('MatMul', ['h', 'w'], ['logits']),
            ],
            [weights('w', [108, 4], 1, 0.1), intTensor('axis', [], [1])],
          );
    };
    const blocked = await trainerIn(build(true), OPTIONS);
    const thrown = await blocked.step(batchOf(2)).catch((error: unknown) => error);
    expect(reasonOf(thrown)).toBe('no-gradient');
    expect((thrown as Error).message).toMatch(/CumSum 'running total'.*(Freeze|export)/);
    const open = await trainerIn(build(false), OPTIONS);
    await open.step(batchOf(2), { rate: 0.001 });
    expect(await failure(open.gradients(batchOf(2), { input: true, parameters: false }))).toBe('no-gradient');
  });

  it('exported with a fixed batch', async () => {
    const fixed = await trainerIn(smallNet(17, 1), OPTIONS);
    const free = await trainerIn(smallNet(17), OPTIONS);
    expect(await run(fixed, 2)).toEqual(await run(free, 2));
  });

  it.each([1, 2])('exported with a batch of %i written into a Reshape', async (declared) => {
    const fixed = (target: number[]) =>
      netOf(
        [
          node('Conv', ['x', 'conv.weight'], ['c']),
          node('Reshape', ['c', 'target'], ['f']),
          node('MatMul', ['f', 'w'], ['logits']),
        ],
        [weights('conv.weight', [2, 3, 5, 5], 1), intTensor('target', [2], target), weights('w', [8, 4], 2)],
        17,
        [declared, 3, 6, 6],
      );
    const written = await trainerIn(fixed([declared, -1]), OPTIONS);
    const open = await trainerIn(fixed([-1, 8]), OPTIONS);
    expect(await run(written, 2)).toEqual(await run(open, 2));
    const reread = await written.exportModel();
    expect(reread.graph.nodes[1]!.inputs).toEqual(['c', 'target']);
  });

  it('in half precision: trained in single, stored in half', async () => {
    const { graph } = smallNet();
    const half = (await import('../../src/model/encode-values')).encodeValues;
    const initializers = [...graph.initializers.values()].map((tensor) => {
      const bytes = tensor.data.kind === 'memory' ? Uint8Array.from(tensor.data.bytes) : new Uint8Array();
      return {
        ...tensor,
        dtype: 'float16' as const,
        data: { kind: 'memory' as const, bytes: half('float16', new Float32Array(bytes.buffer)) },
      };
    });
    const trainer = await trainerIn(netOf(graph.nodes, initializers), OPTIONS);
    await run(trainer, 1);
    const exported = (await trainer.exportModel()).graph.initializers.get('conv.weight')!;
    expect(exported.dtype).toBe('float16');
  });

  it('says why it cannot be trained', async () => {
    expect(await failure(trainerIn(smallNet(6), OPTIONS))).toBe('unsupported-model');
    const empty = await trainerIn(netOf([node('Relu', ['x'], ['logits'])], []), OPTIONS);
    expect(await failure(empty.step(batchOf(2, 0, 108)))).toBe('unsupported-model');
  });

  it.each([9, 17])(
    'ending in a softmax (operator set %i): the loss takes what goes into it',
    async (opset) => {
      const { graph } = smallNet();
      const rename = (each: string) => (each === 'logits' ? 'scores' : each);
      const nodes = [
        ...graph.nodes.map((each) => ({ ...each, name: '', outputs: each.outputs.map(rename) })),
        node('Softmax', ['scores'], ['logits'], { axis: int(1) }),
      ];
      const ending = await trainerIn(netOf(nodes, [...graph.initializers.values()], opset), OPTIONS);
      const plain = await trainerIn(smallNet(), OPTIONS);
      expect(await run(ending, 2)).toEqual(await run(plain, 2));
    },
  );

  it('takes distillation targets and no labels', async () => {
    const trainer = await trainerIn(smallNet(), {
      ...OPTIONS,
      loss: [{ loss: distillation({ temperature: 3 }) }],
    });
    expect(Number.isFinite((await trainer.step(batchOf(4))).loss)).toBe(true);
  });
});
