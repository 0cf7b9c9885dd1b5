import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawFreshWeights } from '../../src/defenses/asd/fresh-weights';
import { lateParameters } from '../../src/defenses/asd/late-parameters';
import { freshStream } from '../../src/defenses/asd/run';
import { mainTrainer, virtualTrainer } from '../../src/defenses/asd/trainers';
import { openOnnx } from '../../src/model/onnx/open';
import type { OnnxFile } from '../../src/model/onnx/open';
import { PAPER } from '../../src/protocol/split-schedules';
import { TrainingError } from '../../src/training/errors';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, ROOT } from '../support/paths';
import { GOLDEN, valuesOfAll } from '../support/training';

const SETUP = { device: 'cpu', threads: 1 } as const;
const ARCHITECTURES = [
  'convnext',
  'densenet',
  'efficientnet',
  'mobilenet_v2',
  'mobilenet_v3_large',
  'resnet18',
  'shufflenet_v2',
  'squeezenet',
  'vgg_bn',
  'vit',
];

function using<T>(file: string, use: (file: OnnxFile) => T): T {
  const opened = openOnnx(file);
  try {
    return use(opened);
  } finally {
    opened.close();
  }
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe.skipIf(!HAS_SHARED)(`fresh weights and late parameters of ten families${NEEDS_SHARED}`, () => {
  it.each(ARCHITECTURES)('%s', async (name) => {
    const file = openOnnx(path.join(GOLDEN, `${name}.onnx`));
    try {
      const trainer = await mainTrainer(file, PAPER, SETUP);
      const before = await valuesOfAll(trainer, trainer.parameters.keys());
      await drawFreshWeights(trainer, file, freshStream(0));
      const scales = new Set(trainer.batchNorms.map(({ scale }) => scale));
      for (const [each, old] of before) {
        const values = await trainer.valuesOf(each);
        expect(values.every(Number.isFinite)).toBe(true);
        // Nothing of what was learnt is left, but for numbers that were never learnt (scale 1, shift 0).
        if (values.length > 8)
          expect(values.filter((value, i) => value === old[i] && value !== 0 && value !== 1)).toHaveLength(0);
        if (scales.has(each)) expect(new Set(values)).toEqual(new Set([1]));
      }
      for (const { mean, variance } of trainer.batchNorms) {
        expect(new Set(await trainer.valuesOf(mean))).toEqual(new Set([0]));
        expect(new Set(await trainer.valuesOf(variance))).toEqual(new Set([1]));
      }
      // The same seed draws the same weights.
      const drawn = await valuesOfAll(trainer, before.keys());
      await drawFreshWeights(trainer, file, freshStream(0));
      for (const [each, values] of drawn) expect(await trainer.valuesOf(each)).toEqual(values);

      const late = lateParameters(file);
      const all = [...trainer.parameters.keys()];
      const trained = all.filter((each) => late.has(each));
      expect(trained.length).toBeGreaterThan(0);
      expect(trained.length).toBeLessThan(all.length);
      const virtual = await virtualTrainer(file, PAPER, SETUP);
      expect(new Set(virtual.parameters.keys())).toEqual(new Set(trained));
      await trainer.release();
      await virtual.release();
    } finally {
      file.close();
    }
  });
});

describe('fresh weights', () => {
  it('of ResNet-18 have the deviations of METHODS.md §2', async () => {
    const file = openOnnx(path.join(ROOT, 'samples/badnets.onnx'));
    const trainer = await mainTrainer(file, PAPER, { ...SETUP, image: [3, 32, 32] });
    await drawFreshWeights(trainer, file, freshStream(3));
    let checked = 0;
    for (const [name, dims] of trainer.parameters) {
      const values = await trainer.valuesOf(name);
      if (dims.length !== 4 || values.length < 2000) continue;
      expect(deviation(values) / Math.sqrt(2 / (dims[0]! * dims[2]! * dims[3]!))).toBeCloseTo(1, 1);
      checked++;
    }
    expect(checked).toBeGreaterThan(10);
    await trainer.release();
    file.close();
  });

  it('are refused where layers would keep what they had learnt', async () => {
    const file = openOnnx(path.join(FIXTURES, 'onnx/qdq-per-channel.onnx'));
    try {
      await expect(
        mainTrainer(file, PAPER, SETUP).then((trainer) => drawFreshWeights(trainer, file, freshStream(0))),
      ).rejects.toThrow(TrainingError);
    } finally {
      file.close();
    }
  });
});

describe.skipIf(!HAS_SHARED)(`late parameters${NEEDS_SHARED}`, () => {
  it('of ResNet-18 are those of its third and fourth layer and the classifier', () => {
    const late = using(path.join(GOLDEN, 'resnet18.onnx'), lateParameters);
    const names = [...late].filter((name) => /^[a-z]/.test(name));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(name).toMatch(/^(layer3|layer4|fc|linear)/);
    for (const part of ['layer3', 'layer4', 'fc'])
      expect(names.some((name) => name.startsWith(part))).toBe(true);
    expect(names.some((name) => name.includes('layer3') && name.includes('bn1'))).toBe(true);
  });
});
