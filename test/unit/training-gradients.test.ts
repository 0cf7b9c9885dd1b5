import { afterAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/model/onnx/encode';
import { TrainingSession, type HostTensor } from '../../src/runtime/training-session';
import { differentiate } from '../../src/training/gradients/differentiate';
import { differentiableOperators } from '../../src/training/gradients/registry';
import { CASES, build, point, titleOf } from '../support/gradient-cases';

/**
 * Every rule against central differences of onnxruntime's own forward operator: for a random direction d,
 * (L(x + h·d) − L(x − h·d)) / 2h must be ⟨∂L/∂x, d⟩, L being a random weighting of the outputs. The forward pass is
 * float32, so h is large and the points are kept away from kinks.
 */
const STEP = 0.01;

describe('gradient rules agree with central differences', () => {
  const done = new Set<string>();
  afterAll(() => {
    if (done.size === CASES.length)
      expect(new Set(CASES.map(({ op }) => op))).toEqual(new Set(differentiableOperators()));
  });
  for (const row of CASES) {
    const name = titleOf(row);
    it(name, async () => {
      const { g, inputs, loss, outputs } = build(row);
      const gradients = differentiate(g, loss, inputs);
      const names = new Map(inputs.map((input, i) => [`d${i}`, gradients.get(input.name)!]));
      const opset = new Map([['', Math.max(18, row.opset ?? 18)]]);
      const forward = await TrainingSession.create(encodeModel(g.toModel(outputs, opset)), OPTIONS);
      const backward = await TrainingSession.create(encodeModel(g.toModel(names, opset)), OPTIONS);
      const at = new Map<string, HostTensor>(inputs.map((input, i) => [input.name, point(input, i, row)]));
      const analytic = await backward.run(at);
      for (const [i, input] of inputs.entries()) {
        const gradient = analytic.get(`d${i}`)!.data as Float32Array;
        expect(analytic.get(`d${i}`)!.shape).toEqual(input.shape);
        const scale = Math.hypot(...gradient);
        for (let seed = 0; seed < 3; seed++) {
          const direction = Float32Array.from(gradient, (_, k) => Math.sin(1 + k * 1.7 + seed * 2.3));
          const numeric =
            ((await lossAt(forward, at, input.name, direction, STEP)) -
              (await lossAt(forward, at, input.name, direction, -STEP))) /
            (2 * STEP);
          const dot = gradient.reduce((total, value, k) => total + value * direction[k]!, 0);
          const tolerance = 2e-3 * Math.max(scale * Math.hypot(...direction), 0.1);
          expect(Math.abs(dot - numeric), `input ${i}: ${dot} against ${numeric}`).toBeLessThan(tolerance);
        }
      }
      await forward.release();
      await backward.release();
      done.add(name);
    });
  }
});

const OPTIONS = { device: 'cpu', threads: 1, optimize: false } as const;

/** The loss, summed here in double precision, with one input moved along a direction. */
async function lossAt(
  forward: TrainingSession,
  at: ReadonlyMap<string, HostTensor>,
  name: string,
  direction: Float32Array,
  step: number,
): Promise<number> {
  const moved = new Map(at);
  const input = at.get(name)!;
  moved.set(name, {
    ...input,
    data: (input.data as Float32Array).map((value, i) => value + step * direction[i]!),
  });
  const out = await forward.run(moved);
  let loss = 0;
  [...out.values()].forEach(({ data }, k) => {
    (data as Float32Array).forEach((value, i) => (loss += value * Math.cos(0.7 + i * 1.3 + k)));
  });
  return loss;
}
