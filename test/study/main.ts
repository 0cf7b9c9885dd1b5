import { existsSync } from 'node:fs';
import path from 'node:path';
import { attacksOf } from '../../src/cli/attack-options';
import type { Command } from '../../src/cli/commands/command';
import { EXIT } from '../../src/cli/exit-code';
import { number, preprocessingOptions, seed, sessionOptions, text, texts } from '../../src/cli/options';
import type { OptionValues } from '../../src/cli/options';
import { runCommand } from '../../src/cli/runner';
import { openDataset } from '../../src/data/open-dataset';
import { stagesOf } from '../../src/defenses/bcu/stages';
import type { JobContext } from '../../src/engine/job-context';
import { openTrainable } from '../../src/engine/subjects/trainable';
import { writeAtomically } from '../../src/model/atomic-write';
import { UsageError } from '../../src/protocol/errors';
import { heading, paragraph, table } from '../../src/report/document';
import { documentMarkdown } from '../../src/report/document-markdown';
import { ROOT, SHARED, machine } from '../bench/machine';
import { measure, runCell, type Bench, type Cell } from './cell';
import { STUDIES, variantsOf, type Ranges, type Study } from './studies';
import { HEADER, row } from './summary';

const MOST = Number.MAX_SAFE_INTEGER;

const STUDY: Command = {
  name: 'study',
  usage: `npm run study -- ${STUDIES.join('|')} [options]`,
  summary: 'what BCU makes of one model under different settings, as means over seeds',
  help: [
    ['--model MODEL', 'a backdoored model (default: samples/badnets.onnx)'],
    ['--data DIR', 'unlabeled images to distil on'],
    ['--ood DIR', 'images of another distribution, for labels and ood; may be repeated'],
    ['--test DIR', 'labelled images that ACC, ASR and RA are measured on'],
    ['--attack NAME, --triggered DIR, --target K', 'as scour evaluate takes them (default: badnets, 0)'],
    ['--test-samples N', 'at most N of the labelled images (default: 1000)'],
    ['--seeds N', 'runs of each setting, with seeds 0 … N − 1 after --seed (default: 3)'],
    ['--epochs N', 'of each run (default: 10)'],
    ['--samples N', 'images of each run, where their number is not studied (default: 1000)'],
    ['--counts N,N,…', 'numbers of images, for images and ood (default: 250,500,1000)'],
    [
      '--presets NAME,…',
      'for ratios (default: increasing, uniform, decreasing, from-scan, each stage alone)',
    ],
    ['--us U,U,…', 'for combine (default: 4,3,2.5,2,1.5)'],
  ],
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    ood: { type: 'string', multiple: true },
    test: { type: 'string' },
    attack: { type: 'string', multiple: true },
    triggered: { type: 'string', multiple: true },
    target: { type: 'string' },
    'test-samples': { type: 'string' },
    seeds: { type: 'string' },
    epochs: { type: 'string' },
    samples: { type: 'string' },
    counts: { type: 'string' },
    presets: { type: 'string' },
    us: { type: 'string' },
  },

  async run([name, ...others], values, { context, warn }) {
    const study = STUDIES.find((each) => each === name);
    if (study === undefined || others.length > 0)
      throw new UsageError('bad-value', `Name one study: ${STUDIES.join(', ')}.`);
    const { bench, ranges } = await setUp(study, values, warn, context);
    const seeds = number(values, 'seeds', 3, 1, 1000, true);
    const variants = variantsOf(study, ranges);
    if (variants.length === 0) throw new UsageError('bad-value', 'There is nothing to compare.');
    const before = await measure(bench, bench.model, context.within(0, 0.01));
    const cells: Cell[][] = [];
    for (const [i, variant] of variants.entries()) {
      const own: Cell[] = [];
      for (let each = 0; each < seeds; each++) {
        const at = (place: number): number => 0.01 + (0.99 * place) / (variants.length * seeds);
        const part = context.within(at(i * seeds + each), at(i * seeds + each + 1));
        own.push(await runCell(bench, variant, seed(values) + each, part));
      }
      cells.push(own);
      warn(row(own).join('  '));
    }
    const original = ['the model as it is', before.acc, before.asr, before.ra, null, null, null].map(
      (cell) => (typeof cell === 'number' ? cell.toFixed(1) : (cell ?? '–')),
    );
    const json = path.join(bench.folder, 'study.json');
    const settings = { study, ...bench, ranges, seeds, machine: machine() };
    await writeAtomically(json, { force: true, inputs: [] }, (sink) =>
      sink(Buffer.from(`${JSON.stringify({ ...settings, before, cells: cells.flat() }, null, 2)}\n`)),
    );
    const markdown = documentMarkdown([
      heading(`Study: ${study}`),
      paragraph(
        `${path.relative(ROOT, bench.model)}, ${bench.epochs} epochs, seeds ${seed(values)} to ${seed(values) + seeds - 1}; ${machine()}`,
      ),
      table('Percent; mean ± standard deviation over seeds.', HEADER, [original, ...cells.map(row)]),
    ]);
    process.stdout.write(`${markdown}\n${path.relative(process.cwd(), json)} has every run.\n`);
    return EXIT.done;
  },
};

