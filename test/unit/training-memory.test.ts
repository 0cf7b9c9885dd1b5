import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/protocol/errors';
import { fittingPart, memoryOfSteps } from '../../src/training/fitting-batch';
import { peakBytes } from '../../src/training/graph/memory';
import { Ops } from '../../src/training/graph/ops';
import type { TrainingEngine } from '../../src/training/engine';
import { distillation } from '../../src/training/losses';
import { OnnxruntimeEngine } from '../../src/training/onnxruntime-engine';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { batchOf, smallNet, trainerIn } from '../support/small-net';

describe('memory of a graph', () => {
  it('is what lives at its widest node', () => {
    const g = new Ops();
    const x = g.input('x', { dtype: 'float32', shape: [2, 3] });
    const wide = g.expand(g.reshape(x, [2, 3, 1]), [2, 3, 10]);
    const y = g.reduceSum(g.exp(wide), [2]);
    const z = g.exp(g.neg(y));
    // x: 24 bytes all along, the axes of Expand, Reshape and ReduceSum: 24 + 24 + 8; two tensors of 60 numbers at once.
    expect(peakBytes({ g, outputs: new Map([['z', z]]) })).toBe(24 + 24 + 24 + 8 + 2 * 240);
  });
});

describe('the batch that would fit', () => {
  const memory = { fixed: 1000, perSample: 10 };

  it('is the largest one within what is available, and at most half of the one that did not', () => {
    expect(fittingPart(memory, 64, 1250)).toBe(25);
    expect(fittingPart(memory, 64, 1_000_000)).toBe(32);
    expect(fittingPart(memory, 64, 900)).toBe(0);
  });

  it('is named where a step runs out of memory', async () => {
    const real = new OnnxruntimeEngine({ device: 'cpu', threads: 1 });
    const failing = (knows: boolean): TrainingEngine => ({
      name: 'out of memory',
      compile: () => Promise.reject(new RuntimeError('out-of-memory', 'bad_alloc')),
      openMemory: () => Promise.resolve(null),
      memoryOf: (plan, program) => (knows ? real.memoryOf(plan, program) : Promise.resolve(null)),
    });
    const options = { loss: [{ loss: distillation() }], optimizer: sgd(), schedule: constant(0.1) };
    for (const knows of [true, false]) {
      const trainer = await trainerIn(smallNet(), { ...options, engine: failing(knows) });
      const said = trainer.step(batchOf(6)).catch((error: unknown) => error);
      expect(await said).toMatchObject({ reason: 'out-of-memory' });
      // The machine has room for more than 3 of these images.
      expect(String(await said)).toMatch(/with 6 samples does not fit .* of 3 samples or fewer/);
      if (knows) expect(String(await said)).toMatch(/takes about \d+ MiB, and \d+ MiB are free/);
    }
  });

  it('grows with the batch', async () => {
    const engine = new OnnxruntimeEngine({ device: 'cpu', threads: 1 });
    let seen = null as Awaited<ReturnType<typeof memoryOfSteps>>;
    const spying: TrainingEngine = {
      name: 'spy',
      compile: async (plan, program, keeps) => {
        seen = await memoryOfSteps(engine, plan);
        return engine.compile(plan, program, keeps);
      },
      openMemory: () => engine.openMemory(),
      memoryOf: (plan, program) => engine.memoryOf(plan, program),
    };
    const trainer = await trainerIn(smallNet(), {
      loss: [{ loss: distillation() }],
      optimizer: sgd(),
      schedule: constant(0.1),
      engine: spying,
    });
    await trainer.step(batchOf(6));
    await trainer.release();
    const parameters = [...trainer.parameters.values()].reduce(
      (sum, dims) => sum + dims.reduce((a, b) => a * b, 1),
      0,
    );
    // Old and new parameters at least, and the image with a few activations of its size.
    expect(seen!.fixed).toBeGreaterThan(2 * 4 * parameters);
    expect(seen!.perSample).toBeGreaterThan(4 * 3 * 6 * 6);
  });
});
