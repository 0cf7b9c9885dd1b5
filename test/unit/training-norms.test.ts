import { describe, expect, it } from 'vitest';
import { int, ints, node } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel } from '../../src/model/onnx/graph';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { MemorySource } from '../../src/model/source';
import { TrainingSession } from '../../src/runtime/training-session';
import { prepare } from '../../src/training/forward/prepare';
import { probe } from '../../src/training/forward/probe';
import { crossEntropy } from '../../src/training/losses';
import { channelStatistics, type ImageBatch } from '../../src/training/norms/channel-statistics';
import { bareConvolutions } from '../../src/training/norms/without-norm';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { batchOf, netOf, noise, smallNet, trainerIn, weights } from '../support/small-net';
import { valuesOfAll, worstError } from '../support/training';

const IMAGES = batchOf(12, 3);
const OPTIONS: TrainerOptions = {
  loss: [{ loss: crossEntropy() }],
  optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  schedule: constant(0.05),
  threads: 1,
};
const RESTORED: TrainerOptions = { ...OPTIONS, restoreNorms: () => inBatches(IMAGES, [5, 4, 3]) };

async function* inBatches({ images }: ImageBatch, sizes: readonly number[]): AsyncGenerator<ImageBatch> {
  let at = 0;
  for (const size of sizes) {
    yield await Promise.resolve({ images: images.slice(at * 108, (at + size) * 108), size });
    at += size;
  }
}

/** Two convolutions with a bias (the second in groups, strided), squeeze-and-excitation, linear: all norms folded. */
function foldedNet(): OnnxModel {
  return netOf(
    [
      node('Conv', ['x', 'a.weight', 'a.bias'], ['a'], { pads: ints([1, 1, 1, 1]) }),
      node('Relu', ['a'], ['ra']),
      node('Conv', ['ra', 'b.weight', 'b.bias'], ['b'], { group: int(2), strides: ints([2, 2]) }),
      node('GlobalAveragePool', ['b'], ['squeezed']),
      node('Conv', ['squeezed', 'se.weight', 'se.bias'], ['se']),
      node('Sigmoid', ['se'], ['gate']),
      node('Mul', ['b', 'gate'], ['gated']),
      node('Relu', ['gated'], ['rb']),
      node('GlobalAveragePool', ['rb'], ['p']),
      node('Flatten', ['p'], ['f'], { axis: int(1) }),
      node('Gemm', ['f', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }),
    ],
    [
      weights('a.weight', [4, 3, 3, 3], 1, 3),
      weights('a.bias', [4], 2, 0.7),
      weights('b.weight', [6, 2, 3, 3], 3, 0.02),
      weights('b.bias', [6], 4, 0.3, 0.1),
      weights('se.weight', [6, 6, 1, 1], 5),
      weights('se.bias', [6], 6),
      weights('fc.weight', [4, 6], 7),
      weights('fc.bias', [4], 8),
    ],
  );
}

const preparedOf = (model: OnnxModel) => {
  const source = new MemorySource('net.onnx', encodeModel(model));
  return prepare(parseModel(source), new TensorReader(source, null));
};
const bareIn = (model: OnnxModel): (string | undefined)[] =>
  bareConvolutions(preparedOf(model)).map(({ node: { outputs } }) => outputs[0]);

/** Values of a graph by onnxruntime, at inference. `original` is where untrained tensors of an exported model lie. */
async function run(model: OnnxModel, { images, size }: ImageBatch, original = model): Promise<Float32Array> {
  const reader = new TensorReader(new MemorySource('net.onnx', encodeModel(original)), null);
  const bytes = encodeModel(model, (tensor) => reader.bytes(tensor));
  const session = await TrainingSession.create(bytes, { device: 'cpu', threads: 1 });
  const out = await session.run(new Map([['x', { dtype: 'float32', shape: [size, 3, 6, 6], data: images }]]));
  await session.release();
  return out.get('logits')!.data as Float32Array;
}

