import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/model/onnx/encode';
import { blockedLayout } from '../../src/runtime/blocked-layout';
import { TrainingSession, type HostTensor } from '../../src/runtime/training-session';
import { Ops, type BuiltGraph, type Window } from '../../src/training/graph/ops';
import { differentiate } from '../../src/training/gradients/differentiate';
import { BLOCKED_DOMAIN } from '../../src/training/lowering/blocked-ops';
import { lower } from '../../src/training/lowering/lower';
import { noise } from '../support/small-net';
import { worstError } from '../support/training';

/** Channels in a block on this machine; null where onnxruntime has no blocked layout for it. */
const block = await blockedLayout();

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly group?: number;
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  /** Blocked convolutions among forward, input gradient and kernel gradient. */
  readonly blocked: number;
}

const CASES: readonly Case[] = [
  { name: '3 × 3', x: [16, 16, 6, 7], w: [32, 16, 3, 3], blocked: 3 },
  { name: '1 × 1', x: [16, 32, 3, 2], w: [16, 32, 1, 1], pads: [0, 0, 0, 0], blocked: 3 },
  { name: 'channels that fill no block', x: [16, 20, 5, 5], w: [24, 20, 3, 3], blocked: 2 },
  { name: 'a batch that fills no block', x: [5, 32, 5, 5], w: [32, 32, 3, 3], blocked: 2 },
  { name: 'three channels', x: [16, 3, 8, 8], w: [32, 3, 3, 3], blocked: 1 },
  { name: 'asymmetric pads', x: [16, 16, 6, 6], w: [16, 16, 3, 2], pads: [0, 1, 2, 0], blocked: 3 },
  {
    name: 'dilation',
    x: [16, 16, 8, 8],
    w: [16, 16, 3, 3],
    dilations: [2, 2],
    pads: [2, 2, 2, 2],
    blocked: 3,
  },
  { name: 'stride', x: [16, 16, 9, 8], w: [16, 16, 3, 3], strides: [2, 2], blocked: 2 },
  { name: 'depthwise', x: [3, 32, 6, 6], w: [32, 1, 3, 3], group: 32, blocked: 3 },
  {
    name: 'depthwise, 12 channels',
    x: [2, 12, 6, 6],
    w: [12, 1, 5, 5],
    group: 12,
    pads: [2, 2, 2, 2],
    blocked: 3,
  },
  { name: 'depthwise, stride', x: [2, 16, 8, 7], w: [16, 1, 3, 3], group: 16, strides: [2, 2], blocked: 3 },
  {
    name: 'depthwise, stride and dilation',
    x: [2, 16, 9, 9],
    w: [16, 1, 3, 3],
    group: 16,
    strides: [2, 1],
    dilations: [1, 2],
    blocked: 3,
  },
  {
    name: 'depthwise, a column that no window covers',
    x: [2, 16, 6, 6],
    w: [16, 1, 2, 2],
    group: 16,
    strides: [4, 4],
    pads: [0, 0, 0, 0],
    blocked: 2,
  },
  { name: 'groups', x: [16, 32, 5, 5], w: [32, 16, 3, 3], group: 2, blocked: 0 },
];

describe.skipIf(block === null)('convolutions in blocked layout (needs a processor that has one)', () => {
  it.each(CASES)('$name', async (each) => {
    const plain = build(each);
    const lowered = lower(plain, block);
    const count = lowered.g
      .liveNodes(lowered.outputs.values())
      .filter(({ domain, opType }) => domain === BLOCKED_DOMAIN && opType === 'Conv').length;
    if (block === 16) expect(count).toBe(each.blocked);
    const [expected, got] = [await run(plain, each), await run(lowered, each)];
    for (const [name, values] of expected)
      expect(worstError(got.get(name)!.data as Float32Array, values.data as Float32Array), name).toBeLessThan(
        2e-6,
      );
  });
});

describe('elementwise operations on trailing axes of length 1', () => {
  it('lose those axes and keep their results', async () => {
    const g = new Ops();
    const [x, w] = [g.input('x', float32([4, 6, 1, 1])), g.input('w', float32([1, 6, 1, 1]))];
    const b = g.input('b', float32([1]));
    const y = g.sub(g.mul(g.plus(x, b), w), g.mul(x, 2));
    const plain = { g, outputs: new Map([['y', y]]) };
    const lowered = lower(plain, null);
    const each = { name: '', x: x.shape, w: w.shape, blocked: 0 };
    const sizes = { b: 1 };
    const [expected, got] = [await run(plain, each, sizes), await run(lowered, each, sizes)];
    expect(got.get('y')!.shape).toEqual([4, 6, 1, 1]);
    expect(got.get('y')!.data).toEqual(expected.get('y')!.data);
    const ranks = lowered.g
      .liveNodes(lowered.outputs.values())
      .filter(({ opType }) => opType !== 'Reshape')
      .map(({ outputs }) => outputs[0]!.shape.length);
    expect(ranks).toEqual([2, 2, 2, 2]);
  });
});

/** A convolution with bias, and the gradients of Σ y²/2. */
function build({
  x,
  w,
  group = 1,
  strides = [1, 1],
  dilations = [1, 1],
  pads = [1, 1, 1, 1],
}: Case): BuiltGraph {
  const g = new Ops();
  const [image, kernel] = [g.input('x', float32(x)), g.input('w', float32(w))];
  const bias = g.input('b', float32([w[0]!]));
  const window: Window = { kernel: w.slice(2), strides, dilations, pads };
  const y = g.conv(image, kernel, window, group, bias);
  const loss = g.mul(g.reduceSumSquare(y, [0, 1, 2, 3], false), 0.5);
  const gradients = differentiate(g, loss, [image, kernel]);
  return {
    g,
    outputs: new Map([
      ['y', y],
      ['dx', gradients.get('x')!],
      ['dw', gradients.get('w')!],
    ]),
  };
}

async function run(
  { g, outputs }: BuiltGraph,
  { x, w }: Case,
  sizes = { b: w[0]! },
): Promise<Map<string, HostTensor>> {
  const model = g.toModel(outputs, new Map([['', 18]]));
  const session = await TrainingSession.create(encodeModel(model), { device: 'cpu', threads: 1 });
  const tensor = (shape: readonly number[], seed: number): HostTensor => ({
    ...float32(shape),
    data: noise(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  });
  const feeds = [
    ['x', tensor(x, 1)],
    ['w', tensor(w, 2)],
    ['b', tensor([sizes.b], 3)],
  ] as const;
  const results = await session.run(new Map(feeds));
  await session.release();
  return results;
}

function float32(shape: readonly number[]): { dtype: 'float32'; shape: readonly number[] } {
  return { dtype: 'float32', shape };
}
