import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTrigger, type SyntheticAttack } from '../../src/attacks/create';
import { readPicture } from '../../src/attacks/read-picture';
import { sampling, sampleImage, upsampleBicubic } from '../../src/attacks/warp';
import { warpGrid } from '../../src/attacks/wanet';
import type { Image } from '../../src/data/image';
import { float, floatTensor, graphOf, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import { DataError, RuntimeError, UsageError } from '../../src/protocol/errors';
import type { Preprocessing } from '../../src/protocol/preprocessing';
import { inTemporaryFolder } from '../support/jobs';
import { readNpz } from '../support/npz';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

const FOLDER = path.join(FIXTURES, 'attacks');
const CPU = { device: 'cpu', threads: 1 } as const;
const fixture = (name: string): string => path.join(FOLDER, name);

function preprocessing({ width, height }: { width: number; height: number }): Preprocessing {
  return {
    width,
    height,
    resize: null,
    filter: 'bilinear',
    layout: 'nchw',
    channels: 'rgb',
    mean: [0.5, 0.4, 0.3],
    std: [0.2, 0.25, 0.3],
    source: 'options',
  };
}

async function triggered(attack: SyntheticAttack, image: Image): Promise<Uint8Array> {
  const trigger = await createTrigger(attack, preprocessing(image), CPU);
  try {
    return await trigger.apply(image.data, image.data.length / (image.width * image.height * 3));
  } finally {
    await trigger.release();
  }
}

const square = { kind: 'badnets', pattern: 'checkerboard', size: null, position: 'bottom-right' } as const;
const warp = { kind: 'wanet', k: 4, s: 0.5, seed: 0, points: fixture('points.json') } as const;
/** What make_attacks.py draws with NumPy, Pillow and PyTorch; every picture was looked at (sheet.png). */
const REFERENCES: readonly (readonly [name: string, attack: SyntheticAttack])[] = [
  ['badnets', square],
  ['badnets-bcu', { ...square, pattern: 'bcu' }],
  ['badnets-white-6-top-left', { ...square, pattern: 'white', size: 6, position: 'top-left' }],
  ['badnets-bcu-7-top-right', { ...square, pattern: 'bcu', size: 7, position: 'top-right' }],
  ['patch', { kind: 'patch', file: fixture('patch.png'), x: 4, y: 5, width: null, height: null }],
  ['blended', { kind: 'blended', alpha: 0.2, pattern: fixture('pattern.png'), seed: 0 }],
  ['sig', { kind: 'sig', delta: 20, frequency: 6 }],
  ['sig-60-3', { kind: 'sig', delta: 60, frequency: 3 }],
  ['lc', { kind: 'lc', pattern: 'checkerboard', size: null }],
  ['wanet', warp],
  ['wanet-2', { ...warp, s: 2 }],
  ['wanet-2', { ...warp, s: 2, points: fixture('points.npy') }],
];

describe('triggers look as NumPy, Pillow and PyTorch draw them', () => {
  for (const size of ['32', '56x48']) {
    it.each(REFERENCES)(`%s at ${size}`, async (name, attack) => {
      const input = await readPicture(fixture(`input-${size}.png`));
      const before = Uint8Array.from(input.data);
      const wanted = await readPicture(fixture(`${name}-${size}.png`));
      const made = await triggered(attack, input);
      let changed = 0;
      let worst = 0;
      made.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - wanted.data[i]!));
        if (value !== before[i]) changed++;
      });
      // Float32 control points of the .npy file may fall on the other side of a half.
      expect(worst).toBeLessThanOrEqual(name.startsWith('wanet') ? 1 : 0);
      expect(changed).toBeGreaterThan(0);
      expect(input.data).toEqual(before);
    });
  }
});

describe.skipIf(!HAS_SHARED)(`WaNet against PyTorch's bicubic and grid_sample${NEEDS_SHARED}`, () => {
  const golden = HAS_SHARED ? readNpz(path.join(SHARED, 'golden/wanet.npz')) : new Map<string, never>();
  const values = (name: string): Float64Array => Float64Array.from(golden.get(name)!.data as Float32Array);
  const k = 4;

  it.each([32, 48])('flow and grid at %i', (side) => {
    const size = { width: side, height: side };
    const p = values('p');
    const mean = p.reduce((sum, value) => sum + Math.abs(value), 0) / p.length;
    const flow = values(`flow${side}`);
    const grid = warpGrid({ k, values: p }, 0.5, size);
    const reference = values(`grid${side}`);
    for (const axis of [0, 1]) {
      const field = p.subarray(axis * k * k, (axis + 1) * k * k).map((value) => value / mean);
      const up = upsampleBicubic(field, k, size);
      for (let i = 0; i < side * side; i++) {
        expect(Math.abs(up[i]! - flow[i * 2 + axis]!)).toBeLessThan(1e-4);
        expect(Math.abs(grid[axis * side * side + i]! - reference[i * 2 + axis]!)).toBeLessThan(1e-4);
      }
    }
  });

  it('warped images', () => {
    const size = { width: 32, height: 32 };
    const where = sampling(warpGrid({ k, values: values('p') }, 0.5, size), size);
    const [images, warped] = [values('image'), values('warped')];
    for (let plane = 0; plane < images.length / 1024; plane++) {
      const made = sampleImage(images.subarray(plane * 1024, (plane + 1) * 1024), where, 1);
      made.forEach((value, i) => expect(Math.abs(value - warped[plane * 1024 + i]!)).toBeLessThan(1e-4));
    }
  });
});

const grey: Image = { width: 32, height: 32, data: new Uint8Array(2 * 32 * 32 * 3).fill(100) };

