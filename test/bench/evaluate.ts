import { NOTHING_KNOWN } from '../../src/data/preprocessing';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { openFolder } from '../../src/data/folder';
import { loadBatches } from '../../src/data/loading/load-batches';
import { inputDims } from '../../src/data/tensor';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { JobContext } from '../../src/engine/job-context';
import { batchSizeFor } from '../../src/evaluation/measure';
import { openTested, releaseTested } from '../../src/evaluation/tested-model';
import { textTable } from '../../src/report/table';
import { ROOT, SHARED, machine, median } from './machine';

/**
 * Images a second of `scour evaluate` on a folder of 32 × 32 JPEGs, against the same model's bare inference rate.
 * `npm run bench -- evaluate 5` measures five rounds.
 */
const ROUNDS = Number(process.argv[2] ?? 3);
const GOAL = 0.9;
const CLI = path.join(ROOT, 'dist/cli.js');
const MODEL = path.join(SHARED, 'models/badnets.onnx');
const DATA = path.join(SHARED, 'data/cifar10/unlabeled');
const PREPROCESSING = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] };
const OPTIONS = ['--mean', PREPROCESSING.mean.join(), '--std', PREPROCESSING.std.join(), '--device', 'cpu'];
/** Loading processes of PyTorch's DataLoader that are tried; the best counts. */
const WORKERS = [0, 1];

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/** Inference alone: every batch decoded beforehand. */
async function bare(): Promise<{
  run: () => Promise<void>;
  images: number;
  batch: number;
  end: () => Promise<void>;
}> {
  const models = await openTested(
    [{ path: MODEL, onnx: MODEL, known: NOTHING_KNOWN, notes: [] }],
    PREPROCESSING,
    {
      device: 'cpu',
      threads: 0,
    },
  );
  const { classifier, preprocessing } = models[0]!;
  const batch = batchSizeFor(preprocessing);
  const { samples } = openFolder(DATA);
  const inputs: { input: Float32Array; count: number }[] = [];
  const options = { batchSize: batch, onSkip: () => process.exit(1) };
  for await (const { input, samples: read } of loadBatches(samples, preprocessing, options))
    inputs.push({ input, count: read.length });
  return {
    images: samples.length,
    batch,
    run: async () => {
      for (const { input, count } of inputs) await classifier.scores(input, count, inputDims(preprocessing));
    },
    end: () => releaseTested(models),
  };
}

function whole(): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [CLI, 'evaluate', MODEL, '--data', DATA, ...OPTIONS],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`scour evaluate failed: ${stderr}`);
}

/** Seconds that PyTorch takes for the same, or null where it is not installed. */
function peer(workers: number, batch: number): number | null {
  const { status, stdout } = spawnSync(
    '/usr/bin/python3',
    [
      path.join(ROOT, 'test/bench/evaluate_peer.py'),
      path.join(SHARED, 'peers'),
      path.join(SHARED, 'models/badnets.pth'),
      DATA,
      String(batch),
      String(workers),
    ],
    { encoding: 'utf8' },
  );
  return status === 0 ? Number(stdout) : null;
}

async function main(): Promise<void> {
  if (!existsSync(DATA)) throw new Error('../shared is absent: there is no folder to measure on.');
  const inference = await bare();
  const context = new JobContext(new AbortController().signal, () => undefined);
  const params = { data: DATA, models: [MODEL], attacks: [], target: null, preprocessing: PREPROCESSING };
  const times = new Map<string, number[]>();
  const note = (what: string, value: number | null): void => {
    if (value === null) return;
    times.set(what, [...(times.get(what) ?? []), value]);
    process.stderr.write(`${what}: ${value.toFixed(2)} s\n`);
  };
  const evaluate = (): Promise<unknown> => evaluateModels({ ...params, device: 'cpu' }, context);
  await inference.run();
  // In turn, so that a change in the machine's pace meets all of them.
  for (let round = 0; round < ROUNDS; round++) {
    note('bare inference', await seconds(inference.run));
    note('evaluate, in process', await seconds(evaluate));
    note(
      'scour evaluate, whole process',
      await seconds(() => {
        whole();
        return Promise.resolve();
      }),
    );
    for (const workers of WORKERS)
      note(`PyTorch DataLoader, ${workers} workers`, peer(workers, inference.batch));
  }
  await inference.end();
  const limit = median(times.get('bare inference')!);
  const rows = [...times].map(([what, values]) => {
    const time = median(values);
    return [what, `${time.toFixed(2)} s`, (inference.images / time).toFixed(0), (limit / time).toFixed(2)];
  });
  const reached = limit / median(times.get('evaluate, in process')!);
  process.stdout.write(
    [
      `${inference.images} JPEGs of 32 × 32, ResNet-18 of width 32, batch ${inference.batch}, CPU, ${ROUNDS} rounds in turn, medians; ${machine()}`,
      '',
      textTable(['what', 'time', 'images/s', 'of bare'], rows, [false, true, true, true]),
      '',
      `goal: ${GOAL} of the bare rate; reached: ${reached.toFixed(2)}`,
      '',
    ].join('\n'),
  );
  if (reached < GOAL) process.exitCode = 1;
}

await main();
