import { padsOf } from '../../gradients/shape';
import { axisOf, range } from '../../graph/shape';
import { axisInLast } from '../laid-tensor';
import type { Tensor, Tfjs } from '../tfjs';
import type { TfNode, TfOperator } from '../tf-node';

/** Reshape, Flatten, Squeeze, Unsqueeze: the shape that the graph worked out. */
export const reshape: TfOperator = (n) => [n.first(n.tf.reshape(n.t(), [...n.y().shape]))];

export const transpose: TfOperator = (n) => {
  const perm = n.ints('perm') ?? range(0, n.x().shape.length).reverse();
  return [n.first(n.tf.transpose(n.t(), [...perm]))];
};

/** By adding zeros: unlike tf.broadcastTo's, Add's gradient takes operands of fewer axes. */
export const expand: TfOperator = (n) => [n.first(n.tf.add(n.t(), n.tf.zeros([...n.y().shape])))];

export const tile: TfOperator = (n) => [n.first(n.tf.tile(n.t(), [...n.constant(1)]))];

export const concat: TfOperator = (n) => {
  const axis = n.axis(0);
  const parts = n.node.inputs.map((_, i) => n.laid(i));
  if (parts.length > 0 && parts.every((part) => part.isLast))
    return [
      n.last(
        n.tf.concat(
          parts.map((part) => part.asLast()),
          axisInLast(axis),
        ),
      ),
    ];
  return [
    n.first(
      n.tf.concat(
        parts.map((part) => part.asFirst()),
        axis,
      ),
    ),
  ];
};

export const split: TfOperator = (n) => {
  const axis = n.axis(0);
  const sizes = n.node.outputs.map((_, i) => n.y(i).shape[axis]!);
  // The gradient of tf.split fails for one part.
  if (sizes.length === 1) return [n.laid()];
  return n.tf.split(n.t(), sizes, axis).map((part) => n.first(part));
};

/** x[start : end : step]; steps other than 1 by gathering, as tf.stridedSlice has no gradient. */
export const slice: TfOperator = (n) => {
  const { shape } = n.x();
  const starts = n.constant(1);
  const axes = n.optionalConstant(3) ?? range(0, starts.length);
  const steps = n.optionalConstant(4) ?? starts.map(() => 1);
  const result = axes.reduce((x, named, i) => {
    const axis = axisOf(named, shape.length);
    const [dim, step, count] = [shape[axis]!, steps[i]!, n.y().shape[axis]!];
    const wrapped = starts[i]! < 0 ? starts[i]! + dim : starts[i]!;
    const from = Math.min(Math.max(wrapped, 0), step > 0 ? dim : dim - 1);
    if (step === 1) {
      const begin = x.shape.map((_, k) => (k === axis ? from : 0));
      return n.tf.slice(
        x,
        begin,
        x.shape.map((size, k) => (k === axis ? count : size)),
      );
    }
    return takeAlong(
      n.tf,
      x,
      range(0, count).map((k) => from + k * step),
      axis,
    );
  }, n.t());
  return [n.first(result)];
};

/**
 * x padded; negative amounts crop. Reflect, edge and wrap by gathering: the gradient that TensorFlow.js has for
 * tf.mirrorPad leaves out what flows back through the mirrored elements.
 */
export const pad: TfOperator = (n) => {
  const pads = padsOf(n);
  const mode = n.text('mode', 'constant');
  if (mode === 'constant') return [n.first(padConstant(n.tf, n.t(), pads, n.optionalConstant(2)?.[0] ?? 0))];
  const rank = n.x().shape.length;
  return [
    n.first(
      range(0, rank).reduce((x, axis) => {
        const [before, after, dim] = [pads[axis]!, pads[axis + rank]!, n.x().shape[axis]!];
        if (before === 0 && after === 0) return x;
        const indices = range(-before, dim + after).map((i) => sourceOf(n, mode, i, dim));
        return takeAlong(n.tf, x, indices, axis);
      }, n.t()),
    ),
  ];
};

/** Constant padding: begins of every axis, then ends; negative amounts crop. */
export function padConstant(tf: Tfjs, x: Tensor, pads: readonly number[], value = 0): Tensor {
  const rank = x.rank;
  const begins = pads.slice(0, rank);
  const ends = pads.slice(rank);
  const cropped = pads.some((amount) => amount < 0)
    ? tf.slice(
        x,
        begins.map((amount) => Math.max(0, -amount)),
        x.shape.map((dim, i) => dim + Math.min(0, begins[i]!) + Math.min(0, ends[i]!)),
      )
    : x;
  if (pads.every((amount) => amount <= 0)) return cropped;
  return tf.pad(
    cropped,
    begins.map((amount, i): [number, number] => [Math.max(0, amount), Math.max(0, ends[i]!)]),
    value,
  );
}

/** The element that position `i` of a padded axis shows. */
function sourceOf(n: TfNode, mode: string, i: number, dim: number): number {
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(i, 0), dim - 1);
    case 'wrap':
      return ((i % dim) + dim) % dim;
    case 'reflect': {
      const period = Math.max(1, 2 * (dim - 1));
      const within = ((i % period) + period) % period;
      return Math.min(within, period - within);
    }
    default:
      throw n.error('unsupported-model', `pads in the mode '${mode}', which Scour does not know`);
  }
}

export const gather: TfOperator = (n) => {
  const axis = n.axis(0);
  const known = n.g.valuesOf(n.x(1));
  const dim = n.x(0).shape[axis]!;
  if (known === null)
    throw n.error('dynamic-shape', 'its indices must be constants for TensorFlow.js to train through it');
  const indices = known.map((index) => (index < 0 ? index + dim : index));
  return [n.first(n.tf.reshape(takeAlong(n.tf, n.t(), indices, axis), [...n.y().shape]))];
};

export const depthToSpace: TfOperator = (n) => {
  const block = n.int('blocksize', 1);
  const [batch, channels, height, width] = n.x().shape as [number, number, number, number];
  const depth = channels / (block * block);
  const [shape, perm] =
    n.text('mode', 'DCR') === 'DCR'
      ? [
          [batch, block, block, depth, height, width],
          [0, 3, 4, 1, 5, 2],
        ]
      : [
          [batch, depth, block, block, height, width],
          [0, 1, 4, 2, 5, 3],
        ];
  return [n.first(n.tf.reshape(n.tf.transpose(n.tf.reshape(n.t(), shape), perm), [...n.y().shape]))];
};

export const spaceToDepth: TfOperator = (n) => {
  const block = n.int('blocksize', 1);
  const [batch, channels, height, width] = n.x().shape as [number, number, number, number];
  const blocks = n.tf.reshape(n.t(), [batch, channels, height / block, block, width / block, block]);
  return [n.first(n.tf.reshape(n.tf.transpose(blocks, [0, 3, 5, 1, 2, 4]), [...n.y().shape]))];
};

/** x at `indices` along an axis. */
function takeAlong(tf: Tfjs, x: Tensor, indices: readonly number[], axis: number): Tensor {
  return tf.gather(x, tf.tensor1d(Int32Array.from(indices), 'int32'), axis);
}
