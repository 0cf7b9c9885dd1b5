import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/data/encoding/png';
import { ratiosByLayer, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { int, ints, node } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel } from '../../src/model/onnx/graph';
import type { CleanseReport } from '../../src/protocol/cleanse';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { cleanseOptions } from '../support/cleanse';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { netOf, smallNet, trainerIn, weights } from '../support/small-net';

const SIDE = 6;

/** PNGs of 6 × 6 pixels: each of its own grey level, or all of one. */
function writeImages(folder: string, count: number, isSame = false): void {
  mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(SIDE * SIDE * 3).fill(isSame ? 100 : 10 * i);
    writeFileSync(path.join(folder, `${i}.png`), encodePng({ width: SIDE, height: SIDE, data }));
  }
}

/** The small network with nodes put behind its scores. */
function endingIn(...nodes: ReturnType<typeof node>[]): OnnxModel {
  const net = smallNet();
  const inner = net.graph.nodes.map((each) =>
    each.opType === 'Gemm' ? { ...each, name: 'gemm', outputs: ['raw'] } : each,
  );
  return { ...net, graph: { ...net.graph, nodes: [...inner, ...nodes] } };
}

/** A network of a convolution and a linear layer that takes images of so many channels. */
function ofChannels(channels: number): OnnxModel {
  return netOf(
    [
      node('Conv', ['x', 'w'], ['c'], {}),
      node('GlobalAveragePool', ['c'], ['p']),
      node('Flatten', ['p'], ['f'], { axis: int(1) }),
      node('Gemm', ['f', 'v'], ['logits'], { transB: int(1) }),
    ],
    [weights('w', [5, channels, 3, 3], 1), weights('v', [4, 5], 2)],
    17,
    ['batch', channels, SIDE, SIDE],
  );
}

interface Case {
  readonly model?: OnnxModel;
  readonly images?: (folder: string) => void;
  readonly changes?: Partial<CleanseOptions>;
}

/** Cleanses what a case describes, in a folder that afterwards holds nothing but what the case put there. */
function cleansed({ model = smallNet(), images, changes = {} }: Case): Promise<CleanseReport> {
  return inTemporaryFolder(async (folder) => {
    const [data, file, output] = ['data', 'net.onnx', 'out.onnx'].map((name) => path.join(folder, name));
    (images ?? ((at: string) => writeImages(at, 12)))(data!);
    writeFileSync(file!, encodeModel(model));
    const brief = { samples: 1000, epochs: 1, batchSize: 4 };
    try {
      return await cleanseModel(
        file!,
        { ...cleanseOptions(output!, brief), data: data!, ...changes },
        quiet(),
      );
    } catch (error) {
      expect(readdirSync(folder).sort()).toEqual(['data', 'net.onnx']);
      throw error;
    }
  });
}

describe('cleansing refuses, says why, and leaves nothing behind', () => {
  it.each<[string, Case, string | RegExp]>([
    ['a folder without images', { images: (at) => mkdirSync(at) }, /no images/i],
    ['a single image', { images: (at) => writeImages(at, 1) }, 'only 1 of its images can be read'],
    [
      'images none of which can be read',
      {
        images: (at) => {
          mkdirSync(at);
          for (const name of ['a.png', 'b.png', 'c.jpg']) writeFileSync(path.join(at, name), 'no image');
        },
      },
      'only 0 of its images can be read',
    ],
    [
      'images that are all the same',
      { images: (at) => writeImages(at, 5, true) },
      'all its images are the same',
    ],
    ['a model of four channels', { model: ofChannels(4) }, 'has 4 channels'],
    [
      'grey images for a model of three channels',
      { changes: { preprocessing: { channels: 'grey' } } },
      /takes 3 channels, but grey images have 1/,
    ],
    [
      'scores that are no row an image: a number for all',
      { model: endingIn(node('ReduceMean', ['raw'], ['logits'], { keepdims: int(0) })) },
      /output 'logits' of shape \[\] does not divide into 8 images/,
    ],
    [
      'one score an image',
      { model: endingIn(node('ReduceMax', ['raw'], ['logits'], { axes: ints([1]), keepdims: int(1) })) },
      /output 'logits' holds 8 numbers for 8 images/,
    ],
    [
      'too few ratios',
      { changes: { choose: (stages) => ({ ratios: ratiosByStage(stages, [0.1]), clpU: null }) } },
      /takes \d values for this model \(stem/,
    ],
    [
      'a ratio out of range',
      {
        changes: {
          choose: (stages) => ({
            ratios: ratiosByStage(
              stages,
              stages.map(() => 1.5),
            ),
            clpU: null,
          }),
        },
      },
      /1\.5/,
    ],
    [
      'a ratio for a layer that does not exist',
      {
        changes: {
          choose: (stages) => ({
            ratios: ratiosByLayer(stages, '{"nowhere": 0.1}', 'ratios.json'),
            clpU: null,
          }),
        },
      },
      /ratios\.json.*nowhere/,
    ],
    [
      'ratios that are no numbers',
      {
        changes: {
          choose: (stages) => ({ ratios: ratiosByLayer(stages, '[1, 2]', 'ratios.json'), clpU: null }),
        },
      },
      'ratios.json',
    ],
  ])('%s', { timeout: 60_000 }, async (_, described, message) => {
    const error: unknown = await cleansed(described).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string });
    expect((error as Error).name).toMatch(/^(DataError|RuntimeError|UsageError|TrainingError)$/);
  });
});

it('training refuses what is no classifier before anything else is tried', async () => {
  const scalar = endingIn(node('ReduceMean', ['raw'], ['logits'], { keepdims: int(0) }));
  const options = { loss: [], optimizer: sgd(), schedule: constant(0.1) };
  await expect(trainerIn(scalar, options)).rejects.toMatchObject({ reason: 'unsupported-model' });
});

describe('cleansing goes on', () => {
  it('without the images that cannot be read, which it names', { timeout: 60_000 }, async () => {
    const report = await cleansed({
      images: (at) => {
        writeImages(at, 6);
        writeFileSync(path.join(at, 'broken.png'), 'no image');
      },
    });
    expect(report.data.skipped.map(({ path: name }) => name)).toEqual(['broken.png']);
    expect(report.notes.join(' ')).toMatch(/1 image could not be read.*|Only 6 images/);
  });

  it('with a model of grey images, and with one that ends in a softmax', { timeout: 60_000 }, async () => {
    expect((await cleansed({ model: ofChannels(1) })).preprocessing.channels).toBe('grey');
    const plain = await cleansed({});
    const ended = await cleansed({ model: endingIn(node('Softmax', ['raw'], ['logits'], { axis: int(1) })) });
    expect(ended.history[0]!.loss).toBeCloseTo(plain.history[0]!.loss, 5);
  });
});