async function setUp(
  study: Study,
  values: OptionValues,
  warn: (message: string) => void,
  context: JobContext,
): Promise<{ bench: Bench; ranges: Ranges }> {
  const model = path.resolve(text(values, 'model') ?? path.join(ROOT, 'samples/badnets.onnx'));
  const data = folderOf(values, 'data', 'data/cifar10/unlabeled', 'unlabeled images to distil on');
  const test = folderOf(values, 'test', 'data/cifar10/test', 'labelled images to measure on');
  const given = texts(values, 'ood').map((each) => path.resolve(each));
  const shared = path.join(SHARED, 'data/ood');
  const ood = given.length > 0 ? given : existsSync(shared) ? [shared] : [];
  if (study === 'ood' && ood.length === 0)
    throw new UsageError('missing-argument', '--ood is missing: give a folder of images unlike the model’s.');
  const attacks = attacksOf(
    text(values, 'target') === undefined ? { attack: ['badnets'], ...values, target: '0' } : values,
  );
  const trainable = openTrainable(model, 'to cleanse it');
  let stages: string[];
  let sha256: string;
  try {
    stages = stagesOf(trainable.file).map((stage) => stage.name);
    ({ sha256 } = await trainable.hash(context.within(0, 0)));
  } finally {
    trainable.close();
  }
  const held = (await openDataset(data)).samples.length;
  const asked = list(values, 'counts', [250, 500, 1000], 2);
  const counts = asked.filter((count) => count <= held);
  if ((study === 'images' || study === 'ood') && counts.length < asked.length)
    warn(`${data} has ${held} images: larger numbers are left out.`);
  const presets = text(values, 'presets')?.split(',') ?? [
    ...['increasing', 'uniform', 'decreasing', 'from-scan'],
    ...stages.map((name) => `single:${name}`),
  ];
  return {
    bench: {
      model,
      sha256,
      epochs: number(values, 'epochs', 10, 1, 100_000, true),
      test: {
        data: test,
        attacks,
        target: text(values, 'target') ?? '0',
        limit: number(values, 'test-samples', 1000, 1, MOST, true),
      },
      preprocessing: preprocessingOptions(values),
      run: sessionOptions(values),
      folder: path.join(ROOT, 'out/study', study),
    },
    ranges: {
      data,
      ood,
      samples: number(values, 'samples', 1000, 2, MOST, true),
      counts,
      presets,
      us: list(values, 'us', [4, 3, 2.5, 2, 1.5], 0),
    },
  };
}

/** A folder that is given, or that lies in `../shared`. Throws UsageError. */
function folderOf(values: OptionValues, name: string, within: string, what: string): string {
  const given = text(values, name);
  if (given !== undefined) return path.resolve(given);
  const shared = path.join(SHARED, within);
  if (existsSync(shared)) return shared;
  throw new UsageError('missing-argument', `--${name} is missing: give a folder of ${what}.`);
}

/** Numbers separated by commas, none under `least`. Throws UsageError. */
function list(values: OptionValues, name: string, fallback: readonly number[], least: number): number[] {
  const given = text(values, name);
  if (given === undefined) return [...fallback];
  return given.split(',').map((each) => number({ [name]: each }, name, NaN, least, MOST));
}

process.exitCode = await runCommand(STUDY, process.argv.slice(2));
