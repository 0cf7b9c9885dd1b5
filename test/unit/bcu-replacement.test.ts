import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, writeOnnxResult } from '../../src/engine/subjects/onnx-subject';
import { openOnnx } from '../../src/model/onnx/open';
import { replacementEdits } from '../../src/model/onnx/replacement';
import { Classifier } from '../../src/runtime/classifier';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import { Trainer } from '../../src/training/trainer';
import { inTemporaryFolder } from '../support/jobs';
import { FIXTURES } from '../support/paths';
import { worstError } from '../support/training';

const RUN = { device: 'cpu', threads: 1 } as const;
const COUNT = 3;

/** How far from the trainer's the scores may be, by the precision that weights are stored in. */
const TOLERANCE: Readonly<Record<string, number>> = {
  float16: 0.02,
  'float16-cast': 0.02,
  'int32-data-float16': 0.02,
  'bfloat16-cast': 0.2,
};

/** Ways that a file may hold its weights. */
const FILES = [
  'opset7',
  'opset9',
  'opset17',
  'opset23',
  'ir3',
  'initializers-as-inputs',
  'float16',
  'float16-cast',
  'bfloat16-cast',
  'float-data',
  'double-data',
  'int32-data-float16',
  'both-fields',
  'constant-nodes',
  'identity-aliased',
  'identity-chains',
  'shared-weight',
  'shared-norm',
  'external-one',
  'external-many',
  'dynamo-folded',
  'folded',
  'tf-nhwc',
  'tf-hwio-weight',
  'preact',
  'vit',
];

describe('a trained model written over its file', () => {
  it.each(FILES)('computes what the trainer computes: %s', (name) =>
    inTemporaryFolder(async (folder) => {
      const input = path.join(FIXTURES, 'onnx', `${name}.onnx`);
      const output = path.join(folder, 'trained.onnx');
      const before = await Classifier.open(input, RUN);
      const dims = before.inputShape.slice(1).map((dim) => dim ?? 8);
      const file = openOnnx(input);
      const trainer = await Trainer.create(file.model, file.reader, {
        loss: [{ loss: distillation() }],
        optimizer: sgd(),
        schedule: constant(0),
        batchNorm: 'frozen',
        image: dims,
      });
      // Every parameter changes, and merged ones apart from each other.
      for (const [n, parameter] of [...trainer.parameters.keys()].entries()) {
        const values = await trainer.valuesOf(parameter);
        trainer.setValues(
          parameter,
          values.map((value, i) => value * 1.25 + 0.05 * Math.sin(i + n)),
        );
      }
      const size = dims.reduce((a, b) => a * b, COUNT);
      const images = Float32Array.from({ length: size }, (_, i) => Math.cos(i * 0.7));
      const was = await before.scores(images, COUNT, dims);
      const targets = { teacher: was.scores };
      const trained = await trainer.gradients(
        { images, size: COUNT, targets },
        { input: false, parameters: false },
      );
      const edits = replacementEdits(file, await trainer.exportModel());
      const target = { output, force: false, provenance: '{}', files: filesOf(file) };
      await writeOnnxResult(file, edits, target);
      const after = await Classifier.open(output, RUN);
      const { scores } = await after.scores(images, COUNT, dims);
      expect(worstError(scores, trained.logits)).toBeLessThan(TOLERANCE[name] ?? 1e-4);
      expect(worstError(was.scores, trained.logits)).toBeGreaterThan(1e-2);
      await Promise.all([before.release(), after.release(), trainer.release()]);
      file.close();
    }),
  );
});
