import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/data/encoding/png';
import { openDataset } from '../../src/data/open-dataset';
import { PixelPool } from '../../src/data/pixel-pool';
import { distil, lossOf, optimizerOf, type Distillation } from '../../src/defenses/bcu/distil';
import { teacherOf, type Teacher } from '../../src/defenses/bcu/teacher';
import { node } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel } from '../../src/model/onnx/graph';
import { openOnnx } from '../../src/model/onnx/open';
import type { Preprocessing } from '../../src/protocol/preprocessing';
import { Classifier } from '../../src/runtime/classifier';
import { constant } from '../../src/training/schedules';
import type { Batch } from '../../src/training/batch';
import { Trainer } from '../../src/training/trainer';
import { inTemporaryFolder } from '../support/jobs';
import { smallNet } from '../support/small-net';

const PREPROCESSING: Preprocessing = {
  height: 6,
  width: 6,
  resize: null,
  filter: 'bilinear',
  layout: 'nchw',
  channels: 'rgb',
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
  source: 'options',
};
const RUN = { device: 'cpu', threads: 1 } as const;

function writeImages(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < count; n++) {
    const data = Uint8Array.from({ length: 108 }, (_, i) => 1 + ((i * 31 + n * 97) % 255));
    writeFileSync(
      path.join(folder, `${String(n).padStart(3, '0')}.png`),
      encodePng({ width: 6, height: 6, data }),
    );
  }
}

async function poolOf(folder: string, keep?: number): Promise<PixelPool> {
  return PixelPool.load(folder, (await openDataset(folder)).samples, PREPROCESSING, {
    onProgress: () => Promise.resolve(),
    ...(keep === undefined ? {} : { keep }),
  });
}

interface Rig {
  readonly run: Distillation;
  readonly batches: Batch[];
  readonly options: { scalars?: Readonly<Record<string, number>>; rate?: number }[];
}

/** A run on a small net whose steps are written down. */
async function rig(
  folder: string,
  changes: Partial<Distillation['settings']> = {},
  model = smallNet(),
): Promise<Rig> {
  const file = path.join(folder, 'net.onnx');
  writeFileSync(file, encodeModel(model));
  const open = openOnnx(file);
  const settings: Distillation['settings'] = {
    epochs: 3,
    batchSize: 4,
    rate: 0.1,
    labels: 'soft',
    temperature: null,
    augmentation: { pad: 0, flip: false },
    seed: 0,
    ...changes,
  };
  const trainer = await Trainer.create(open.model, open.reader, {
    loss: lossOf(settings),
    optimizer: optimizerOf(),
    schedule: constant(NaN),
    image: [3, 6, 6],
  });
  const [batches, options]: [Batch[], Rig['options']] = [[], []];
  const step = trainer.step.bind(trainer);
  trainer.step = (batch, given) => {
    batches.push(batch);
    options.push(given ?? {});
    return step(batch, given);
  };
  const teacher = teacherOf(open, await Classifier.open(file, RUN));
  const run: Distillation = {
    trainer,
    teacher,
    pool: await poolOf(path.join(folder, 'images')),
    preprocessing: PREPROCESSING,
    settings,
    from: { history: [], partial: null },
    onTeach: () => Promise.resolve(),
    onStep: () => Promise.resolve(),
    measure: () => Promise.resolve({}),
    onEpoch: () => Promise.resolve(),
  };
  open.close();
  return { run, batches, options };
}

