import { countsOf } from '../../gradients/pooling';
import { exactPads, windowOf } from '../../gradients/window';
import { sizeOf } from '../../graph/shape';
import type { Tensor4D } from '../tfjs';
import type { TfNode, TfOperator } from '../tf-node';
import { padImage, requireImages } from './convolution';

/** The largest of each window; pads never win. */
export const maxPool: TfOperator = (n) => {
  if (n.node.outputs[1]) throw n.error('unsupported-model', 'gives indices, which TensorFlow.js does not');
  const { image, kernel, strides } = windows(n, -Infinity);
  return [n.last(n.tf.maxPool(image, kernel, strides, 'valid'))];
};

/** The sum of each window over the number of elements it counts. */
export const averagePool: TfOperator = (n) => {
  const { tf } = n;
  const { image, kernel, strides, window } = windows(n, 0);
  const [inputs, outputs] = [n.x().shape.slice(2), n.y().shape.slice(2) as [number, number]];
  const includePads = n.int('count_include_pad', 0) === 1;
  const counts = countsOf(window.pads, inputs, outputs, includePads, window);
  const shares = tf.tensor4d(
    counts.map((count) => sizeOf(kernel) / count),
    [1, ...outputs, 1],
  );
  return [n.last(tf.mul(tf.avgPool(image, kernel, strides, 'valid'), shares))];
};

export const globalAveragePool: TfOperator = (n) => {
  requireImages(n);
  return [n.last(n.tf.mean(n.laid().asLast(), [1, 2], true))];
};

export const globalMaxPool: TfOperator = (n) => {
  requireImages(n);
  return [n.last(n.tf.max(n.laid().asLast(), [1, 2], true))];
};

/** The image, channels last, padded such that its windows fit exactly. */
function windows(n: TfNode, fill: number) {
  requireImages(n);
  const window = windowOf(n, n.ints('kernel_shape') ?? []);
  if (window.dilations.some((dilation) => dilation !== 1))
    throw n.error(
      'unsupported-model',
      'is dilated, which TensorFlow.js has no gradient for. Use onnxruntime',
    );
  const pads = exactPads(window, n.x().shape.slice(2), n.y().shape.slice(2));
  const image: Tensor4D = padImage(
    n.tf,
    n.laid().asLast(),
    pads.map((amount) => Math.max(0, amount)),
    fill,
  );
  return {
    image,
    window,
    kernel: [...window.kernel] as [number, number],
    strides: [...window.strides] as [number, number],
  };
}
