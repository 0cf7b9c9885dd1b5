import path from 'node:path';
import { openDataset } from '../../src/data/open-dataset';
import { PixelPool } from '../../src/data/pixel-pool';
import { NOTHING_KNOWN, resolvePreprocessing } from '../../src/data/preprocessing';
import { augment } from '../../src/data/augment';
import { streamOf } from '../../src/data/random';
import { toTensor } from '../../src/data/tensor';
import { drawFreshWeights } from '../../src/defenses/asd/fresh-weights';
import { infer, SPLIT_LOSS } from '../../src/defenses/asd/infer';
import { freshStream } from '../../src/defenses/asd/run';
import { exactBatches, type LabelledImages } from '../../src/defenses/asd/training-set';
import { openOnnx } from '../../src/model/onnx/open';
import { PAPER } from '../../src/protocol/split-schedules';
import { crossEntropy, symmetricCrossEntropy } from '../../src/training/losses';
import { adam } from '../../src/training/optimizers';
import { cosine } from '../../src/training/schedules';
import { Trainer } from '../../src/training/trainer';
import { SHARED, machine } from './machine';

/**
 * Plain training (cross entropy, Adam, cosine decay, the augmentation of ASD) of what `split-data` made, to compare
 * `scour split` with: on the poisoned set as it is, or with `true` on the same images with their true labels.
 *
 *     npm run bench -- split-plain FOLDER [data|true] [EPOCHS] [THREADS]
 */
const BATCH = 128;
const [folder = '', which = 'data', epochsGiven = '15', threads = '2'] = process.argv.slice(2);
if (folder === '' || !['data', 'true'].includes(which)) {
  process.stderr.write('npm run bench -- split-plain FOLDER [data|true] [EPOCHS] [THREADS]\n');
  process.exit(4);
}
const TARGET = 3;
const epochs = Number(epochsGiven);
const { preprocessing } = resolvePreprocessing({
  known: NOTHING_KNOWN,
  modelPath: '',
  shape: [null, 3, 32, 32],
  options: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] },
});

async function load(root: string, classes: readonly string[] | null): Promise<LabelledImages> {
  const set = await openDataset(root);
  const pool = await PixelPool.load(root, set.samples, preprocessing, {
    onProgress: () => Promise.resolve(),
  });
  // A triggered set leaves out its target's folder, so classes go by name.
  const number = (label: number): number => (classes ?? set.classes!).indexOf(set.classes![label]!);
  return { pool, labels: Int32Array.from(pool.samples, ({ label }) => number(label!)), preprocessing };
}

const { classes } = await openDataset(path.join(folder, which));
const set = await load(path.join(folder, which), classes);
const test = await load(path.join(SHARED, 'data/cifar10/test'), classes);
const triggered = await load(path.join(folder, 'triggered'), classes);
const file = openOnnx(path.join(folder, 'architecture.onnx'));
const trainer = await Trainer.create(file.model, file.reader, {
  loss: [{ loss: crossEntropy() }],
  measures: new Map([[SPLIT_LOSS, symmetricCrossEntropy()]]),
  optimizer: adam(),
  schedule: cosine(PAPER.rate, epochs * Math.floor(set.pool.size / BATCH)),
  threads: Number(threads),
  image: [3, 32, 32],
});
await drawFreshWeights(trainer, file, freshStream(PAPER.seed));
process.stdout.write(`${machine()}; ${which}, ${epochs} epochs, ${threads} threads\n`);
const started = performance.now();
for (let epoch = 0; epoch < epochs; epoch++) {
  const random = streamOf(PAPER.seed, epoch + 1);
  const order = random.shuffle(Array.from({ length: set.pool.size }, (_, i) => i));
  let loss = 0;
  let steps = 0;
  for await (const { pixels, samples } of exactBatches(
    set,
    order.slice(0, order.length - (order.length % BATCH)),
    BATCH,
  )) {
    const images = toTensor(
      augment(pixels, preprocessing, PAPER.augmentation, random),
      samples.length,
      preprocessing,
    );
    const targets = { labels: samples.map((sample) => set.labels[sample]!) };
    loss += (await trainer.step({ images, size: samples.length, targets })).loss;
    steps++;
  }
  if ((epoch + 1) % 5 === 0 || epoch + 1 === epochs) await measure(epoch, loss / steps);
}

async function measure(epoch: number, loss: number): Promise<void> {
  const options = { augmentation: null, random: streamOf(0, 0), onProgress: () => Promise.resolve() };
  const clean = await infer(trainer, test, options);
  const acc =
    (100 * clean.predicted.filter((predicted, i) => predicted === test.labels[i]).length) / test.pool.size;
  const attacked = await infer(trainer, triggered, options);
  const asr =
    (100 * attacked.predicted.filter((predicted) => predicted === TARGET).length) / triggered.pool.size;
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `epoch ${epoch + 1}: loss ${loss.toFixed(3)}, ACC ${acc.toFixed(2)}, ASR ${asr.toFixed(2)}, ${seconds.toFixed(0)} s\n`,
  );
}