describe('distillation', () => {
  it('raises the temperature, lowers the rate by epoch, and shows each image once an epoch', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 10);
      const { run, batches, options } = await rig(folder);
      const { history, diverged } = await distil(run);
      expect(diverged).toBeNull();
      expect(history.map(({ temperature }) => temperature)).toEqual([2, 3, 4]);
      const rates = [0, 1, 2].map((epoch) => (0.1 * (1 + Math.cos((Math.PI * epoch) / 3))) / 2);
      expect(history.map(({ rate }) => rate)).toEqual(rates);
      expect(batches.map(({ size }) => size)).toEqual([4, 4, 2, 4, 4, 2, 4, 4, 2]);
      expect(options.map(({ scalars }) => scalars?.['temperature'])).toEqual([2, 2, 2, 3, 3, 3, 4, 4, 4]);
      expect(options[3]!.rate).toBe(rates[1]);
      const shown = (epoch: number): string[] =>
        batches
          .slice(epoch * 3, epoch * 3 + 3)
          .flatMap(({ images, size }) =>
            Array.from({ length: size }, (_, i) => images.slice(i * 108, (i + 1) * 108).join()),
          );
      expect(new Set(shown(0)).size).toBe(10);
      expect(shown(1)).not.toEqual(shown(0));
      expect([...shown(1)].sort()).toEqual([...shown(0)].sort());
    }));

  it('starts at a loss of nothing for a student that is its teacher in all but batch statistics', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 8);
      const { run, batches } = await rig(folder, { epochs: 1, batchSize: 8 });
      const { history } = await distil(run);
      const given = batches[0]!;
      const { logits } = await run.teacher.logits(given.images, 8, [3, 6, 6]);
      expect([...logits]).toEqual([...(given.targets['teacher'] as Float32Array)]);
      expect(history[0]!.loss).toBeGreaterThan(0);
      expect(history[0]!.loss).toBeLessThan(0.2);
    }));

  it('leaves out one image rather than make a batch of one', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 9);
      const { run, batches } = await rig(folder, { epochs: 1 });
      await distil(run);
      expect(batches.map(({ size }) => size)).toEqual([4, 4]);
    }));

  it('teaches the predicted class with hard labels', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 8);
      const { run, batches } = await rig(folder, { epochs: 1, labels: 'hard' });
      await distil(run);
      for (const { images, size, targets } of batches) {
        const { logits } = await run.teacher.logits(images, size, [3, 6, 6]);
        const best = Array.from({ length: size }, (_, i) => {
          const row = [...logits.subarray(i * 4, i * 4 + 4)];
          return row.indexOf(Math.max(...row));
        });
        expect([...(targets['labels'] as Int32Array)]).toEqual(best);
      }
    }));

  it('asks the teacher about each image once where images do not change, and about each batch where they do', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 10);
      const asked = async (pad: number): Promise<{ sizes: number[]; losses: number[] }> => {
        const { run } = await rig(folder, { augmentation: { pad, flip: false } });
        const sizes: number[] = [];
        const teacher: Teacher = {
          logits: (images, count, dims) => {
            sizes.push(count);
            return run.teacher.logits(images, count, dims);
          },
        };
        const { history } = await distil({ ...run, teacher });
        return { sizes, losses: history.map(({ loss }) => loss) };
      };
      const once = await asked(0);
      expect(once.sizes).toEqual([4, 4, 2]);
      expect((await asked(1)).sizes).toEqual([4, 4, 2, 4, 4, 2, 4, 4, 2]);

      // The same targets as when asked anew: a pool that is not in memory cannot be remembered.
      const { run } = await rig(folder);
      const pool = await poolOf(path.join(folder, 'images'), 0);
      const anew = await distil({ ...run, pool });
      anew.history.forEach(({ loss }, i) => expect(loss).toBeCloseTo(once.losses[i]!, 6));
    }));

  it.each([
    { pad: 1, flip: true },
    { pad: 0, flip: false },
  ])('goes on after any step as if it had never stopped: %o', (augmentation) =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 10);
      const whole = await rig(folder, { augmentation });
      const { history } = await distil(whole.run);
      const figures = (epochs: typeof history) => epochs.map((epoch) => ({ ...epoch, seconds: 0 }));
      for (const stopAfter of [1, 3, 5]) {
        const { run } = await rig(folder, { augmentation });
        let steps = 0;
        let kept: [Distillation['from'], Awaited<ReturnType<Trainer['snapshot']>>] | null = null;
        const stopped = distil({
          ...run,
          onStep: async ({ progress }) => {
            if (++steps < stopAfter) return;
            kept = [progress, await run.trainer.snapshot()];
            throw new Error('stop');
          },
        });
        await expect(stopped).rejects.toThrow('stop');
        const [from, snapshot] = kept!;
        const next = await rig(folder, { augmentation });
        next.run.trainer.restore(snapshot);
        const resumed = await distil({ ...next.run, from });
        expect(figures(resumed.history)).toEqual(figures(history));
        expect(await next.run.trainer.snapshot()).toEqual(await whole.run.trainer.snapshot());
        expect(next.batches).toHaveLength(whole.batches.length - stopAfter);
      }
    }),
  );

  it('keeps a constant temperature where one is given', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(path.join(folder, 'images'), 4);
      const { run } = await rig(folder, { temperature: 1.5 });
      expect((await distil(run)).history.map(({ temperature }) => temperature)).toEqual([1.5, 1.5, 1.5]);
    }));
});

