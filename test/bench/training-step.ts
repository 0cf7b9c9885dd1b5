import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { FileSource } from '../../src/model/source';
import { textTable } from '../../src/report/table';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { Trainer } from '../../src/training/trainer';
import { ROOT, SHARED, machine, median } from './machine';

/**
 * Training steps (KL distillation, SGD with momentum, 32 × 32 images, two threads) beside PyTorch eager, and which
 * operators the time goes to. `npm run bench -- training-step [NET…]`
 */
const NETS = ['resnet18-64', 'resnet18-32', 'mobilenet_v2', 'vgg11_bn'];
const BATCH = 128;
const STEPS = 5;
const ROUNDS = 2;
const PIXELS = 3 * 32 * 32;

const folder = mkdtempSync(path.join(tmpdir(), 'scour-bench-'));

function peer(...args: string[]): string {
  const script = path.join(ROOT, 'test/bench/training_peer.py');
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    [script, path.join(SHARED, 'peers'), ...args],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`The PyTorch peer failed: ${stderr}`);
  return stdout;
}

async function trainerOf(file: string, profile?: string): Promise<Trainer> {
  const source = new FileSource(file);
  try {
    return await Trainer.create(parseModel(source), new TensorReader(source, null), {
      loss: [{ loss: distillation() }],
      optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
      schedule: constant(0.01),
      image: [3, 32, 32],
      ...(profile === undefined ? {} : { profile }),
    });
  } finally {
    source.close();
  }
}

/** Seconds of each step after the first, which compiles the graph. */
async function steps(trainer: Trainer): Promise<number[]> {
  const images = Float32Array.from({ length: BATCH * PIXELS }, (_, i) => Math.sin(i * 12.9898) * 1.5);
  const teacher = Float32Array.from({ length: BATCH * 10 }, (_, i) => Math.sin(i * 7.7) * 2);
  const seconds: number[] = [];
  for (let i = 0; i <= STEPS; i++) {
    const start = performance.now();
    await trainer.step({ images, size: BATCH, targets: { teacher } });
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1);
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** Each operator's share of the time inside onnxruntime, the largest first, from the profile it wrote. */
async function shares(file: string): Promise<string> {
  const prefix = path.join(folder, 'profile');
  const trainer = await trainerOf(file, prefix);
  await steps(trainer);
  await trainer.release();
  const times = new Map<string, number>();
  for (const name of readdirSync(folder).filter((each) => each.startsWith('profile'))) {
    const events = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as ProfileEvent[];
    for (const event of events) {
      if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
      const operator = event.args?.op_name ?? '?';
      times.set(operator, (times.get(operator) ?? 0) + event.dur);
    }
    rmSync(path.join(folder, name));
  }
  const total = [...times.values()].reduce((a, b) => a + b, 0);
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8)
    .map(([operator, time]) => `${operator} ${((100 * time) / total).toFixed(0)} %`)
    .join(', ');
}

const chosen = process.argv.slice(2);
const rows: string[][] = [];
const details: string[] = [];
try {
  for (const net of chosen.length > 0 ? chosen : NETS) {
    const file = path.join(folder, `${net}.onnx`);
    peer('export', net, file);
    const ours: number[] = [];
    const theirs: number[] = [];
    // In turn, so that a change in the machine's pace meets both.
    for (let round = 0; round < ROUNDS; round++) {
      const trainer = await trainerOf(file);
      ours.push(...(await steps(trainer)));
      await trainer.release();
      theirs.push(Number(peer('time', net, String(BATCH), String(STEPS))));
    }
    const [a, b] = [median(ours), median(theirs)];
    const rate = (seconds: number): string => (BATCH / seconds).toFixed(0);
    rows.push([net, a.toFixed(3), rate(a), b.toFixed(3), rate(b), (b / a).toFixed(2)]);
    details.push(`${net}: ${await shares(file)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
const memory = (process.resourceUsage().maxRSS / 1024).toFixed(0);
process.stdout.write(
  `${machine()}; batch ${BATCH}, ${STEPS} × ${ROUNDS} steps, two threads\n\n` +
    `${textTable(['net', 's/step', 'samples/s', 'PyTorch s/step', 'samples/s', 'ratio'], rows, [false, true, true, true, true, true])}\n\n` +
    `Operators' share of a step\n${details.join('\n')}\n\nLargest resident memory: ${memory} MB\n`,
);
