import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { defaultStageRatios, ratioList, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { stagesOf } from '../../src/defenses/bcu/stages';
import { cleanseModel } from '../../src/engine/jobs/cleanse';
import { JobContext } from '../../src/engine/job-context';
import { openOnnx } from '../../src/model/onnx/open';
import { CleanseEpochSchema } from '../../src/protocol/cleanse';
import { DEFAULT_TRAINING, type CleansingOrder } from '../../src/protocol/cleansing';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';
import { textTable } from '../../src/report/table';
import { measurePhases, type Phases } from './cleanse-phases';
import { secondsToFirstPoint } from './first-point';
import { ROOT, SHARED, machine, median } from './machine';

/**
 * Epochs of BCU (augmentation, teacher, student's step; images decoded beforehand) on a ResNet-18 of width 32, beside the
 * same in PyTorch eager, `../shared/peers/bcu.py`; where the time goes; and how long the first loss takes to come.
 *
 *     npm run bench -- cleanse [IMAGES] [ROUNDS] [EPOCHS]        (2500, 3, 2)
 */
const [images = 2500, rounds = 3, epochs = 2] = process.argv.slice(2).map(Number);
const THREADS = availableParallelism();
const GOAL = 1;
/** Seconds from Run to the first point on the curve. */
const FIRST_GOAL = 5;
const CLI = path.join(ROOT, 'dist/cli.js');
const MODEL = path.join(SHARED, 'models/badnets.onnx');
const CHECKPOINT = path.join(SHARED, 'models/badnets.pth');
const DATA = path.join(SHARED, 'data/cifar10/unlabeled');
const PREPROCESSING = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] };
const SETTINGS = { ...DEFAULT_TRAINING, epochs };
const Report = v.object({ history: v.array(CleanseEpochSchema) });

/** Seconds of each epoch, and of everything from start to end. */
interface Run {
  readonly epochs: readonly number[];
  readonly whole: number;
}

async function timed(work: () => Promise<readonly number[]> | readonly number[]): Promise<Run> {
  const started = performance.now();
  const seconds = await work();
  return { epochs: seconds, whole: (performance.now() - started) / 1000 };
}

/** The engine's job. Returns seconds of each epoch; `onFirst` is called at the first loss. */
async function inProcess(folder: string, onFirst: () => void): Promise<number[]> {
  let isFirst = true;
  const report = await cleanseModel(
    MODEL,
    {
      data: DATA,
      output: path.join(folder, 'in-process.onnx'),
      force: true,
      resume: false,
      samples: images,
      choose: (stages) => ({ ratios: ratiosByStage(stages, defaultStageRatios(stages)), clpU: null }),
      monitor: null,
      engine: ONNXRUNTIME,
      settings: SETTINGS,
      preprocessing: PREPROCESSING,
      run: { device: 'cpu', threads: THREADS },
      onNote: () => undefined,
      onStep: () => {
        if (isFirst) onFirst();
        isFirst = false;
      },
    },
    new JobContext(new AbortController().signal, () => undefined),
  );
  return report.history.map(({ seconds }) => seconds);
}

/** What the panel orders for the same run. Its engine takes all the processors it may. */
function panelOrder(): CleansingOrder {
  const file = openOnnx(MODEL);
  try {
    const stages = stagesOf(file);
    return {
      path: MODEL,
      data: DATA,
      samples: images,
      ratios: ratioList(stages, ratiosByStage(stages, defaultStageRatios(stages))),
      preset: 'increasing',
      clpU: null,
      training: SETTINGS,
      monitor: null,
      preprocessing: PREPROCESSING,
      device: 'cpu',
      engine: ONNXRUNTIME,
    };
  } finally {
    file.close();
  }
}

function commandLine(folder: string): number[] {
  const { mean, std } = PREPROCESSING;
  const output = path.join(folder, 'cli.onnx');
  const args = ['cleanse', MODEL, '--data', DATA, '--output', output, '--force', '--format', 'json'];
  const settings = ['--epochs', epochs, '--samples', images, '--threads', THREADS, '--device', 'cpu'];
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, ...args, ...settings.map(String), '--mean', mean.join(), '--std', std.join()],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`scour cleanse failed (${signal ?? `exit code ${status}`}): ${stderr}`);
  return v.parse(Report, JSON.parse(stdout)).history.map(({ seconds }) => seconds);
}

