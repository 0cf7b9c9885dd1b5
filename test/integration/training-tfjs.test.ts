import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { TfjsEngine } from '../../src/training/tfjs/engine';
import type { Tfjs } from '../../src/training/tfjs/tfjs';
import { readNpz, type NpyArray } from '../support/npz';
import { loadTfjsCpu } from '../support/tfjs';
import { GOLDEN, largest, trainerOf, worstError } from '../support/training';

/**
 * The golden nets that are quick enough for a backend in plain JavaScript, and in which modes. Batch norm by running
 * statistics is the easier half, so the slowest net is left out there.
 */
const NETS: Readonly<Record<string, readonly ('train' | 'eval')[]>> = {
  resnet18: ['train'],
  vgg_bn: ['train', 'eval'],
  mobilenet_v2: ['train', 'eval'],
  efficientnet: ['train'],
  shufflenet_v2: ['train', 'eval'],
  convnext: ['eval'],
  vit: ['eval'],
};

const PRESENT = Object.keys(NETS).filter((name) => existsSync(path.join(GOLDEN, `${name}.npz`)));

describe.skipIf(PRESENT.length === 0)(`TensorFlow.js agrees with PyTorch (needs ${GOLDEN})`, () => {
  let tf: Tfjs;
  beforeAll(async () => {
    tf = await loadTfjsCpu();
  });
  for (const name of PRESENT)
    for (const mode of NETS[name]!)
      it(`${name}, ${mode} mode`, { timeout: 120_000 }, async () => {
        const golden = readNpz(path.join(GOLDEN, `${name}.npz`));
        const x = golden.get('x')!;
        const trainer = await trainerOf(path.join(GOLDEN, `${name}.onnx`), {
          loss: [{ loss: distillation({ temperature: 2 }) }],
          optimizer: sgd(),
          schedule: constant(0.01),
          batchNorm: mode === 'train' ? 'train' : 'frozen',
          engine: new TfjsEngine(tf),
        });
        const batch = {
          images: floats(x),
          size: x.shape[0]!,
          targets: { teacher: floats(golden.get('t')!) },
        };
        const got = await trainer.gradients(batch, { input: false, parameters: true });
        await trainer.release();

        expect(worstError([got.loss], floats(golden.get(`${mode}.loss`)!))).toBeLessThan(1e-5);
        expect(worstError(got.logits, floats(golden.get(`${mode}.logits`)!))).toBeLessThan(1e-4);
        const reference = (parameter: string) => floats(golden.get(`${mode}.grad.${parameter}`)!);
        const zeros = new Set(golden.get('zeros')!.text);
        const [zero, other] = partition([...got.parameters.keys()], (each) => zeros.has(`${mode}.${each}`));
        const scale = Math.max(...other.map((parameter) => largest(reference(parameter))));
        for (const parameter of zero)
          expect(largest(got.parameters.get(parameter)!) / scale, parameter).toBeLessThan(1e-5);
        const errors = other.map((parameter) =>
          worstError(got.parameters.get(parameter)!, reference(parameter)),
        );
        expect(Math.max(...errors)).toBeLessThan(1e-3);
        // The small MobileNet v2 amplifies rounding: see training-golden.test.ts.
        expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(1.5e-5);
        expect(got.statistics.size > 0).toBe(mode === 'train' && golden.has(statisticOf(golden)));
        for (const [statistic, values] of got.statistics)
          expect(worstError(values, floats(golden.get(`train.${statistic}`)!)), statistic).toBeLessThan(1e-5);
      });
});

/** A running statistic in the golden results; '' for a net without batch norm. */
function statisticOf(golden: ReadonlyMap<string, NpyArray>): string {
  return [...golden.keys()].find((key) => key.endsWith('.running_var')) ?? '';
}

function partition<T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((each) => !test(each))];
}

function floats(array: NpyArray): Float32Array {
  return Float32Array.from(array.data as Float32Array);
}
