import type { OnnxModel } from '../../src/model/onnx/graph';
import { textTable } from '../../src/report/table';
import { distillation } from '../../src/training/losses';
import { OnnxruntimeEngine } from '../../src/training/onnxruntime-engine';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { Trainer } from '../../src/training/trainer';
import { batchOf, largeNet, trainerIn } from '../support/small-net';
import { useWebgpu } from '../support/webgpu';
import { machine, median } from './machine';

/**
 * Training steps on WebGPU with parameters and optimizer state left on the device, beside the same steps with them passed
 * through main memory, in turn. On a software adapter unless SCOUR_GPU=1. `npm run bench -- device-state`
 */
const STEPS = 5;
const ROUNDS = 3;
const SIZE = 6;

useWebgpu();

async function trainerOf(model: OnnxModel, keepState: boolean): Promise<Trainer> {
  const trainer = await trainerIn(model, {
    loss: [{ loss: distillation({ temperature: 2 }) }],
    optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
    schedule: constant(0.01),
    device: 'webgpu',
    engine: new OnnxruntimeEngine({ device: 'webgpu', threads: 1, keepState }),
  });
  await trainer.step(batchOf(SIZE));
  return trainer;
}

/** Milliseconds on the clock and of the processor, of each step. */
async function steps(trainer: Trainer): Promise<{ wall: number[]; processor: number[] }> {
  const [wall, processor]: [number[], number[]] = [[], []];
  for (let i = 0; i < STEPS; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    await trainer.step(batchOf(SIZE, i));
    const { user, system } = process.cpuUsage(used);
    wall.push(performance.now() - start);
    processor.push((user + system) / 1000);
  }
  return { wall, processor };
}

const rows: string[][] = [];
for (const [name, model] of [
  ['conv, batch norm, linear', largeNet(0)],
  ['and 2 tensors of 64 Ki', largeNet(2)],
  ['and 8 tensors of 64 Ki', largeNet(8)],
] as const) {
  const trainers = [await trainerOf(model, true), await trainerOf(model, false)];
  const seen = trainers.map(() => ({ wall: [] as number[], processor: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, trainer] of trainers.entries()) {
      const { wall, processor } = await steps(trainer);
      seen[i]!.wall.push(...wall);
      seen[i]!.processor.push(...processor);
    }
  }
  const [kept, passed] = seen;
  const values = [...trainers[0]!.parameters.values()].reduce(
    (sum, dims) => sum + dims.reduce((a, b) => a * b, 1),
    0,
  );
  const snapshots: number[] = [];
  for (let i = 0; i < 3; i++) {
    await trainers[0]!.step(batchOf(SIZE, i));
    const start = performance.now();
    await trainers[0]!.snapshot();
    snapshots.push(performance.now() - start);
  }
  rows.push([
    name,
    ((8 * values) / 1024).toFixed(0),
    ...[kept!, passed!].flatMap(({ wall, processor }) => [
      median(wall).toFixed(1),
      median(processor).toFixed(1),
    ]),
    median(snapshots).toFixed(1),
  ]);
  for (const trainer of trainers) await trainer.release();
}
process.stdout.write(
  `${machine()}; WebGPU, batch ${SIZE} of 3 × 6 × 6, ${ROUNDS} × ${STEPS} steps in turn; milliseconds\n\n` +
    `${textTable(['net', 'KiB of state', 'kept', '(processor)', 'passed', '(processor)', 'snapshot'], rows, [
      false,
      true,
      true,
      true,
      true,
      true,
      true,
    ])}\n`,
);