function peer(): number[] {
  const script = path.join(SHARED, 'peers/bcu.py');
  const settings = ['--epochs', epochs, '--samples', images, '--threads', THREADS].map(String);
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script, CHECKPOINT, ...settings], {
    encoding: 'utf8',
  });
  const seconds = [...stdout.matchAll(/'seconds': ([\d.]+)/g)].map(([, value]) => Number(value));
  if (status !== 0 || seconds.length !== epochs) throw new Error(`The PyTorch peer failed: ${stderr}`);
  return seconds;
}

/** Neither side's first epoch is counted, where there are more: it meets cold caches and sizes of batches for the first time. */
function warmEpochs(runs: readonly Run[]): number[] {
  return runs.flatMap(({ epochs: all }) => (all.length > 1 ? all.slice(1) : all));
}

async function main(): Promise<void> {
  if (!existsSync(DATA)) throw new Error('../shared is absent: there is nothing to measure on.');
  if (!existsSync(CLI)) throw new Error('dist/cli.js is absent: npm run build first.');
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-bench-'));
  const runs = new Map<string, Run[]>();
  const note = (what: string, run: Run): void => {
    runs.set(what, [...(runs.get(what) ?? []), run]);
    process.stderr.write(
      `${what}: epochs ${run.epochs.map((each) => each.toFixed(2)).join(', ')} s; whole ${run.whole.toFixed(2)} s\n`,
    );
  };
  const firsts: number[] = [];
  const points: number[] = [];
  const phases: Phases[] = [];
  try {
    // In turn, so that a change in the machine's pace meets all of them.
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      const first = (): void => void firsts.push((performance.now() - started) / 1000);
      note('ours, in process', await timed(() => inProcess(folder, first)));
      points.push(await secondsToFirstPoint(panelOrder(), path.join(folder, `runs-${round}`)));
      note('scour cleanse', await timed(() => commandLine(folder)));
      note('PyTorch', await timed(peer));
      phases.push(
        await measurePhases({
          model: MODEL,
          data: DATA,
          samples: images,
          settings: SETTINGS,
          preprocessing: PREPROCESSING,
          threads: THREADS,
        }),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const theirs = { epoch: median(warmEpochs(runs.get('PyTorch')!)), whole: wholeOf(runs.get('PyTorch')!) };
  const rows = [...runs].map(([what, all]) => {
    const [epoch, whole] = [median(warmEpochs(all)), wholeOf(all)];
    return [
      what,
      `${epoch.toFixed(2)} s`,
      (images / epoch).toFixed(0),
      (theirs.epoch / epoch).toFixed(2),
      `${whole.toFixed(2)} s`,
      (theirs.whole / whole).toFixed(2),
    ];
  });
  const of = (phase: keyof Phases): number => median(phases.map((each) => each[phase]));
  const inEpoch = of('augment') + of('teacher') + of('step');
  const share = (phase: 'augment' | 'teacher' | 'step'): string[] => [
    phase === 'step' ? "student's step" : phase,
    `${of(phase).toFixed(2)} s`,
    `${((100 * of(phase)) / inEpoch).toFixed(0)} %`,
  ];
  const reached = theirs.epoch / median(warmEpochs(runs.get('ours, in process')!));
  process.stdout.write(
    [
      `BCU, ${images} images of 32 × 32, ResNet-18 of width 32, batch ${SETTINGS.batchSize}, ${epochs} epochs, ${THREADS} threads, CPU, ${rounds} rounds in turn, medians; ${machine()}`,
      '',
      textTable(['what', 'epoch', 'images/s', 'ratio', 'whole run', 'ratio'], rows, [
        false,
        true,
        true,
        true,
        true,
        true,
      ]),
      '',
      textTable(
        ['of an epoch', 'time', 'share'],
        [share('augment'), share('teacher'), share('step')],
        [false, true, true],
      ),
      `decoding, once a run: ${of('decode').toFixed(2)} s`,
      `from the start to the first loss, in process: ${median(firsts).toFixed(2)} s`,
      `from Run to the first point on the panel's curve, the engine's start included: ${median(points).toFixed(2)} s; goal: under ${FIRST_GOAL} s`,
      '',
      `ratio: PyTorch's time by ours; goal: ${GOAL}, reached: ${reached.toFixed(2)}`,
      '',
    ].join('\n'),
  );
  if (reached < GOAL || median(points) > FIRST_GOAL) process.exitCode = 1;
}

function wholeOf(runs: readonly Run[]): number {
  return median(runs.map(({ whole }) => whole));
}

await main();
