import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, Tfjs } from '../../src/training/tfjs/tfjs';
import { loadTfjsCpu } from '../support/tfjs';

/**
 * Where TensorFlow.js 4.22 has no gradient, or a wrong one: why `operators/` is written as it is, and what to look at
 * when the version changes. Every kernel named here would otherwise be the obvious mapping of an ONNX operator.
 */
const WITHOUT_GRADIENT = [
  'Cumprod',
  'DepthToSpace',
  'Einsum',
  'Equal',
  'GatherNd',
  'Greater',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalNot',
  'ScatterNd',
  'StridedSlice',
  'TensorScatterUpdate',
  'TopK',
  'Transform',
];

let tf: Tfjs;
beforeAll(async () => {
  tf = await loadTfjsCpu();
});

const gradient = async (f: (x: Tensor) => Tensor, x: Tensor): Promise<number[]> =>
  Array.from(
    await tf
      .grad((at) => tf.sum(f(at)))(x)
      .data(),
  );

describe('TensorFlow.js', () => {
  it.each(WITHOUT_GRADIENT)('has no gradient for %s', (kernel) => {
    expect(tf.getKernel(kernel, 'cpu')).toBeTruthy();
    expect(tf.getGradient(kernel)).toBeUndefined();
  });

  it('has gradients for what the mapping uses in place of them', () => {
    for (const kernel of [
      'Conv2D',
      'DepthwiseConv2dNative',
      'Conv2DBackpropInput',
      'GatherV2',
      'Select',
      'PadV2',
    ])
      expect(tf.getGradient(kernel), kernel).toBeTruthy();
  });

  it('does not differentiate dilated convolutions', async () => {
    const x = tf.tensor4d(new Float32Array(25), [1, 5, 5, 1]);
    const w = tf.tensor4d(new Float32Array(9), [3, 3, 1, 1]);
    await expect(gradient((k) => tf.conv2d(x, k as typeof w, 1, 'valid', 'NHWC', 2), w)).rejects.toThrow(
      /dilation rates greater than 1/,
    );
  });

  it('leaves mirrored elements out of the gradient of mirrorPad', async () => {
    // x₁ shows up three times in x₁ x₀ x₁ x₂ x₁: its gradient is 3, not 1.
    const wrong = await gradient((x) => tf.mirrorPad(x, [[1, 1]], 'reflect'), tf.tensor1d([1, 2, 3]));
    expect(wrong).toEqual([1, 1, 1]);
  });

  it('does not sum the gradients of maximum and of batched products over broadcast axes', async () => {
    await expect(gradient((x) => tf.maximum(x, tf.zeros([2, 3])), tf.tensor1d([1, 2, 3]))).rejects.toThrow(
      /shape/,
    );
    const a = tf.ones([4, 2, 3]);
    await expect(gradient((b) => tf.matMul(a, b), tf.ones([1, 3, 2]))).rejects.toThrow(/shape/);
  });

  it('fails on the gradient of a split into one part', async () => {
    await expect(gradient((x) => tf.split(x, 1)[0]!, tf.tensor1d([1, 2]))).rejects.toThrow();
  });
});
