import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { noise } from '../support/small-net';
import { SHARED, trainerOf } from '../support/training';

const MODELS = path.join(SHARED, 'models');
const SIZE = 8;

/** As exporters write them: merged tensors behind Identity, folded batch norm, an old operator set with a fixed batch. */
const FILES = ['badnets.onnx', 'badnets.folded.onnx', 'formats/model.onnx', 'formats/model_opset9.onnx'];

describe.skipIf(!existsSync(MODELS))(`models as exporters write them learn (needs ${MODELS})`, () => {
  it.each(FILES)('%s', async (file) => {
    const trainer = await trainerOf(path.join(MODELS, file), {
      loss: [{ loss: distillation({ temperature: 2 }) }],
      optimizer: sgd({ momentum: 0.9 }),
      schedule: constant(file.includes('folded') ? 1e-3 : 0.02),
      image: [3, 32, 32],
      clip: { maxNorm: 5 },
    });
    const batch = {
      images: noise(SIZE * 3 * 32 * 32, 1),
      size: SIZE,
      targets: { teacher: noise(SIZE * trainer.classes, 2).map((value) => 4 * value) },
    };
    const losses: number[] = [];
    for (let i = 0; i < 12; i++) losses.push((await trainer.step(batch)).loss);
    await trainer.release();
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
  });
});
