import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOTHING_KNOWN, resolvePreprocessing, type Dimension } from '../../src/data/preprocessing';
import { toTensor } from '../../src/data/tensor';
import { RuntimeError, UsageError } from '../../src/protocol/errors';
import {
  PreprocessingSchema,
  type Preprocessing,
  type PreprocessingOptions,
} from '../../src/protocol/preprocessing';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'scour-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CIFAR: readonly Dimension[] = ['batch', 3, 32, 32];
const IMAGENET: readonly Dimension[] = [1, 3, 224, 224];

function resolve(
  shape: readonly Dimension[],
  options: PreprocessingOptions = {},
  size: { width: number; height: number } | null = null,
) {
  const result = resolvePreprocessing({
    modelPath: path.join(folder, 'model.onnx'),
    shape,
    options,
    known: { ...NOTHING_KNOWN, size },
  });
  expect(v.is(PreprocessingSchema, result.preprocessing)).toBe(true);
  return result;
}
const write = (name: string, json: unknown) =>
  writeFileSync(path.join(folder, name), typeof json === 'string' ? json : JSON.stringify(json));

describe('the shape of the input', () => {
  it.each([
    [['N', 3, 32, 32], 'nchw', 'rgb', 32, 32],
    [[1, 1, 28, 28], 'nchw', 'grey', 28, 28],
    [[null, 224, 200, 3], 'nhwc', 'rgb', 224, 200],
    [['unk__1', 28, 28, 1], 'nhwc', 'grey', 28, 28],
    [[-1, 3, 64, 48], 'nchw', 'rgb', 64, 48],
  ] as const)('%j is %s, %s', (shape, layout, channels, height, width) => {
    const { preprocessing } = resolve(shape);
    expect(preprocessing).toMatchObject({ layout, channels, height, width, resize: null });
  });

  it('names both sides where images do not fit', () => {
    expect(() => resolve([1, 3, 224])).toThrow(/1 × 3 × 224 has 3 dimensions; images need 4/);
    expect(() => resolve([1, 4, 32, 32])).toThrow(RuntimeError);
    expect(() => resolve([1, 4, 32, 32])).toThrow(/4 channels .* images give 3/);
    expect(() => resolve(CIFAR, { channels: 'grey' })).toThrow(/takes 3 channels, but grey images have 1/);
    expect(() => resolve([1, 1, 28, 28], { channels: 'bgr' })).toThrow(
      /takes 1 channel, but bgr images have 3/,
    );
    expect(() => resolve(CIFAR, { layout: 'nhwc' })).toThrow(/NHWC/);
  });

  it('asks for a size, or takes the images’, where the model fixes none', () => {
    const dynamic = ['n', 3, 'h', 'w'];
    expect(() => resolve(dynamic)).toThrow(UsageError);
    const { preprocessing, warnings } = resolve(dynamic, {}, { width: 40, height: 30 });
    expect(preprocessing).toMatchObject({ height: 30, width: 40 });
    expect(warnings.join()).toContain('any size');
    expect(resolve(dynamic, { size: [64, 48] }).preprocessing).toMatchObject({ height: 64, width: 48 });
    expect(resolve([null, null, null, null], { size: [8, 8] }).warnings.join()).toContain(
      'N × C × H × W is assumed',
    );
  });
});

describe('options', () => {
  it('crops from a short side', () => {
    expect(resolve(IMAGENET, { size: [256, 256], crop: 224 }).preprocessing).toMatchObject({
      height: 224,
      width: 224,
      resize: 256,
    });
    expect(resolve(IMAGENET, { crop: 224 }).preprocessing.resize).toBe(224);
    expect(() => resolve(IMAGENET, { size: [256, 300], crop: 224 })).toThrow(UsageError);
    expect(() => resolve(IMAGENET, { size: [200, 200], crop: 224 })).toThrow(/larger/);
    expect(() => resolve(IMAGENET, { size: [32, 32] })).toThrow(/224 × 224 .* 32 × 32/);
  });

  it('takes mean and std together, in R, G, B order, one a channel', () => {
    const given = resolve(CIFAR, { mean: [0.1, 0.2, 0.3], std: [1, 2, 3], channels: 'bgr' }).preprocessing;
    expect(given).toMatchObject({ mean: [0.3, 0.2, 0.1], std: [3, 2, 1], source: 'options' });
    expect(resolve(CIFAR, { mean: [0.5], std: [0.25] }).preprocessing.mean).toEqual([0.5, 0.5, 0.5]);
    expect(() => resolve(CIFAR, { mean: [0.5] })).toThrow(/together/);
    expect(() => resolve(CIFAR, { mean: [0.5, 0.5], std: [1, 1] })).toThrow(
      /2 values, but rgb images have 3/,
    );
    expect(() => resolve(CIFAR, { mean: [0], std: [0] })).toThrow(UsageError);
    expect(resolve(CIFAR, { mean: [123], std: [58] }).warnings.join()).toContain('divide');
  });

  it('warns where nothing says mean and std', () => {
    const { preprocessing, warnings } = resolve(CIFAR);
    expect(preprocessing).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1], source: 'none' });
    expect(warnings).toEqual([expect.stringContaining('only scaled to 0…1')]);
  });
});

