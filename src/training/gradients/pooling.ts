import { range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import type { GradientRule, NodeGradient } from './rule';
import { exactPads, spatialPads, windowOf } from './window';

/**
 * y = the largest of each window: its gradient goes to the element that was largest, the first one of a tie, as in
 * PyTorch. The operator's second output, Indices, says which: positions in x flattened.
 */
export const maxPool: GradientRule = (n) => {
  const { g } = n;
  const size = sizeOf(n.x().shape);
  return [
    () => {
      const indices = maxIndices(n);
      const updates = g.reshape(n.dy, [sizeOf(n.dy.shape)]);
      const flat = g.scatterAdd(
        g.full([size], 0, n.dy.dtype),
        g.reshape(indices, [sizeOf(n.dy.shape), 1]),
        updates,
      );
      return g.reshape(flat, n.x().shape);
    },
  ];
};

/** Indices of the node, or of the same pooling run again where the model did not ask for them. */
function maxIndices(n: NodeGradient): Value {
  const given = n.node.outputs[1];
  if (given) return given;
  const attributes = Object.fromEntries(n.node.attributes);
  const types = [n.y(), { dtype: 'int64', shape: n.y().shape }] as const;
  return n.g.emit('MaxPool', [n.x()], types, attributes)[1]!;
}

/**
 * y = the mean of each window. dx: dy/(elements counted), spread over its window: the adjoint of a convolution with
 * ones, a channel at a time. With count_include_pad = 0 padding is not counted; what ceil_mode adds beyond the pads
 * never is.
 */
export const averagePool: GradientRule = (n) => {
  const { g } = n;
  const kernel = n.ints('kernel_shape') ?? [];
  const window = windowOf(n, kernel);
  const [inputs, outputs] = [n.x().shape.slice(2), n.y().shape.slice(2)];
  const counts = countsOf(window.pads, inputs, outputs, n.int('count_include_pad', 0) === 1, window);
  return [
    () => {
      const channels = n.x().shape[1]!;
      const batch = n.x().shape[0]!;
      const shares = g.div(n.dy, g.floats(counts, [1, 1, ...outputs]));
      const pads = exactPads(window, inputs, outputs);
      const images = g.reshape(shares, [batch * channels, 1, ...outputs]);
      const ones = g.full([1, 1, ...kernel], 1);
      const spread = g.convTranspose(
        images,
        ones,
        { ...window, pads: pads.map(() => 0) },
        kernel.map(() => 0),
      );
      return g.reshape(g.pad(spread, spatialPads(pads.map((pad) => -pad))), n.x().shape);
    },
  ];
};

/** How many elements each window counts, row-major over the output's spatial positions. */
export function countsOf(
  pads: readonly number[],
  inputs: readonly number[],
  outputs: readonly number[],
  includePads: boolean,
  {
    kernel,
    strides,
    dilations,
  }: { kernel: readonly number[]; strides: readonly number[]; dilations: readonly number[] },
): Float32Array {
  const perAxis = kernel.map((k, i) => {
    const [low, high] = includePads ? [-pads[i]!, inputs[i]! + pads[i + kernel.length]!] : [0, inputs[i]!];
    return range(0, outputs[i]!).map((o) => {
      const start = o * strides[i]! - pads[i]!;
      return range(0, k).filter((t) => {
        const at = start + t * dilations[i]!;
        return at >= low && at < high;
      }).length;
    });
  });
  const all = perAxis.reduce<number[]>((outer, axis) => outer.flatMap((a) => axis.map((b) => a * b)), [1]);
  return Float32Array.from(all);
}

/** y = the mean over space: dx = dy/(H·W) everywhere */
export const globalAveragePool: GradientRule = (n) => {
  const area = sizeOf(n.x().shape.slice(2));
  return [() => n.g.expand(n.g.div(n.dy, area), n.x().shape)];
};

/** y = the largest over space: dx = dy where x = y, shared among equals */
export const globalMaxPool: GradientRule = (n) => {
  const { g } = n;
  const axes = range(2, n.x().shape.length);
  return [() => shareAmongEqual(n, n.y(), n.dy, axes, g.cast(g.equal(n.x(), n.y()), n.x().dtype))];
};

/** dy (with `axes` kept as 1) divided among the elements marked in `hits`. */
export function shareAmongEqual(
  n: NodeGradient,
  y: Value,
  dy: Value,
  axes: readonly number[],
  hits: Value,
): Value {
  const { g } = n;
  return g.mul(hits, g.div(g.reshape(dy, y.shape), g.reduceSum(hits, axes)));
}
