import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BatchNormMode } from '../../src/training/forward/instantiate';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { readNpz, type NpyArray } from '../support/npz';
import { GOLDEN, largest, trainerOf, worstError } from '../support/training';

/** PyTorch's float64 results for small nets of many families: ../shared/README.md, `golden/<arch>`. */
const names = existsSync(GOLDEN)
  ? readdirSync(GOLDEN)
      .filter((file) => file.endsWith('.onnx') && existsSync(path.join(GOLDEN, file.replace(/onnx$/, 'npz'))))
      .map((file) => file.slice(0, -5))
  : [];

const MODES: Readonly<Record<string, BatchNormMode>> = { train: 'train', eval: 'frozen' };

/**
 * Error of the median tensor. The small MobileNet v2 amplifies rounding (batch statistics over 2 × 2 maps): there
 * PyTorch's own float32 gradients are 1.28e-5 from its float64 ones, and convolutions that add up in float32 give 1.0e-5
 * with all else exact (docs/training.md).
 */
const MEDIAN: Readonly<Record<string, number>> = { 'mobilenet_v2, train': 1.5e-5 };
const USUAL_MEDIAN = 1e-5;

describe.skipIf(names.length === 0)(`gradients agree with PyTorch (needs ${GOLDEN})`, () => {
  for (const name of names) {
    for (const [mode, batchNorm] of Object.entries(MODES)) {
      it(`${name}, ${mode} mode`, async () => {
        const golden = readNpz(path.join(GOLDEN, `${name}.npz`));
        const x = golden.get('x')!;
        const trainer = await trainerOf(path.join(GOLDEN, `${name}.onnx`), {
          loss: [{ loss: distillation({ temperature: 2 }) }],
          optimizer: sgd(),
          schedule: constant(0.01),
          batchNorm,
        });
        const batch = {
          images: floats(x),
          size: x.shape[0]!,
          targets: { teacher: floats(golden.get('t')!) },
        };
        const got = await trainer.gradients(batch, { input: false, parameters: true });
        await trainer.release();

        expect(worstError([got.loss], floats(golden.get(`${mode}.loss`)!))).toBeLessThan(1e-4);
        expect(worstError(got.logits, floats(golden.get(`${mode}.logits`)!))).toBeLessThan(1e-4);

        const expected = underPrefix(golden, `${mode}.grad.`);
        const zeros = golden
          .get('zeros')!
          .text.filter((each) => each.startsWith(`${mode}.`))
          .map((each) => each.slice(mode.length + 1));
        const all = new Set([...expected.keys(), ...zeros]);
        expect([...got.parameters.keys()].sort()).toEqual([...all].sort());
        const scale = Math.max(...[...expected.values()].map(largest));
        const misses: string[] = [];
        for (const parameter of zeros) {
          const share = largest(got.parameters.get(parameter)!) / scale;
          if (!(share <= 1e-5)) misses.push(`${parameter}: ${share} of the largest gradient, not 0`);
        }
        const errors: number[] = [];
        for (const [parameter, reference] of expected) {
          if (zeros.includes(parameter)) continue;
          const error = worstError(got.parameters.get(parameter)!, reference);
          errors.push(error);
          if (!(error <= 1e-3)) misses.push(`${parameter}: ${error}`);
        }
        expect(misses).toEqual([]);
        errors.sort((a, b) => a - b);
        expect(errors[Math.floor(errors.length / 2)]).toBeLessThanOrEqual(
          MEDIAN[`${name}, ${mode}`] ?? USUAL_MEDIAN,
        );

        if (mode !== 'train') return;
        for (const [statistic, reference] of underPrefix(golden, 'train.')) {
          if (!/\.running_(mean|var)$/.test(statistic)) continue;
          expect(worstError(got.statistics.get(statistic)!, reference), statistic).toBeLessThan(1e-5);
        }
      });
    }
  }
});

const trajectory = path.join(GOLDEN, 'resnet18.trajectory.json');

describe.skipIf(!existsSync(trajectory))(`twenty SGD steps follow PyTorch's (needs ${trajectory})`, () => {
  it('losses, and where weights and statistics end', async () => {
    const { loss, final } = JSON.parse(readFileSync(trajectory, 'utf8')) as {
      loss: number[];
      final: Record<string, { sum: number; l2: number }>;
    };
    const data = readNpz(trajectory.replace(/json$/, 'npz'));
    const [x, t] = [data.get('x')!, data.get('t')!];
    const size = x.shape[1]!;
    const trainer = await trainerOf(path.join(GOLDEN, 'resnet18.onnx'), {
      loss: [{ loss: distillation() }],
      optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
      schedule: constant(0.01),
      image: x.shape.slice(2),
    });
    const [images, teacher] = [floats(x), floats(t)];
    const [pixels, classes] = [images.length / 20, teacher.length / 20];
    for (let i = 0; i < 20; i++) {
      const result = await trainer.step(
        {
          images: images.subarray(i * pixels, (i + 1) * pixels),
          size,
          targets: { teacher: teacher.subarray(i * classes, (i + 1) * classes) },
        },
        { scalars: { temperature: 1 + (3 * (i + 1)) / 20 } },
      );
      expect(Math.abs(result.loss - loss[i]!) / loss[i]!, `step ${i}`).toBeLessThan(i < 5 ? 1e-3 : 2e-2);
    }
    for (const [name, { l2 }] of Object.entries(final)) {
      const got = Math.hypot(...(await trainer.valuesOf(name)));
      expect(Math.abs(got - l2) / l2, name).toBeLessThan(2e-2);
    }
    await trainer.release();
  });
});

function floats(array: NpyArray): Float32Array {
  return Float32Array.from(array.data as Float32Array);
}

function underPrefix(arrays: ReadonlyMap<string, NpyArray>, prefix: string): Map<string, Float32Array> {
  return new Map(
    [...arrays].flatMap(([key, array]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), floats(array)] as const] : [],
    ),
  );
}
