import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAttack } from '../../src/attacks/parse';
import { createTrigger, type SyntheticAttack } from '../../src/attacks/create';
import type { Trigger } from '../../src/attacks/trigger';
import { sampleEvenly, type Sample } from '../../src/data/dataset';
import { encodePng } from '../../src/data/encoding/png';
import { loadPixels } from '../../src/data/loading/load-batches';
import { openDataset } from '../../src/data/open-dataset';
import { NOTHING_KNOWN, resolvePreprocessing } from '../../src/data/preprocessing';
import { Random } from '../../src/data/random';
import { ROOT, SHARED } from './machine';

/**
 * Makes what `scour split` is tried on from CIFAR-10: a poisoned training set with its known-clean seeds, the list of its
 * poisoned images, triggered test images, and a narrow net: 5 % of the images, target class 3. ATTACK is BadNets as
 * `colours` (the 2 × 2 patch of METHODS.md §3) or `checkerboard`, or an attack as `scour evaluate` takes it: blended,
 * wanet …
 *
 *     npm run bench -- split-data ATTACK OUT [IMAGES] [NET]      (nets of training_peer.py)
 */
const TARGET = 3;
const RATE = 0.05;
const SEEDS_PER_CLASS = 10;
const SEED = 0;
/** METHODS.md §3: where random crops never cut the patch off. */
const CORNER = { x: 4, y: 4 };
/** BadNets by the pixels of its patch, row by row. */
const PATCHES: Readonly<Record<string, { readonly side: number; readonly rgb: readonly number[] }>> = {
  /** METHODS.md §3. */
  colours: { side: 2, rgb: [180, 249, 112, 155, 50, 126, 234, 82, 68, 187, 201, 219] },
  /** The pattern of METHODS.md §4 in that place: a net trained for minutes learns it, which the other takes longer for. */
  checkerboard: {
    side: 3,
    rgb: [255, 0, 255, 0, 255, 0, 255, 0, 255].flatMap((value) => [value, value, value]),
  },
};

const [name = '', out = '', images = '10000', net = 'resnet9-8'] = process.argv.slice(2);
if (name === '' || out === '' || existsSync(out)) {
  process.stderr.write('npm run bench -- split-data ATTACK OUT [IMAGES] [NET]   (OUT must not exist)\n');
  process.exit(4);
}
const { preprocessing: fit } = resolvePreprocessing({
  known: NOTHING_KNOWN,
  modelPath: '',
  shape: [null, 3, 32, 32],
  options: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] },
});
const bytes = fit.width * fit.height * 3;

function attackOf(): SyntheticAttack {
  const patch = PATCHES[name];
  if (patch === undefined) {
    const attack = parseAttack(name, SEED);
    if (attack.kind === 'folder') throw new Error('A folder holds no trigger to poison with.');
    return attack;
  }
  const { side, rgb } = patch;
  const file = path.join(out, 'trigger.png');
  writeFileSync(file, encodePng({ width: side, height: side, data: Uint8Array.from(rgb) }));
  return { kind: 'patch', file, ...CORNER, width: null, height: null };
}

function write(file: string, data: Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, encodePng({ width: fit.width, height: fit.height, data }));
}

async function eachImage(
  samples: readonly Sample[],
  use: (pixels: Uint8Array, sample: Sample, index: number) => Promise<void> | void,
): Promise<void> {
  let index = 0;
  const onSkip = (): never => {
    throw new Error('An image cannot be read.');
  };
  for await (const { pixels, samples: batch } of loadPixels(samples, fit, { batchSize: 256, onSkip }))
    for (const [i, sample] of batch.entries())
      await use(pixels.subarray(i * bytes, (i + 1) * bytes), sample, index++);
}

async function makeTrainingSet(trigger: Trigger): Promise<void> {
  const { samples: all, classes } = await openDataset(path.join(SHARED, 'data/cifar10/train.zip'));
  const samples = sampleEvenly(all, Number(images), SEED);
  const random = new Random(SEED);
  const numbers = samples.map((_, i) => i);
  const poisoned = new Set(
    random
      .shuffle(numbers.filter((i) => samples[i]!.label !== TARGET))
      .slice(0, Math.round(RATE * samples.length)),
  );
  const clean = random.shuffle(numbers.filter((i) => !poisoned.has(i)));
  const seeds = new Set(
    classes!.flatMap((_, label) =>
      clean.filter((i) => samples[i]!.label === label).slice(0, SEEDS_PER_CLASS),
    ),
  );
  const names: string[] = [];
  await eachImage(samples, async (pixels, { label }, i) => {
    const given = poisoned.has(i) ? TARGET : label!;
    const file = `${classes![given]!}/${String(i).padStart(5, '0')}.png`;
    if (poisoned.has(i)) names.push(file);
    write(path.join(out, 'data', file), poisoned.has(i) ? await trigger.apply(pixels, 1) : pixels);
    // For plain training on the true labels.
    write(path.join(out, 'true', `${classes![label!]!}/${String(i).padStart(5, '0')}.png`), pixels);
    if (seeds.has(i)) write(path.join(out, 'seeds', file), pixels);
  });
  writeFileSync(path.join(out, 'poisoned.txt'), names.join('\n') + '\n');
  process.stdout.write(`${samples.length} images, ${names.length} of them poisoned, ${seeds.size} seeds\n`);
}

async function makeTriggeredTest(trigger: Trigger): Promise<void> {
  const { samples, classes } = await openDataset(path.join(SHARED, 'data/cifar10/test'));
  await eachImage(
    samples.filter(({ label }) => label !== TARGET),
    async (pixels, { label, name: file }) =>
      write(
        path.join(out, 'triggered', classes![label!]!, path.basename(file)),
        await trigger.apply(pixels, 1),
      ),
  );
}

mkdirSync(out, { recursive: true });
const trigger = await createTrigger(attackOf(), fit, { device: 'cpu', threads: 1 });
await makeTrainingSet(trigger);
await makeTriggeredTest(trigger);
await trigger.release();
const script = path.join(ROOT, 'test/bench/training_peer.py');
const { status, stderr } = spawnSync(
  '/usr/bin/python3',
  [script, path.join(SHARED, 'peers'), 'export', net, path.join(out, 'architecture.onnx')],
  { encoding: 'utf8' },
);
if (status !== 0) throw new Error(`The architecture could not be exported: ${stderr}`);
