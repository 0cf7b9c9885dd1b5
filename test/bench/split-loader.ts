import path from 'node:path';
import { augment } from '../../src/data/augment';
import { openDataset } from '../../src/data/open-dataset';
import { PixelPool } from '../../src/data/pixel-pool';
import { NOTHING_KNOWN, resolvePreprocessing } from '../../src/data/preprocessing';
import { Random } from '../../src/data/random';
import { toTensor } from '../../src/data/tensor';
import { mixMatchStep } from '../../src/defenses/asd/mixmatch';
import { mainTrainer } from '../../src/defenses/asd/trainers';
import { deal } from '../../src/defenses/asd/training-set';
import { openOnnx } from '../../src/model/onnx/open';
import { PAPER } from '../../src/protocol/split-schedules';
import { SHARED, machine } from './machine';

/**
 * What loading costs a MixMatch step beside the model, in processor time: batches of the paper's size from images kept
 * in memory, and decoded anew in every pass, against the step itself on the ResNet-18 of width 16 in samples/.
 *
 *     npm run bench -- split-loader [STEPS] [THREADS]
 */
const [stepsGiven = '6', threads = '2'] = process.argv.slice(2);
const STEPS = Number(stepsGiven);
const ROWS = PAPER.labelledBatch + PAPER.views * PAPER.unlabelledBatch;
const { preprocessing } = resolvePreprocessing({
  known: NOTHING_KNOWN,
  modelPath: '',
  shape: [null, 3, 32, 32],
  options: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] },
});
const root = path.join(SHARED, 'data/cifar10/test');
const { samples } = await openDataset(root);
const file = openOnnx(path.resolve('samples/badnets.onnx'));
const trainer = await mainTrainer(file, PAPER, {
  device: 'cpu',
  threads: Number(threads),
  image: [3, 32, 32],
});

/** Milliseconds of processor time, of all threads, that `work` takes a step. */
async function cost(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / STEPS;
}

const quiet = { onProgress: () => Promise.resolve() };
const kept = await PixelPool.load(root, samples, preprocessing, quiet);
const anew = await PixelPool.load(root, samples, preprocessing, { ...quiet, keep: 0 });
const random = new Random(0);
const all = Array.from({ length: kept.size }, (_, i) => i);

/** Fetches what a step needs: labelled and unlabelled images, the latter once for all views. */
async function fetch(pool: PixelPool): Promise<void> {
  for (const size of [PAPER.labelledBatch, PAPER.unlabelledBatch]) {
    const batches = pool.batches(deal(all, STEPS * size, random), size);
    while (!(await batches.next()).done);
  }
}

function prepare(pixels: Uint8Array): Float32Array {
  return toTensor(augment(pixels, preprocessing, PAPER.augmentation, random), ROWS, preprocessing);
}

const { value: pixels } = await kept.batches(all.slice(0, ROWS), ROWS).next();
const step = () =>
  mixMatchStep(
    trainer,
    {
      labelled: pixels!.slice(0, PAPER.labelledBatch * 3072),
      labels: Array.from({ length: PAPER.labelledBatch }, (_, i) => i % 10),
      unlabelled: pixels!.slice(0, PAPER.unlabelledBatch * 3072),
    },
    { settings: PAPER, preprocessing, classes: 10, lambdaU: 1, rate: 0.002, random },
  );
await step();
prepare(pixels!);
const rows: [string, number][] = [
  ['a whole step (augmenting and mixing in it)', await cost(() => repeat(step))],
  ['augmenting, as tensors', await cost(() => repeat(() => prepare(pixels!)))],
  ['fetching from memory', await cost(() => fetch(kept))],
  ['fetching by decoding anew', await cost(() => fetch(anew))],
];
async function repeat(work: () => unknown): Promise<void> {
  for (let i = 0; i < STEPS; i++) await work();
}
process.stdout.write(`${machine()}\n${STEPS} steps of ${ROWS} rows, processor time a step\n`);
const [[, whole]] = rows as [[string, number]];
for (const [what, ms] of rows)
  process.stdout.write(
    `${what.padEnd(46)} ${ms.toFixed(1).padStart(9)} ms ${((100 * ms) / whole).toFixed(2).padStart(7)} %\n`,
  );
await trainer.release();
