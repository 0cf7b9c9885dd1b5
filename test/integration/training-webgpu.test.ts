import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { distillation } from '../../src/training/losses';
import { sgd } from '../../src/training/optimizers';
import { constant } from '../../src/training/schedules';
import type { TrainerOptions } from '../../src/training/trainer-options';
import { batchOf, smallNet, trainerIn } from '../support/small-net';
import { worstError } from '../support/training';
import { HAS_WEBGPU, NEEDS_WEBGPU, useWebgpu } from '../support/webgpu';

useWebgpu();

const OPTIONS: TrainerOptions = {
  loss: [{ loss: distillation({ temperature: 2 }) }],
  optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  schedule: constant(0.1),
};

describe.skipIf(!HAS_WEBGPU)(`training on WebGPU${NEEDS_WEBGPU}`, () => {
  it('follows the CPU, with convolutions on the device', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'scour-webgpu-'));
    try {
      const cpu = await trainerIn(smallNet(), OPTIONS);
      const gpu = await trainerIn(smallNet(), {
        ...OPTIONS,
        device: 'webgpu',
        profile: path.join(folder, 'profile'),
      });
      const batch = batchOf(6);
      const of = { input: true, parameters: true };
      const [a, b] = [await cpu.gradients(batch, of), await gpu.gradients(batch, of)];
      expect(worstError(b.input!, a.input!)).toBeLessThan(1e-4);
      for (const [name, gradient] of a.parameters) {
        // The loss does not depend on it: batch norm follows.
        if (name === 'conv.bias') continue;
        expect(worstError(b.parameters.get(name)!, gradient), name).toBeLessThan(1e-4);
      }
      for (let i = 0; i < 5; i++) {
        const [x, y] = [await cpu.step(batchOf(6, i)), await gpu.step(batchOf(6, i))];
        expect(Math.abs(x.loss - y.loss) / x.loss).toBeLessThan(1e-3);
      }
      await gpu.release();
      const places = new Set<string>();
      for (const file of readdirSync(folder)) {
        const events = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as {
          args?: { op_name?: string; provider?: string };
        }[];
        for (const { args } of events)
          if (args?.op_name) places.add(`${args.op_name} ${args.provider ?? ''}`);
      }
      expect(places).toContain('Conv WebGpuExecutionProvider');
      if (process.env['SCOUR_VERBOSE']) process.stderr.write(`${[...places].sort().join('\n')}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
