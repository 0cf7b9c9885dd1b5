import { describe, expect, it, vi } from 'vitest';
import { int, ints, node } from '../../src/model/onnx/build';
import type { OnnxModel } from '../../src/model/onnx/graph';
import { RuntimeError } from '../../src/protocol/errors';
import { DeviceMemory } from '../../src/runtime/device-memory';
import { DeviceTensor, disposeAll } from '../../src/runtime/device-tensor';
import { fastestTrainer } from '../../src/training/fastest-trainer';
import { crossEntropy, distillation } from '../../src/training/losses';
import { OnnxruntimeEngine } from '../../src/training/onnxruntime-engine';
import { adamw, sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { batchOf, largeNet, netOf, smallNet, trainerIn, weights } from '../support/small-net';
import { worstError } from '../support/training';
import { HAS_WEBGPU, NEEDS_WEBGPU, useWebgpu } from '../support/webgpu';

useWebgpu();

const OPTIONS: TrainerOptions = {
  loss: [{ loss: distillation({ temperature: 2 }) }],
  optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  schedule: constant(0.1),
  device: 'webgpu',
  threads: 1,
};

/** Runs on WebGPU and says which outputs of its last program were left there. */
class WatchedEngine extends OnnxruntimeEngine {
  readonly left = new Set<string>();

  constructor(keepState: boolean) {
    super({ device: 'webgpu', threads: 1, keepState });
  }

  override async compile(...args: Parameters<OnnxruntimeEngine['compile']>) {
    const program = await super.compile(...args);
    return {
      ...program,
      run: async (...given: Parameters<typeof program.run>) => {
        const out = await program.run(...given);
        this.left.clear();
        for (const [name, tensor] of out) if (tensor instanceof DeviceTensor) this.left.add(name);
        return out;
      },
    };
  }
}

async function steps(trainer: Trainer, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push((await trainer.step(batchOf(6, i))).loss);
  return losses;
}

function bytesOf({ graph }: OnnxModel): Record<string, Uint8Array> {
  return Object.fromEntries(
    [...graph.initializers].map(([name, { data }]) => [
      name,
      data.kind === 'memory' ? data.bytes : new Uint8Array(),
    ]),
  );
}

describe.skipIf(!HAS_WEBGPU)(`state that stays on a WebGPU device${NEEDS_WEBGPU}`, () => {
  it.each<[string, Partial<TrainerOptions>, OnnxModel?]>([
    ['whole batches', {}],
    ['batches in parts', { microBatch: 4 }],
    ['frozen groups', { groups: [{ match: (name) => name.startsWith('conv.'), frozen: true }] }],
    ['AdamW, clipped', { optimizer: adamw(), schedule: constant(0.01), clip: { maxNorm: 0.1 } }],
    ['weights held at zero', { masks: new Map([['bn.weight', Float32Array.of(1, 0, 1, 0, 1)]]) }],
    ['frozen batch norms', { batchNorm: 'frozen' }],
    ['restored norms', { restoreNorms: () => imagesForNorms() }, foldedNet()],
  ])('trains to the same bytes as through main memory: %s', async (_, options, model = smallNet()) => {
    const engines = [new WatchedEngine(true), new WatchedEngine(false)];
    const trainers: Trainer[] = [];
    for (const engine of engines) trainers.push(await trainerIn(model, { ...OPTIONS, ...options, engine }));
    const [kept, passed] = trainers as [Trainer, Trainer];
    expect(kept.restoredNorms).toBe(options.restoreNorms ? 1 : 0);
    expect(await steps(kept, 0, 4)).toEqual(await steps(passed, 0, 4));
    // Every trained parameter at least is left on the device by its last program, and nothing by the other engine.
    expect(engines[0]!.left.size).toBeGreaterThanOrEqual(kept.parameters.size);
    expect([...engines[0]!.left].every((name) => name.startsWith('scour:updated:'))).toBe(true);
    expect(engines[1]!.left.size).toBe(0);
    expect(await kept.snapshot()).toEqual(await passed.snapshot());
    expect(bytesOf(await kept.exportModel())).toEqual(bytesOf(await passed.exportModel()));
    expect(await kept.stateNotes()).toEqual([]);
    for (const trainer of trainers) await trainer.release();
  });

  it('follows the CPU', async () => {
    const cpu = await trainerIn(smallNet(), { ...OPTIONS, device: 'cpu' });
    const gpu = await trainerIn(smallNet(), OPTIONS);
    const [a, b] = [await steps(cpu, 0, 6), await steps(gpu, 0, 6)];
    expect(worstError(b, a)).toBeLessThan(1e-3);
    const [values, expected] = [await gpu.snapshot(), await cpu.snapshot()];
    for (const [name, { data }] of expected.tensors)
      // The loss does not depend on the bias before a batch norm: what it gets is noise.
      if (!name.includes('conv.bias'))
        expect(worstError(values.tensors.get(name)!.data, data), name).toBeLessThan(1e-2);
    await cpu.release();
    await gpu.release();
  });

  it('goes on from a snapshot to the same bytes, in another trainer and after a release', async () => {
    const straight = await trainerIn(smallNet(), OPTIONS);
    await steps(straight, 0, 6);
    const first = await trainerIn(smallNet(), OPTIONS);
    await steps(first, 0, 3);
    const snapshot = await first.snapshot();
    // A snapshot changes nothing for the one that goes on.
    await steps(first, 3, 6);
    const second = await trainerIn(smallNet(), OPTIONS);
    await second.rehearse(6);
    second.restore(snapshot);
    await steps(second, 3, 5);
    await second.release();
    await steps(second, 5, 6);
    const end = await straight.snapshot();
    expect(end.step).toBe(6);
    expect(await first.snapshot()).toEqual(end);
    expect(await second.snapshot()).toEqual(end);
    for (const trainer of [straight, first, second]) await trainer.release();
    // Released, it is in main memory.
    expect(await second.snapshot()).toEqual(end);
  });

  it('is not changed by a rehearsal, nor by a step that diverges', async () => {
    const trainer = await trainerIn(smallNet(), OPTIONS);
    await steps(trainer, 0, 2);
    const before = await trainer.snapshot();
    await trainer.rehearse(6);
    const { images, ...rest } = batchOf(6);
    const bad = { ...rest, images: images.map((value, i) => (i === 0 ? NaN : value)) };
    await expect(trainer.step(bad)).rejects.toMatchObject({ reason: 'diverged' });
    expect(await trainer.snapshot()).toEqual(before);
    await trainer.release();
  });

  it('takes new values, statistics of forward passes and the weights of another trainer', async () => {
    const twin = async (keepState: boolean): Promise<unknown[]> => {
      const engine = new OnnxruntimeEngine({ device: 'webgpu', threads: 1, keepState });
      const trainer = await trainerIn(smallNet(), { ...OPTIONS, engine });
      const other = await trainerIn(smallNet(), { ...OPTIONS, loss: [{ loss: crossEntropy() }], engine });
      await steps(trainer, 0, 1);
      trainer.setValues('fc.bias', Float32Array.of(1, 2, 3, 4));
      const values = await trainer.valuesOf('fc.bias');
      const scores = await trainer.forward(batchOf(6, 3), { batchNorm: 'train' });
      const frozen = await trainer.forward(batchOf(6, 3), { batchNorm: 'frozen' });
      const gradients = await trainer.gradients(batchOf(6, 4), { input: true, parameters: true });
      await steps(trainer, 1, 2);
      await steps(other, 0, 1);
      other.adopt(await trainer.snapshot());
      await steps(other, 2, 3);
      const seen = [values, scores, frozen, gradients, await trainer.snapshot(), await other.snapshot()];
      await trainer.release();
      await other.release();
      return seen;
    };
    expect(await twin(true)).toEqual(await twin(false));
  });

  it('is lost with a device that fails, which a later use says', async () => {
    class Failing extends OnnxruntimeEngine {
      override async openMemory() {
        const memory = await super.openMemory();
        memory!.read = () => Promise.reject(new RuntimeError('run-failed', 'device lost'));
        return memory;
      }
    }
    const engine = new Failing({ device: 'webgpu', threads: 1 });
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, engine });
    await steps(trainer, 0, 1);
    await expect(trainer.snapshot()).rejects.toMatchObject({ reason: 'run-failed', message: 'device lost' });
    await trainer.release();
    await expect(trainer.snapshot()).rejects.toThrow('Continue from the last checkpoint');
    await expect(trainer.step(batchOf(6))).rejects.toThrow('are lost');
    await trainer.release();
  });

  it('keeps memory flat over sixty steps', { timeout: 240_000 }, async () => {
    const left: DeviceTensor[] = [];
    const disposed = vi.spyOn(DeviceTensor.prototype, 'dispose');
    const held = (): number => {
      const gone = new Set(disposed.mock.contexts);
      return left.filter((tensor) => !gone.has(tensor)).length;
    };
    const engine = new OnnxruntimeEngine({ device: 'webgpu', threads: 1 });
    let most = 0;
    try {
      const compile = engine.compile.bind(engine);
      engine.compile = async (...args) => {
        const program = await compile(...args);
        return {
          ...program,
          run: async (...given) => {
            const out = await program.run(...given);
            for (const tensor of out.values()) if (tensor instanceof DeviceTensor) left.push(tensor);
            most = Math.max(most, held());
            return out;
          },
        };
      };
      const trainer = await trainerIn(largeNet(2), { ...OPTIONS, engine });
      await steps(trainer, 0, 15);
      const after = held();
      const resident = process.memoryUsage.rss();
      await steps(trainer, 15, 60);
      expect(held()).toBe(after);
      // What one step reads and what it writes, never more.
      expect(most).toBeLessThanOrEqual(2 * after);
      // Undisposed, 45 states of 1 MiB would be on top. A software adapter's memory is the process's own.
      expect((process.memoryUsage.rss() - resident) / 2 ** 20).toBeLessThan(20);
      await trainer.release();
      expect(held()).toBe(0);
    } finally {
      disposed.mockRestore();
    }
  });
});

