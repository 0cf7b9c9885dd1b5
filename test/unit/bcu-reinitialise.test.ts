import { describe, expect, it } from 'vitest';
import { ratiosByStage } from '../../src/defenses/bcu/ratios';
import { reinitialise, type Weights } from '../../src/defenses/bcu/reinitialise';
import { stagesOf } from '../../src/defenses/bcu/stages';
import { weightLayers } from '../../src/defenses/bcu/weight-layers';
import { Random } from '../../src/data/random';
import { floatTensor, int, node } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import { openOnnx, type OnnxFile } from '../../src/model/onnx/open';
import { MemorySource } from '../../src/model/source';
import { netOf } from '../support/small-net';

/** Kept weights are recognised by a value that no draw gives. */
const KEPT = 1000;
const COUT = 64;
const CIN = 32;
const INPUTS = 1600;

function file(): OnnxFile {
  const filled = (name: string, dims: readonly number[]) =>
    floatTensor(name, dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(KEPT));
  const model = netOf(
    [
      node('Conv', ['x', 'conv', 'conv.bias'], ['c']),
      node('BatchNormalization', ['c', 'scale', 'shift', 'mean', 'var'], ['n']),
      node('Flatten', ['n'], ['f']),
      node('Gemm', ['f', 'hidden', 'hidden.bias'], ['h'], { transB: int(1) }),
      node('MatMul', ['h', 'last'], ['m']),
      node('Add', ['last.bias', 'm'], ['logits']),
    ],
    [
      filled('conv', [COUT, CIN, 3, 3]),
      ...['conv.bias', 'scale', 'shift', 'mean', 'var'].map((name) => filled(name, [COUT])),
      filled('hidden', [400, INPUTS]),
      filled('hidden.bias', [400]),
      filled('last', [400, 200]),
      filled('last.bias', [200]),
    ],
  );
  return openOnnx(new MemorySource('net.onnx', encodeModel(model)));
}

function weightsIn({ model, reader }: OnnxFile): Weights & { readonly all: Map<string, Float32Array> } {
  const all = new Map(
    [...model.graph.initializers].map(([name, tensor]) => [name, Float32Array.from(reader.values(tensor))]),
  );
  return {
    all,
    valuesOf: (name) => Promise.resolve(all.get(name)!.slice()),
    setValues: (name, values) => void all.set(name, Float32Array.from(values)),
  };
}

async function redrawn(ratio: number, seed = 7): Promise<Map<string, Float32Array>> {
  const net = file();
  const weights = weightsIn(net);
  const stages = stagesOf(net);
  const ratios = ratiosByStage(
    stages,
    stages.map(() => ratio),
  );
  await reinitialise(weights, weightLayers(net), ratios, new Random(seed));
  return weights.all;
}

function statistics(values: Float32Array) {
  const fresh = [...values].filter((value) => value !== KEPT);
  const mean = fresh.reduce((a, b) => a + b, 0) / fresh.length;
  const variance = fresh.reduce((a, b) => a + (b - mean) ** 2, 0) / fresh.length;
  const fourth = fresh.reduce((a, b) => a + (b - mean) ** 4, 0) / fresh.length;
  return {
    share: fresh.length / values.length,
    mean,
    deviation: Math.sqrt(variance),
    kurtosis: fourth / variance ** 2,
    most: fresh.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  };
}

describe('re-initialisation', () => {
  it('draws fresh convolution weights from N(0, 2 / (kh·kw·C_out)), element by element', async () => {
    const { share, mean, deviation, kurtosis } = statistics((await redrawn(0.27)).get('conv')!);
    const n = COUT * CIN * 9 * 0.27;
    expect(Math.abs(share - 0.27)).toBeLessThan(4 * Math.sqrt((0.27 * 0.73) / (COUT * CIN * 9)));
    const expected = Math.sqrt(2 / (9 * COUT));
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
    expect(Math.abs(mean)).toBeLessThan((4 * expected) / Math.sqrt(n));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n));
  });

  it.each([
    ['hidden', INPUTS],
    ['last', 400],
  ])('draws fresh linear weights uniformly within ±1/√fan_in: %s', async (name, fan) => {
    const { share, deviation, kurtosis, most } = statistics((await redrawn(0.1)).get(name)!);
    expect(share).toBeCloseTo(0.1, 2);
    expect(most).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(fan)));
    expect(most * Math.sqrt(fan)).toBeGreaterThan(0.99);
    expect(deviation * Math.sqrt(3 * fan)).toBeCloseTo(1, 1);
    expect(kurtosis).toBeCloseTo(1.8, 1);
  });

  it('re-draws linear biases, and nothing of batch norms or convolution biases', async () => {
    const all = await redrawn(1);
    for (const name of ['conv.bias', 'scale', 'shift', 'mean', 'var'])
      expect(new Set(all.get(name)), name).toEqual(new Set([KEPT]));
    for (const [name, fan] of [
      ['hidden.bias', INPUTS],
      ['last.bias', 400],
    ] as const) {
      expect(statistics(all.get(name)!).share, name).toBe(1);
      expect(statistics(all.get(name)!).most, name).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(fan)));
    }
  });

  it('keeps everything at ratio 0 and repeats itself for a seed', async () => {
    const kept = await redrawn(0);
    expect(new Set([...kept.values()].flatMap((values) => [...new Set(values)]))).toEqual(new Set([KEPT]));
    const drawn = async (seed: number) => (await redrawn(0.3, seed)).get('conv');
    expect(await drawn(5)).toEqual(await drawn(5));
    expect(await drawn(5)).not.toEqual(await drawn(6));
  });

  it("does not let one layer's ratio change what another draws", async () => {
    const net = file();
    const drawn = async (first: number) => {
      const weights = weightsIn(net);
      const ratios = new Map(weightLayers(net).map(({ name }, i) => [name, i === 0 ? first : 0.5]));
      await reinitialise(weights, weightLayers(net), ratios, new Random(1));
      return weights.all.get('last');
    };
    expect(await drawn(0)).toEqual(await drawn(1));
  });
});
