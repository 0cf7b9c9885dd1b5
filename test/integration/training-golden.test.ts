import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { FileSource } from '../../src/model/source';
import type { BatchNormMode } from '../../src/training/forward/instantiate';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { Trainer } from '../../src/training/trainer';
import { readNpz, type NpyArray } from '../support/npz';

/** PyTorch's float64 results for small nets of many families: ../shared/README.md, `golden/<arch>`. */
const GOLDEN = process.env['SCOUR_GOLDEN'] ?? path.resolve(import.meta.dirname, '../../../shared/golden');
const names = existsSync(GOLDEN)
  ? readdirSync(GOLDEN)
      .filter((file) => file.endsWith('.onnx') && existsSync(path.join(GOLDEN, file.replace(/onnx$/, 'npz'))))
      .map((file) => file.slice(0, -5))
  : [];

const MODES: Readonly<Record<string, BatchNormMode>> = { train: 'train', eval: 'frozen' };

describe.skipIf(names.length === 0)(
  `gradients agree with PyTorch (${GOLDEN}; skipped where it is absent)`,
  () => {
    for (const name of names) {
      for (const [mode, batchNorm] of Object.entries(MODES)) {
        it(`${name}, ${mode} mode`, async () => {
          const golden = readNpz(path.join(GOLDEN, `${name}.npz`));
          const source = new FileSource(path.join(GOLDEN, `${name}.onnx`));
          const x = golden.get('x')!;
          const trainer = await Trainer.create(parseModel(source), new TensorReader(source, null), {
            loss: [{ loss: distillation({ temperature: 2 }) }],
            optimizer: sgd(),
            schedule: constant(0.01),
            batchNorm,
          });
          const batch = {
            images: Float32Array.from(x.data as Float32Array),
            size: x.shape[0]!,
            targets: { teacher: golden.get('t')!.data as Float32Array },
          };
          const got = await trainer.gradients(batch, { input: false, parameters: true });
          await trainer.release();
          source.close();

          expect(got.loss).toBeCloseTo(numbers(golden.get(`${mode}.loss`)!)[0]!, 5);
          expect(worst(got.logits, numbers(golden.get(`${mode}.logits`)!))).toBeLessThan(1e-4);

          const prefix = `${mode}.grad.`;
          const expected = new Map(
            [...golden].flatMap(([key, array]) =>
              key.startsWith(prefix) ? [[key.slice(prefix.length), numbers(array)] as const] : [],
            ),
          );
          const zeros = golden
            .get('zeros')!
            .text.filter((each) => each.startsWith(`${mode}.`))
            .map((each) => each.slice(mode.length + 1));
          const named = new Set([...expected.keys(), ...zeros]);
          expect([...got.parameters.keys()].sort()).toEqual([...named].sort());
          const largest = Math.max(...[...expected.values()].map(largestOf));
          const errors: number[] = [];
          const misses: string[] = [];
          for (const parameter of zeros) {
            const share = largestOf(got.parameters.get(parameter)!) / largest;
            if (!(share <= 1e-5)) misses.push(`${parameter}: ${share} of the largest gradient, not 0`);
          }
          for (const [parameter, reference] of expected) {
            if (zeros.includes(parameter)) continue;
            const error = worst(got.parameters.get(parameter)!, reference);
            errors.push(error);
            if (!(error <= 1e-3)) misses.push(`${parameter}: ${error}`);
          }
          expect(misses).toEqual([]);
          errors.sort((a, b) => a - b);
          expect(errors[Math.floor(errors.length / 2)]).toBeLessThanOrEqual(1e-5);

          for (const [key, array] of golden) {
            const statistic = /^train\.(.*\.running_(?:mean|var))$/.exec(key)?.[1];
            if (mode !== 'train' || statistic === undefined) continue;
            expect(worst(got.statistics.get(statistic)!, numbers(array)), statistic).toBeLessThan(1e-5);
          }
        });
      }
    }
  },
);

function numbers(array: NpyArray): Float32Array {
  return Float32Array.from(array.data as Float32Array);
}

/** max |a − b| ÷ max |b| */
function worst(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / largestOf(b);
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