describe('parameters', () => {
  it('the same seed warps and blends alike, another one does not', async () => {
    const noise = { kind: 'blended', alpha: 0.2, pattern: null, seed: 1 } as const;
    expect(await triggered(noise, grey)).toEqual(await triggered(noise, grey));
    expect(await triggered({ ...noise, seed: 2 }, grey)).not.toEqual(await triggered(noise, grey));
    const picture = await readPicture(fixture('input-32.png'));
    const warped = { ...warp, points: null };
    expect(await triggered(warped, picture)).toEqual(await triggered(warped, picture));
    expect(await triggered({ ...warped, seed: 9 }, picture)).not.toEqual(await triggered(warped, picture));
  });

  it('every image of a batch gets the same trigger', async () => {
    for (const [, attack] of REFERENCES) {
      const made = await triggered(attack, grey);
      expect(made.subarray(0, 3072)).toEqual(made.subarray(3072));
    }
  });

  it('SIG is clipped, never wrapped', async () => {
    const white = { width: 32, height: 32, data: new Uint8Array(3072).fill(250) };
    const made = await triggered({ kind: 'sig', delta: 40, frequency: 6 }, white);
    expect(Math.max(...made)).toBe(255);
    expect(Math.min(...made)).toBe(210);
  });

  it.each<[string, SyntheticAttack]>([
    ['a patch beyond the border', { ...square, size: 33 }],
    [
      'a picture beyond the border',
      { kind: 'patch', file: fixture('patch.png'), x: 25, y: 0, width: null, height: null },
    ],
  ])('%s is an error', async (_, attack) => {
    await expect(triggered(attack, grey)).rejects.toThrow(UsageError);
  });

  it.each(['[1, 2, 3]', '[[[0, 0], [0, 0]], [[0, 0], [0, 0]]]', '[[1, "a"], [3, 4], [5, 6], [7, 8]]'])(
    'control points %s are an error',
    async (json) => {
      await inTemporaryFolder(async (folder) => {
        const points = path.join(folder, 'points.json');
        writeFileSync(points, json);
        await expect(triggered({ ...warp, points }, grey)).rejects.toThrow(UsageError);
      });
    },
  );

  it('a file that is no picture is an error that names it', async () => {
    const attack = { kind: 'blended', alpha: 0.2, pattern: fixture('points.json'), seed: 0 } as const;
    await expect(triggered(attack, grey)).rejects.toThrow(DataError);
    await expect(triggered(attack, grey)).rejects.toThrow('points.json');
  });
});

describe('input-aware, by exported nets', () => {
  /** Sigmoid of the input scaled, its output's channels reduced by a 1 × 1 convolution. */
  function net(channels: 1 | 3, scale: number): Uint8Array {
    const weight = Float32Array.from({ length: channels * 3 }, (_, i) =>
      channels === 1 ? scale : i % 4 === 0 ? scale : 0,
    );
    const graph = graphOf({
      nodes: [node('Conv', ['x', 'w'], ['c']), node('Sigmoid', ['c'], ['y'])],
      initializers: [floatTensor('w', [channels, 3, 1, 1], weight)],
      inputs: [valueInfo('x', 'float32', ['N', 3, 32, 32])],
      outputs: [valueInfo('y', 'float32', ['N', channels, 32, 32])],
    });
    return encodeModel(modelOf(graph, 17));
  }
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  it('mixes x and G(x) by M(x)', async () => {
    await inTemporaryFolder(async (folder) => {
      const [generator, mask] = [path.join(folder, 'g.onnx'), path.join(folder, 'm.onnx')];
      writeFileSync(generator, net(3, -1.5));
      writeFileSync(mask, net(1, 0.4));
      const picture = await readPicture(fixture('input-32.png'));
      const { mean, std } = preprocessing(picture);
      const made = await triggered({ kind: 'input-aware', generator, mask }, picture);
      for (let pixel = 0; pixel < 1024; pixel++) {
        const x = [0, 1, 2].map((c) => (picture.data[pixel * 3 + c]! / 255 - mean[c]!) / std[c]!);
        const m = sigmoid(0.4 * (x[0]! + x[1]! + x[2]!));
        for (const c of [0, 1, 2]) {
          const before = picture.data[pixel * 3 + c]!;
          const wanted = before + (255 * sigmoid(-1.5 * x[c]!) - before) * m;
          expect(Math.abs(made[pixel * 3 + c]! - wanted)).toBeLessThan(0.51);
        }
      }
    });
  });

  it('a net that gives something else is an error', async () => {
    await inTemporaryFolder(async (folder) => {
      const [one, three] = [path.join(folder, '1.onnx'), path.join(folder, '3.onnx')];
      writeFileSync(one, net(1, 1));
      writeFileSync(three, net(3, 1));
      await expect(triggered({ kind: 'input-aware', generator: one, mask: three }, grey)).rejects.toThrow(
        /3 × 32 × 32/,
      );
      const raw = path.join(folder, 'raw.onnx');
      const graph = graphOf({
        nodes: [node('LeakyRelu', ['x'], ['y'], { alpha: float(1) })],
        inputs: [valueInfo('x', 'float32', ['N', 3, 32, 32])],
        outputs: [valueInfo('y', 'float32', ['N', 3, 32, 32])],
      });
      writeFileSync(raw, encodeModel(modelOf(graph, 17)));
      const promise = triggered({ kind: 'input-aware', generator: raw, mask: one }, grey);
      await expect(promise).rejects.toThrow(RuntimeError);
      await expect(promise).rejects.toThrow('0…1');
    });
  });
});
