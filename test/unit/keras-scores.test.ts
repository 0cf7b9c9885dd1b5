import { describe, expect, test } from 'vitest';
import { expectedScores, openFixture, scoresOf } from '../support/keras';

const expected = expectedScores();
/** Where a .weights.h5 file keeps the convolutions, in the order of the model. */
const STORES = [
  'conv2d',
  'conv2d_1',
  'depthwise_conv2d',
  'separable_conv2d/depthwise',
  'separable_conv2d/pointwise',
  'conv2d_transpose',
  'conv2d_2',
  'conv2d_3',
];

describe('UCLC of Keras and TensorFlow.js files against numpy', () => {
  test.each(Object.keys(expected))('%s', async (file) => {
    const checkpoint = openFixture(file);
    try {
      const { layers } = await scoresOf(checkpoint);
      const wanted = expected[file]!;
      if (file !== 'v3.weights.h5') {
        expect(layers.map(({ name, norm }) => [name, norm])).toEqual(
          wanted.map(({ name, norm }) => [name, norm]),
        );
      }
      // Without a configuration the layers have the names of their groups.
      const found =
        file === 'v3.weights.h5'
          ? STORES.map((name) => layers.find((layer) => layer.name === `layers/${name}`)!)
          : layers;
      expect(found.map(({ status }) => status)).toEqual(wanted.map(() => 'scored'));
      found.forEach(({ uclc }, i) => {
        expect(uclc).toHaveLength(wanted[i]!.uclc.length);
        uclc.forEach((value, k) => expect(Math.abs(value! / wanted[i]!.uclc[k]! - 1)).toBeLessThan(1e-5));
      });
    } finally {
      checkpoint.close?.();
    }
  });

  test('says what lies between a convolution and its norm, and why others have none', async () => {
    const checkpoint = openFixture('functional.keras');
    const { layers } = await scoresOf(checkpoint);
    const reasons = Object.fromEntries(layers.map(({ name, reason }) => [name, reason]));
    expect(reasons['stem']).toBeUndefined();
    expect(reasons['conv_b']).toMatch(/ReLU 'relu_b', MaxPooling2D 'pool_b'/);
    expect(reasons['sep/depthwise']).toMatch(/pointwise half/);
    expect(reasons['swish']).toMatch(/activation, before 'bn_swish'/);
    expect(reasons['up']).toBeUndefined();
    expect(layers.find(({ name }) => name === 'conv_b')).toMatchObject({
      groups: 2,
      channels: 6,
      kernel: [3, 3],
    });
    expect(layers.find(({ name }) => name === 'depth')).toMatchObject({ groups: 6, channels: 12 });
    expect(layers.find(({ name }) => name === 'up')).toMatchObject({
      operator: 'Conv2DTranspose',
      channels: 7,
    });
  });

  test('weights alone are paired by the order in which layers were made, which says so', async () => {
    const { layers } = await scoresOf(openFixture('weights-only.h5'));
    expect(layers.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/'bn1'.*confidence medium/),
      expect.stringMatching(/'bn2'.*confidence medium/),
    ]);
    const { layers: numbered } = await scoresOf(openFixture('v3.weights.h5'));
    expect(numbered.every(({ norm, reason }) => norm === null && reason!.includes('confidence low'))).toBe(
      true,
    );
  });

  test('counts the weights of the network, not of its optimizer', () => {
    for (const file of ['functional.h5', 'functional.keras']) {
      const { tensors } = openFixture(file);
      expect(tensors).toHaveLength(tensors.filter(({ path }) => !path.includes('optimizer')).length);
      expect(tensors.length).toBe(38);
    }
  });
});
