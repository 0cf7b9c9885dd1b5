import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { MOMENTUM, WEIGHT_DECAY } from '../../src/defenses/bcu/distil';
import { RunState } from '../../src/engine/jobs/run-state';
import { StepCheckpoints } from '../../src/engine/jobs/step-checkpoints';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { FileSource } from '../../src/model/source';
import { textTable } from '../../src/report/table';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { TrainingSnapshot } from '../../src/training/state';
import { Trainer } from '../../src/training/trainer';
import { machine, median } from './machine';
import { resnet18 } from './models';

/**
 * What keeping the state of a cleansing run after each of its steps costs, on ResNet-18 of width 32 and 64: its parts one
 * by one, and steps with and without it in turn.
 *
 *     npm run bench -- checkpoint [BATCH] [ROUNDS] [STEPS] [FOLDER]        (256, 5, 4, the folder for temporary files)
 */
const [batch = 256, rounds = 5, steps = 4] = process.argv.slice(2, 5).map(Number);
const THREADS = availableParallelism();
const PIXELS = 3 * 32 * 32;
const folder = mkdtempSync(path.join(process.argv[5] ?? tmpdir(), 'scour-bench-'));

/** Milliseconds by the clock, and of all processors. */
interface Cost {
  readonly wall: number[];
  readonly cpu: number[];
}

class Costs {
  private readonly all = new Map<string, Cost>();

  async of<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    const [started, used] = [performance.now(), process.cpuUsage()];
    const result = await work();
    const { user, system } = process.cpuUsage(used);
    const cost = this.all.get(what) ?? { wall: [], cpu: [] };
    this.all.set(what, cost);
    cost.wall.push(performance.now() - started);
    cost.cpu.push((user + system) / 1000);
    return result;
  }

  median(what: string): { readonly wall: number; readonly cpu: number } {
    const { wall, cpu } = this.all.get(what)!;
    return { wall: median(wall), cpu: median(cpu) };
  }

  rows(whats: readonly string[]): string[][] {
    return whats.map((what) => {
      const { wall, cpu } = this.median(what);
      return [what, wall.toFixed(1), cpu.toFixed(1)];
    });
  }
}

async function trainerOf(width: number): Promise<Trainer> {
  const file = path.join(folder, `resnet18-${width}.onnx`);
  writeFileSync(file, resnet18(width));
  const source = new FileSource(file);
  try {
    return await Trainer.create(parseModel(source), new TensorReader(source, null), {
      loss: [{ loss: distillation() }],
      optimizer: sgd({ momentum: MOMENTUM, weightDecay: WEIGHT_DECAY }),
      schedule: constant(0.01),
      image: [3, 32, 32],
      threads: THREADS,
    });
  } finally {
    source.close();
  }
}

/** What `writeCheckpoint` does, piece by piece. Returns the snapshot, for the next one to reuse. */
async function inParts(trainer: Trainer, costs: Costs, reuse?: TrainingSnapshot): Promise<TrainingSnapshot> {
  const snapshot = await costs.of('copy the state', () => trainer.snapshot(reuse));
  const pieces = [...snapshot.tensors.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  await costs.of('checksum', () => pieces.reduce((sum, piece) => crc32(piece, sum), 0));
  const fd = openSync(path.join(folder, 'part.tmp'), 'w');
  await costs.of('write', () => {
    for (const piece of pieces) for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
  });
  await costs.of('fsync', () => fsyncSync(fd));
  closeSync(fd);
  await costs.of('rename', () => renameSync(path.join(folder, 'part.tmp'), path.join(folder, 'part')));
  return snapshot;
}

async function measure(width: number): Promise<string> {
  const trainer = await trainerOf(width);
  const images = Float32Array.from({ length: batch * PIXELS }, (_, i) => Math.sin(i * 12.9898) * 1.5);
  const teacher = Float32Array.from({ length: batch * 10 }, (_, i) => Math.sin(i * 7.7) * 2);
  const step = () => trainer.step({ images, size: batch, targets: { teacher } });
  const state = new RunState(path.join(folder, 'out.onnx'), 'bench');
  const checkpoints = new StepCheckpoints({ state, run: 'bench', onNote: () => undefined });
  const standing = {
    snapshot: (reuse?: TrainingSnapshot) => trainer.snapshot(reuse),
    progress: () => ({}),
  };
  const costs = new Costs();
  try {
    await step(); // compiles the graph
    await checkpoints.begin(standing);
    await checkpoints.keep();
    let spare: TrainingSnapshot | undefined;
    for (let round = 0; round < rounds; round++) {
      spare = await inParts(trainer, costs, spare);
      for (let i = 0; i < steps; i++) await costs.of('step', step);
      await costs.of('all', async () => {
        for (let i = 0; i < steps; i++) {
          await costs.of('step, with a checkpoint beside it', step);
          await costs.of('of that: handing it over', () => checkpoints.begin(standing));
        }
      });
      await checkpoints.keep();
    }
    const [without, kept] = [costs.median('step'), costs.median('all')];
    const more = (a: number, b: number): string => `${((100 * a) / steps / b - 100).toFixed(1)} %`;
    const names = ['copy the state', 'checksum', 'write', 'fsync', 'rename'];
    const handed = ['step', 'step, with a checkpoint beside it', 'of that: handing it over'];
    return [
      `width ${width}: ${(statSync(state.file).size / 1e6).toFixed(1)} MB`,
      textTable(['', 'ms', 'ms of processor'], costs.rows([...names, ...handed]), [false, true, true]),
      `a checkpoint after each step: ${more(kept.wall, without.wall)} more time, ${more(kept.cpu, without.cpu)} more of the processor`,
    ].join('\n');
  } finally {
    await checkpoints.close();
    state.remove();
    await trainer.release();
  }
}

try {
  const tables = [await measure(32), await measure(64)];
  process.stdout.write(
    `${machine()}; batch ${batch}, ${THREADS} threads, ${rounds} rounds of ${steps} steps in turn, medians\n\n${tables.join('\n\n')}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