describe.skipIf(!HAS_WEBGPU)(`the memory of a WebGPU device${NEEDS_WEBGPU}`, () => {
  it('gives back what was placed, and frees sessions only after what they left', async () => {
    const memory = await DeviceMemory.open({ threads: 1 });
    const tensors = [[2, 3], [7], []].map((shape) => ({
      dtype: 'float32' as const,
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 0.5),
    }));
    const placed: DeviceTensor[] = [];
    for (const tensor of tensors) placed.push(await memory.place(tensor));
    for (const [i, tensor] of tensors.entries()) expect(await memory.read(placed[i]!)).toEqual(tensor);
    // Freed after the last session of its device, a tensor would end the process.
    await memory.release();
    disposeAll(placed);
    disposeAll(placed);
    const again = await DeviceMemory.open({ threads: 1 });
    await again.release();
  });
});

describe('a device that does not keep tensors', () => {
  class Forgetful extends OnnxruntimeEngine {
    override openMemory(): Promise<never> {
      return Promise.reject(new RuntimeError('run-failed', 'what was left there did not come back'));
    }
  }

  it('trains through main memory, and says why', async () => {
    const engine = new Forgetful({ device: 'cpu', threads: 1 });
    const trainer = await trainerIn(smallNet(), { ...OPTIONS, device: 'cpu', engine });
    const plain = await trainerIn(smallNet(), { ...OPTIONS, device: 'cpu' });
    expect(await steps(trainer, 0, 2)).toEqual(await steps(plain, 0, 2));
    const { notes } = await fastestTrainer('webgpu', 6, () => Promise.resolve(trainer));
    expect(notes).toEqual([
      'Weights pass through main memory in every step, which is slower: what was left there did not come back',
    ]);
    expect(await plain.stateNotes()).toEqual([]);
    await trainer.release();
    await plain.release();
  });
});

/** As an exporter leaves a convolution whose batch norm it folded. */
function foldedNet(): OnnxModel {
  return netOf(
    [
      node('Conv', ['x', 'conv.weight', 'conv.bias'], ['c'], { pads: ints([1, 1, 1, 1]) }),
      node('Relu', ['c'], ['r']),
      node('GlobalAveragePool', ['r'], ['p']),
      node('Flatten', ['p'], ['f'], { axis: int(1) }),
      node('Gemm', ['f', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }),
    ],
    [
      weights('conv.weight', [5, 3, 3, 3], 1),
      weights('conv.bias', [5], 2),
      weights('fc.weight', [4, 5], 6),
      weights('fc.bias', [4], 7),
    ],
  );
}

async function* imagesForNorms() {
  yield await Promise.resolve({ images: batchOf(8).images, size: 8 });
}