describe('restored batch norms', () => {
  it('go behind convolutions with a bias of their own that nothing normalises', () => {
    expect(bareIn(foldedNet())).toEqual(['a', 'b']);
    expect(bareIn(smallNet())).toEqual([]);
    const net = (...nodes: ReturnType<typeof node>[]) =>
      netOf(nodes, [weights('w', [3, 3, 1, 1], 1), weights('b', [3], 2), weights('s', [3], 3, 0.1, 1)]);
    const end = node('GlobalAveragePool', ['end'], ['logits']);
    const conv = (from: string, to: string, ...stored: string[]) => node('Conv', [from, ...stored], [to]);
    const before = conv('x', 'c', 'w', 'b');
    expect(bareIn(net(before, node('Relu', ['c'], ['end']), end))).toEqual(['c']);
    // Shared weights, no bias, a norm behind a change of layout, the logits themselves.
    expect(bareIn(net(before, conv('c', 'end', 'w', 'b'), end))).toEqual([]);
    expect(bareIn(net(conv('x', 'end', 'w'), end))).toEqual([]);
    const transposed = node('Transpose', ['c'], ['t'], { perm: ints([0, 2, 3, 1]) });
    expect(bareIn(net(before, transposed, node('LayerNormalization', ['t', 's'], ['end']), end))).toEqual([]);
    expect(bareIn(net(conv('x', 'logits', 'w', 'b')))).toEqual([]);
  });

  it('start from mean and variance of each channel, however the images are divided', async () => {
    const model = preparedOf(foldedNet());
    const shapes = await probe(model, [3, 6, 6]);
    const images = { ...IMAGES, images: noise(IMAGES.images.length, 5).map((value) => value + 30) };
    const got = await channelStatistics(model, shapes, ['a'], inBatches(images, [5, 4, 3]), 1);
    const alone = netOf(
      [node('Conv', ['x', 'a.weight', 'a.bias'], ['logits'], { pads: ints([1, 1, 1, 1]) })],
      [weights('a.weight', [4, 3, 3, 3], 1, 3), weights('a.bias', [4], 2, 0.7)],
    );
    const values = await run(alone, images);
    for (let k = 0; k < 4; k++) {
      const own = values.filter((_, i) => Math.floor(i / 36) % 4 === k);
      const mean = own.reduce((sum, each) => sum + each, 0) / own.length;
      const variance = own.reduce((sum, each) => sum + (each - mean) ** 2, 0) / own.length;
      expect(Math.abs(got.get('a')!.mean[k]! / mean - 1)).toBeLessThan(1e-6);
      expect(Math.abs(got.get('a')!.variance[k]! / variance - 1)).toBeLessThan(1e-5);
    }
  });

  it('change nothing of the function, by running statistics or by those of the same images', async () => {
    const expected = await run(foldedNet(), IMAGES);
    for (const batchNorm of ['frozen', 'train'] as const) {
      const trainer = await trainerIn(foldedNet(), { ...RESTORED, batchNorm });
      expect(trainer.restoredNorms).toBe(2);
      expect(trainer.batchNorms).toHaveLength(2);
      const { logits } = await trainer.forward(IMAGES, { batchNorm });
      expect(worstError(logits, expected), batchNorm).toBeLessThan(2e-6);
    }
    const trainer = await trainerIn(foldedNet(), RESTORED);
    const back = await trainer.exportModel();
    expect(worstError(await run(back, IMAGES, foldedNet()), expected)).toBeLessThan(2e-6);
  });

  it('keep weights at the size that fresh ones are drawn in', async () => {
    const trainer = await trainerIn(foldedNet(), RESTORED);
    for (const [name, fan] of [
      ['a.weight', 4 * 9],
      ['b.weight', 6 * 9],
    ] as const) {
      const values = await trainer.valuesOf(name);
      const size = values.length / (fan / 9);
      for (let start = 0; start < values.length; start += size) {
        const rms = Math.hypot(...values.subarray(start, start + size)) / Math.sqrt(size);
        expect(Math.abs(Math.log2(rms / Math.sqrt(2 / fan)))).toBeLessThanOrEqual(0.5);
      }
    }
  });

  it('are folded as by hand', async () => {
    const trainer = await trainerIn(foldedNet(), RESTORED);
    const [norm] = trainer.batchNorms;
    const set = (name: string, values: readonly number[]) =>
      trainer.setValues(name, Float32Array.from(values));
    // s = γ/√(v + 1e-5) is 2, −1, 0 and 3; the bias becomes (b − μ)·s + β.
    set(norm!.scale!, [4, -1, 0, 1.5]);
    set(norm!.variance, [4 - 1e-5, 1 - 1e-5, 9, 0.25 - 1e-5]);
    set(norm!.mean, [1, 2, 3, -1]);
    set(norm!.shift!, [0.5, 0.25, 7, 0]);
    set('a.bias', [2, 5, 1, 1]);
    const kernel = noise(108, 4);
    trainer.setValues('a.weight', kernel);
    const exported = (await trainer.exportModel()).graph.initializers;
    const floats = (name: string): Float32Array => {
      const { data } = exported.get(name)!;
      if (data.kind !== 'memory') throw new Error('not in memory');
      return new Float32Array(Uint8Array.from(data.bytes).buffer);
    };
    expect(worstError(floats('a.bias'), [2.5, -2.75, 7, 6])).toBeLessThan(1e-6);
    const factors = [2, -1, 0, 3];
    expect(
      worstError(
        floats('a.weight'),
        kernel.map((w, i) => w * factors[Math.floor(i / 27)]!),
      ),
    ).toBeLessThan(1e-6);
  });

  it('train, and come back as the same kind of graph that computes the same', async () => {
    const trainer = await trainerIn(foldedNet(), RESTORED);
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) losses.push((await trainer.step(IMAGES)).loss);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.05);
    const exported = await trainer.exportModel();
    const { logits } = await trainer.forward(IMAGES, { batchNorm: 'frozen' });
    expect(worstError(await run(exported, IMAGES, foldedNet()), logits)).toBeLessThan(1e-5);
    const facts = ({ graph }: OnnxModel) => ({
      nodes: graph.nodes.map(({ name, opType, inputs, outputs }) => [name, opType, inputs, outputs]),
      tensors: [...graph.initializers.values()].map(({ name, dtype, dims }) => [name, dtype, dims]),
    });
    expect(facts(exported)).toEqual(facts(foldedNet()));
  });

  it('continue from a snapshot to the last bit', async () => {
    const whole = await trainerIn(foldedNet(), RESTORED);
    for (let i = 0; i < 6; i++) await whole.step(batchOf(8, i));
    const first = await trainerIn(foldedNet(), RESTORED);
    for (let i = 0; i < 3; i++) await first.step(batchOf(8, i));
    const second = await trainerIn(foldedNet(), RESTORED);
    second.restore(await first.snapshot());
    for (let i = 3; i < 6; i++) await second.step(batchOf(8, i));
    expect(await second.snapshot()).toEqual(await whole.snapshot());
    expect(await second.exportModel()).toEqual(await whole.exportModel());
  });

  it('keep silent channels silent, and leave alone what folding could not keep', async () => {
    const kernel = new Float32Array(108).fill(1).fill(0, 27, 54);
    const masks = new Map([
      ['a.weight', kernel],
      ['a.bias', Float32Array.of(1, 0, 1, 1)],
    ]);
    // As pruning leaves the model: the channel is zero before norms are restored.
    const pruned = foldedNet();
    const initializers = new Map(pruned.graph.initializers);
    const [w, b] = [noise(108, 1), noise(4, 2)];
    initializers.set('a.weight', {
      ...initializers.get('a.weight')!,
      data: { kind: 'memory', bytes: new Uint8Array(w.map((v, i) => v * kernel[i]!).buffer) },
    });
    initializers.set('a.bias', {
      ...initializers.get('a.bias')!,
      data: { kind: 'memory', bytes: new Uint8Array(b.map((v, i) => (i === 1 ? 0 : v)).buffer) },
    });
    const model = { ...pruned, graph: { ...pruned.graph, initializers } };
    const trainer = await trainerIn(model, { ...RESTORED, masks });
    for (let i = 0; i < 5; i++) await trainer.step(IMAGES);
    const again = await trainerIn(await trainer.exportModel(), OPTIONS);
    const [weight, bias] = (await valuesOfAll(again, ['a.weight', 'a.bias'])).values();
    expect([...bias!].map((value) => value === 0)).toEqual([false, true, false, false]);
    weight!.forEach((value, i) => expect(value === 0).toBe(i >= 27 && i < 54));

    const partly = new Map([['a.bias', Float32Array.of(1, 0, 1, 1)]]);
    expect((await trainerIn(foldedNet(), { ...RESTORED, masks: partly })).restoredNorms).toBe(1);
    const groups = [{ match: (name: string) => name.startsWith('b.'), frozen: true }];
    const frozen = await trainerIn(foldedNet(), { ...RESTORED, groups });
    expect([frozen.restoredNorms, frozen.batchNorms[0]!.scale]).toEqual([1, 'scour:norm:scale:a.weight']);
  });

  it('need images, and finite values', async () => {
    const none = { ...RESTORED, restoreNorms: () => inBatches(IMAGES, []) };
    await expect(trainerIn(foldedNet(), none)).rejects.toMatchObject({ reason: 'bad-input' });
    const images = IMAGES.images.slice();
    images[40] = Number.NaN;
    const bad = { ...RESTORED, restoreNorms: () => inBatches({ images, size: 12 }, [12]) };
    await expect(trainerIn(foldedNet(), bad)).rejects.toMatchObject({ reason: 'unsupported-model' });
  });
});
