import { expect, it } from 'vitest';
import { encodeModel } from '../../src/model/onnx/encode';
import { TrainingSession, type HostTensor } from '../../src/runtime/training-session';
import { differentiate } from '../../src/training/gradients/differentiate';
import { Ops } from '../../src/training/graph/ops';
import { range, sizeOf } from '../../src/training/graph/shape';
import type { Value } from '../../src/training/graph/value';

/**
 * The gradient graph is made of operators with rules of their own. Here P(w) = ½‖∂/∂x Σ tanh(conv(x, w))²‖², a gradient
 * penalty, is differentiated with respect to w and held against central differences of P.
 */
it.each([
  { title: 'stride 1', stride: 1 },
  { title: 'stride 2', stride: 2 },
])(
  'a gradient of a gradient through a convolution agrees with central differences ($title)',
  async ({ stride }) => {
    const g = new Ops();
    const x = g.input('x', { dtype: 'float32', shape: [2, 3, 5, 5] });
    const w = g.input('w', { dtype: 'float32', shape: [4, 3, 3, 3] });
    const window = { kernel: [3, 3], strides: [stride, stride], dilations: [1, 1], pads: [1, 1, 1, 1] };
    const total = (value: Value): Value => g.reduceSum(value, range(0, value.shape.length), false);
    const inner = differentiate(g, total(g.square(g.tanh(g.conv(x, w, window)))), [x]).get('x')!;
    const penalty = g.mul(total(g.square(inner)), 0.5);
    const outer = differentiate(g, penalty, [w]).get('w')!;
    const session = await TrainingSession.create(
      encodeModel(
        g.toModel(
          new Map([
            ['penalty', penalty],
            ['gradient', outer],
          ]),
          new Map([['', 18]]),
        ),
      ),
      { device: 'cpu', threads: 1 },
    );
    const tensor = (shape: readonly number[], at: (i: number) => number): HostTensor => ({
      dtype: 'float32',
      shape,
      data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => at(i)),
    });
    const images = tensor(x.shape, (i) => Math.sin(i * 1.7));
    const direction = (i: number): number => Math.cos(i * 2.3);
    const run = (step: number) =>
      session.run(
        new Map([
          ['x', images],
          ['w', tensor(w.shape, (i) => 0.2 * Math.sin(i * 3.1) + step * direction(i))],
        ]),
      );
    const value = async (step: number): Promise<number> => Number((await run(step)).get('penalty')!.data[0]);
    const numeric = ((await value(0.005)) - (await value(-0.005))) / 0.01;
    const gradient = (await run(0)).get('gradient')!.data as Float32Array;
    const dot = gradient.reduce((sum, each, i) => sum + each * direction(i), 0);
    expect(Math.abs(dot - numeric)).toBeLessThan(5e-3 * Math.max(1, Math.abs(numeric)));
    expect(Math.abs(numeric)).toBeGreaterThan(0.1);
    await session.release();
  },
);