describe('files beside the model', () => {
  const VIT = {
    do_normalize: true,
    do_resize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    resample: 2,
    size: 224,
  };

  it('reads a Hugging Face preprocessor', () => {
    write('preprocessor_config.json', VIT);
    const { preprocessing, warnings } = resolve(IMAGENET);
    expect(preprocessing).toMatchObject({
      height: 224,
      width: 224,
      resize: null,
      filter: 'bilinear',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      source: 'preprocessor_config.json',
    });
    expect(warnings).toEqual([]);
    write('preprocessor_config.json', {
      ...VIT,
      size: { shortest_edge: 256 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 3,
    });
    expect(resolve(IMAGENET).preprocessing).toMatchObject({ resize: 256, height: 224, filter: 'bicubic' });
    // ConvNeXT: short side 224 / 0.875, then a crop.
    write('preprocessor_config.json', { ...VIT, size: { shortest_edge: 224 }, crop_pct: 0.875 });
    expect(resolve(IMAGENET).preprocessing).toMatchObject({ resize: 256, height: 224 });
  });

  it('finds the file above a folder named onnx', () => {
    write('preprocessor_config.json', VIT);
    mkdirSync(path.join(folder, 'onnx'));
    const { preprocessing } = resolvePreprocessing({
      known: NOTHING_KNOWN,
      modelPath: path.join(folder, 'onnx/model.onnx'),
      shape: IMAGENET,
      options: {},
    });
    expect(preprocessing.source).toBe('preprocessor_config.json');
  });

  it('folds the rescale factor and its absence into mean and std', () => {
    // Value v of 0…255 becomes (v × factor − mean) / std.
    const check = (config: object, value: (v: number) => number) => {
      write('preprocessor_config.json', { ...VIT, ...config });
      const { mean, std } = resolve(IMAGENET).preprocessing;
      for (const each of [0, 77, 255]) expect((each / 255 - mean[0]!) / std[0]!).toBeCloseTo(value(each), 10);
    };
    check({ rescale_factor: 1 / 127.5 }, (each) => (each / 127.5 - 0.5) / 0.5);
    check({ do_rescale: false }, (each) => (each - 0.5) / 0.5);
    check({ do_normalize: false }, (each) => each / 255);
    check({ do_normalize: false, do_rescale: false }, (each) => each);
  });

  it("reads timm's config.json, and leaves Hugging Face's alone", () => {
    write('config.json', {
      architecture: 'resnet18',
      pretrained_cfg: {
        input_size: [3, 224, 224],
        crop_pct: 0.95,
        crop_mode: 'center',
        interpolation: 'bicubic',
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
    });
    expect(resolve(IMAGENET).preprocessing).toMatchObject({
      resize: 235,
      height: 224,
      filter: 'bicubic',
      mean: [0.485, 0.456, 0.406],
      source: 'config.json',
    });
    write('config.json', { architectures: ['ViTForImageClassification'], image_size: 224 });
    expect(resolve(IMAGENET).preprocessing.source).toBe('none');
  });

  it('prefers options, and the model where a file contradicts it', () => {
    write('preprocessor_config.json', VIT);
    expect(resolve(IMAGENET, { mean: [0.1], std: [0.2] }).preprocessing).toMatchObject({
      mean: [0.1, 0.1, 0.1],
      source: 'options',
    });
    const { preprocessing, warnings } = resolve(CIFAR);
    expect(preprocessing).toMatchObject({ height: 32, mean: [0.5, 0.5, 0.5] });
    expect(warnings.join()).toContain('224 × 224');
    expect(resolve([1, 1, 224, 224]).warnings.join()).toContain('3 channels');
  });

  it.each([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['wrong types', { image_mean: 'x' }],
    ['zero deviation', { image_std: [0, 0, 0], image_mean: [0, 0, 0] }],
    ['absurd size', { size: 1e9 }],
    ['too long', `{"a":"${'x'.repeat(2_000_000)}"}`],
  ])('does not obey a file that is %s, and says so', (_, content) => {
    write('preprocessor_config.json', content);
    const { preprocessing, warnings } = resolve(IMAGENET);
    expect(preprocessing.source).toBe('none');
    expect(warnings.join()).toContain('preprocessor_config.json is not used');
  });
});

describe('what Scour noted in the model when it trained it', () => {
  const shape: readonly Dimension[] = ['batch', 3, null, null];
  const recorded: Preprocessing = {
    ...{ height: 24, width: 20, resize: 28, filter: 'bicubic', layout: 'nchw', channels: 'bgr' },
    ...{ mean: [0.3, 0.2, 0.1], std: [0.6, 0.5, 0.4], source: 'options' },
  };
  const resolveIt = (options: PreprocessingOptions = {}, dims = shape) =>
    resolvePreprocessing({
      modelPath: path.join(folder, 'model.onnx'),
      shape: dims,
      options,
      known: { size: null, recorded },
    }).preprocessing;

  it('is what its images become again', () => {
    expect(resolveIt()).toEqual({ ...recorded, source: 'the record of its training' });
  });

  it('gives way to options, to a file beside the model, and to the shape of the model', () => {
    expect(resolveIt({ channels: 'rgb' })).toMatchObject({ channels: 'rgb', mean: [0.1, 0.2, 0.3] });
    expect(resolveIt({ mean: [0.5, 0.5, 0.5], std: [1, 1, 1] })).toMatchObject({ source: 'options' });
    expect(resolveIt({}, ['N', 1, 24, 20])).toMatchObject({ channels: 'grey', source: 'none' });
    write('preprocessor_config.json', { image_mean: [0.5], image_std: [0.5] });
    expect(resolveIt({}, ['N', 3, 24, 20])).toMatchObject({
      mean: [0.5, 0.5, 0.5],
      source: 'preprocessor_config.json',
    });
  });
});

describe('toTensor', () => {
  const base: Preprocessing = {
    height: 1,
    width: 2,
    resize: null,
    filter: 'bilinear',
    layout: 'nchw',
    channels: 'rgb',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    source: 'none',
  };
  // Two images of two pixels.
  const pixels = Uint8Array.from([0, 51, 255, 102, 153, 204, 1, 2, 3, 4, 5, 6]);
  const f = (values: number[]) => Float32Array.from(values, (value) => value / 255);

  it('lays channels out', () => {
    expect(toTensor(pixels, 2, base)).toEqual(f([0, 102, 51, 153, 255, 204, 1, 4, 2, 5, 3, 6]));
    expect(toTensor(pixels, 2, { ...base, layout: 'nhwc' })).toEqual(f([...pixels]));
    expect(toTensor(pixels, 1, { ...base, channels: 'bgr' })).toEqual(f([255, 204, 51, 153, 0, 102]));
    expect(toTensor(pixels, 1, { ...base, channels: 'bgr', layout: 'nhwc' })).toEqual(
      f([255, 51, 0, 204, 153, 102]),
    );
  });

  it('makes grey by luma, as Pillow does', () => {
    // Image.fromarray(…).convert('L') gives 59 and 144.
    for (const layout of ['nchw', 'nhwc'] as const) {
      expect(toTensor(pixels, 1, { ...base, channels: 'grey', layout, mean: [0], std: [1] })).toEqual(
        f([59, 144]),
      );
    }
  });

  it('normalises in the order of the channels', () => {
    const tensor = toTensor(pixels, 1, { ...base, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] });
    const wanted = [0, 102, 51, 153, 255, 204].map((value, i) => {
      const channel = i >> 1;
      return Math.fround((value / 255 - [0.1, 0.2, 0.3][channel]!) / [0.5, 0.25, 2][channel]!);
    });
    expect([...tensor]).toEqual(wanted);
    expect(() => toTensor(pixels, 3, base)).toThrow(RangeError);
  });
});
