import { exactPads, spatialPads, transposedWindowOf, windowOf } from '../../gradients/window';
import type { Window } from '../../graph/ops';
import { padConstant } from './shape';
import type { Tensor, Tensor4D, Tfjs } from '../tfjs';
import type { TfNode, TfOperator } from '../tf-node';

/**
 * x ∗ w + b of images. Pads that are not what TensorFlow.js calls 'same' are added first; dilated kernels are written
 * out with zeros between their taps (tf.conv2d has no gradient for dilations above 1); groups are convolved one by
 * one, or as a depthwise convolution where each has one channel.
 */
export const conv: TfOperator = (n) => {
  const { tf } = n;
  const [x, w] = [n.x(0), n.x(1)];
  requireImages(n);
  const window = windowOf(n, w.shape.slice(2));
  const [strideY, strideX] = window.strides as [number, number];
  const { image, pad } = padded(n, window);
  const kernel = dilated(tf, n.t(1), window.dilations);
  const group = n.int('group', 1);
  const channels = x.shape[1]!;
  let y: Tensor;
  if (group === 1) {
    y = tf.conv2d(image, hwio(tf, kernel), [strideY, strideX], pad);
  } else if (group === channels && strideY === strideX) {
    // Unequal strides are not among TensorFlow's depthwise kernels.
    const multiplier = w.shape[0]! / group;
    const grouped = tf.reshape(kernel, [channels, multiplier, ...kernel.shape.slice(2)]);
    y = tf.depthwiseConv2d(image, hwio(tf, tf.transpose(grouped, [1, 0, 2, 3])), [strideY, strideX], pad);
  } else {
    const kernels = groupsOf(tf, kernel, group, 0);
    const parts = groupsOf(tf, image, group, 3);
    y = tf.concat(
      parts.map((part, i) => tf.conv2d(part, hwio(tf, kernels[i]!), [strideY, strideX], pad)),
      3,
    );
  }
  const bias = n.optionalT(2);
  return [n.last(bias === null ? y : tf.add(y, bias))];
};

/** The adjoint of a convolution, plus b: computed without padding, then cropped to what the pads leave. */
export const convTranspose: TfOperator = (n) => {
  const { tf } = n;
  const [x, w] = [n.x(0), n.x(1)];
  requireImages(n);
  const window = transposedWindowOf(n, w.shape.slice(2));
  const [strideY, strideX] = window.strides as [number, number];
  const group = n.int('group', 1);
  const kernels = groupsOf(tf, dilated(tf, n.t(1), window.dilations), group, 0);
  const [batch, , height, width] = x.shape as [number, number, number, number];
  const full = [height, width].map((dim, i) => {
    const reach = window.dilations[i]! * (window.kernel[i]! - 1) + 1;
    return (dim - 1) * window.strides[i]! + reach;
  }) as [number, number];
  const images = groupsOf(tf, n.laid(0).asLast(), group, 3);
  const parts = images.map((part, i) => {
    // C × M × H × W as H × W × M × C.
    const kernel = tf.transpose(kernels[i]!, [2, 3, 1, 0]) as Tensor4D;
    return tf.conv2dTranspose(part, kernel, [batch, ...full, w.shape[1]!], [strideY, strideX], 'valid');
  });
  const [top, left] = window.pads as [number, number];
  const [bottom, right] = [n.y().shape[2]! - full[0] + top, n.y().shape[3]! - full[1] + left];
  const y = padConstant(tf, tf.concat(parts, 3), [0, -top, -left, 0, 0, bottom, right, 0]);
  const bias = n.optionalT(2);
  return [n.last(bias === null ? y : tf.add(y, bias))];
};

/** Throws where a convolution or pooling is not one of images: TensorFlow.js has none of one axis, and no gradients for three. */
export function requireImages(n: TfNode): void {
  const rank = n.x().shape.length;
  if (rank !== 4)
    throw n.error(
      'unsupported-model',
      `works on ${rank - 2} spatial axes; Scour trains through TensorFlow.js on images. Use onnxruntime`,
    );
}

/** The image, channels last, with its pads; 'same' where that is what the pads amount to, which copies nothing. */
function padded(n: TfNode, window: Window): { image: Tensor4D; pad: 'same' | 'valid' } {
  const image = n.laid(0).asLast();
  const [inputs, outputs] = [n.x().shape.slice(2), n.y().shape.slice(2)];
  const pads = exactPads(window, inputs, outputs);
  // Columns after the last window are not used: 'valid' leaves them out as well.
  const needed = pads.map((amount) => Math.max(0, amount));
  if (needed.every((amount) => amount === 0)) return { image, pad: 'valid' };
  const same = inputs.every((dim, i) => {
    const total = needed[i]! + needed[i + 2]!;
    return outputs[i] === Math.ceil(dim / window.strides[i]!) && needed[i] === Math.floor(total / 2);
  });
  if (same) return { image, pad: 'same' };
  return { image: padImage(n.tf, image, needed, 0), pad: 'valid' };
}

/** N × H × W × C with pads top, left, bottom, right. */
export function padImage(tf: Tfjs, image: Tensor4D, pads: readonly number[], value: number): Tensor4D {
  const [, , top, left, , , bottom, right] = spatialPads(pads) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return padConstant(tf, image, [0, top, left, 0, 0, bottom, right, 0], value) as Tensor4D;
}

/** M × C × H × W as H × W × C × M. */
function hwio(tf: Tfjs, kernel: Tensor): Tensor4D {
  return tf.transpose(kernel, [2, 3, 1, 0]) as Tensor4D;
}

/** x cut into equal groups along an axis. The gradient of tf.split fails for one part. */
function groupsOf<T extends Tensor>(tf: Tfjs, x: T, group: number, axis: number): T[] {
  return group === 1 ? [x] : tf.split(x, group, axis);
}

/** The kernel with d − 1 zeros between its taps along each spatial axis. */
function dilated(tf: Tfjs, kernel: Tensor, dilations: readonly number[]): Tensor {
  return dilations.reduce((k, dilation, i) => {
    const axis = i + 2;
    const taps = k.shape[axis]!;
    if (dilation === 1 || taps === 1) return k;
    const apart = tf.reshape(k, [...k.shape.slice(0, axis + 1), 1, ...k.shape.slice(axis + 1)]);
    const pads = apart.shape.map((_, at): [number, number] => [0, at === axis + 1 ? dilation - 1 : 0]);
    const spaced = tf.reshape(
      tf.pad(apart, pads),
      k.shape.map((dim, at) => (at === axis ? dim * dilation : dim)),
    );
    const reach = dilation * (taps - 1) + 1;
    return tf.slice(
      spaced,
      spaced.shape.map(() => 0),
      spaced.shape.map((dim, at) => (at === axis ? reach : dim)),
    );
  }, kernel);
}