describe('teacher', () => {
  const withEnd = (opType: string): OnnxModel => {
    const net = smallNet();
    const nodes = net.graph.nodes.map((each) =>
      each.opType === 'Gemm' ? { ...each, name: 'gemm', outputs: ['raw'] } : each,
    );
    return { ...net, graph: { ...net.graph, nodes: [...nodes, node(opType, ['raw'], ['logits'])] } };
  };
  const softmax = (row: readonly number[]): number[] => {
    const powers = row.map((value) => Math.exp(value - Math.max(...row)));
    return powers.map((value) => value / powers.reduce((a, b) => a + b));
  };
  const teach = async (folder: string, model: OnnxModel): Promise<Teacher> => {
    const file = path.join(folder, 'teacher.onnx');
    writeFileSync(file, encodeModel(model));
    const open = openOnnx(file);
    const teacher = teacherOf(open, await Classifier.open(file, RUN));
    open.close();
    return teacher;
  };
  const images = Float32Array.from({ length: 324 }, (_, i) => Math.cos(i));

  it.each(['Softmax', 'LogSoftmax', 'Identity'])('gives scores whose softmax is the model’s: %s', (end) =>
    inTemporaryFolder(async (folder) => {
      const plain = await (await teach(folder, smallNet())).logits(images, 3, [3, 6, 6]);
      const ended = await (await teach(folder, withEnd(end))).logits(images, 3, [3, 6, 6]);
      for (let i = 0; i < 3; i++) {
        const [a, b] = [plain, ended].map(({ logits }) =>
          softmax([...logits.subarray(i * 4, i * 4 + 4)].map((value) => value / 3)),
        );
        a!.forEach((value, k) => expect(b![k]).toBeCloseTo(value, 5));
      }
    }),
  );

  it('refuses to teach what is no number', () =>
    inTemporaryFolder(async (folder) => {
      const teacher = await teach(folder, smallNet());
      await expect(teacher.logits(images.slice().fill(NaN), 3, [3, 6, 6])).rejects.toMatchObject({
        reason: 'unsupported-model',
      });
    }));
});

describe('pool of images', () => {
  it('gives the same pixels kept in memory and decoded anew, and leaves out what is broken', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(folder, 7);
      writeFileSync(path.join(folder, '003.png'), 'no image');
      const order = [5, 0, 3, 3, 1];
      const [kept, anew]: [Uint8Array[], Uint8Array[]] = [[], []];
      for (const [limit, into] of [
        [undefined, kept],
        [0, anew],
      ] as const) {
        const pool = await poolOf(folder, limit);
        expect(pool.size).toBe(6);
        expect(pool.skipped.map(({ path: name }) => name)).toEqual(['003.png']);
        for await (const pixels of pool.batches(order, 2)) into.push(pixels);
      }
      expect(kept.map(({ length }) => length)).toEqual([216, 216, 108]);
      expect(anew.map((each) => [...each])).toEqual(kept.map((each) => [...each]));
    }));

  it('refuses images that are all the same, and fewer than two', () =>
    inTemporaryFolder(async (folder) => {
      writeImages(folder, 1);
      await expect(poolOf(folder)).rejects.toThrow('1 of its images can be read');
      const data = new Uint8Array(108);
      for (const name of ['000', 'a', 'b'])
        writeFileSync(path.join(folder, `${name}.png`), encodePng({ width: 6, height: 6, data }));
      await expect(poolOf(folder)).rejects.toThrow('all its images are the same');
    }));
});
