import type { NodeView } from '../graph/node-view';
import type { Ops } from '../graph/ops';
import { axisOf, inverse, range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import { identity, linearAlong } from '../graph/linear-map';
import type { GradientRule } from './rule';

/** y = x in another shape (Reshape, Flatten, Squeeze, Unsqueeze): dx = dy in x's shape */
export const reshape: GradientRule = (n) => [() => n.g.reshape(n.dy, n.x().shape), null];

/** y = x with axes permuted: dx = dy with axes permuted back */
export const transpose: GradientRule = (n) => {
  const perm = n.ints('perm') ?? range(0, n.x().shape.length).reverse();
  return [() => n.g.transpose(n.dy, inverse(perm))];
};

/** y = x broadcast: dx = dy summed over the axes of the broadcast */
export const expand: GradientRule = (n) => [() => n.g.sumTo(n.dy, n.x().shape), null];

/** y = x repeated: dx = the sum of dy's copies */
export const tile: GradientRule = (n) => {
  const { g } = n;
  const repeats = n.constant(1);
  const shape = n.x().shape;
  return [
    () => {
      const split = g.reshape(
        n.dy,
        shape.flatMap((dim, i) => [repeats[i]!, dim]),
      );
      const copies = range(0, shape.length)
        .map((i) => 2 * i)
        .filter((axis) => split.shape[axis] !== 1);
      return g.reshape(g.reduceSum(split, copies), shape);
    },
    null,
  ];
};

/** y = x₀, x₁, … joined along an axis: dxᵢ = its part of dy */
export const concat: GradientRule = (n) => {
  const axis = n.axis(0);
  let end = 0;
  return n.node.inputs.map((_, i) => {
    const start = end;
    end += n.x(i).shape[axis]!;
    const stop = end;
    return () => n.g.slice(n.dy, [axis], [start], [stop]);
  });
};

/** y₀, y₁, … = x cut along an axis: dx = the dyᵢ joined */
export const split: GradientRule = (n) => [
  () =>
    n.g.concat(
      n.node.outputs.map((_, i) => n.gradient(i)),
      n.axis(0),
    ),
  null,
];

/** y = x[start : end : step] along some axes: dx = dy with zeros everywhere else */
export const slice: GradientRule = (n) => {
  const { g } = n;
  const shape = n.x().shape;
  const starts = n.constant(1);
  const axes = n.optionalConstant(3) ?? range(0, starts.length);
  const steps = n.optionalConstant(4) ?? starts.map(() => 1);
  return [
    () =>
      axes.reduce((dy, named, i) => {
        const axis = axisOf(named, shape.length);
        return unslice(g, dy, axis, shape[axis]!, starts[i]!, steps[i]!);
      }, n.dy),
    null,
    null,
    null,
    null,
  ];
};

/** The adjoint of taking x[start], x[start + step], … along an axis of length `dim`. */
function unslice(g: Ops, dy: Value, axis: number, dim: number, start: number, step: number): Value {
  const count = dy.shape[axis]!;
  const wrapped = start < 0 ? start + dim : start;
  const first = step > 0 ? Math.min(Math.max(wrapped, 0), dim) : Math.min(Math.max(wrapped, 0), dim - 1);
  if (count === 0) return g.full(dy.shape.with(axis, dim), 0, dy.dtype);
  const forward = step < 0 ? g.reverse(dy, [axis]) : dy;
  const low = step < 0 ? first + (count - 1) * step : first;
  const spaced = spread(g, forward, axis, Math.abs(step));
  const begins = dy.shape.map((_, i) => (i === axis ? low : 0));
  const stops = dy.shape.map((_, i) => (i === axis ? dim - low - spaced.shape[axis]! : 0));
  return g.pad(spaced, [...begins, ...stops]);
}

/** `step` − 1 zeros after every element along an axis. */
function spread(g: Ops, x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const shape = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const pads = shape.map((_, i) => (i === axis + 1 ? step - 1 : 0));
  const padded = g.pad(g.reshape(x, shape), [...pads.map(() => 0), ...pads]);
  return g.reshape(padded, x.shape.with(axis, x.shape[axis]! * step));
}

/** The amounts of a Pad node: begins of every axis, then ends. */
export function padsOf(n: NodeView): number[] {
  const rank = n.x().shape.length;
  const given = n.constant(1);
  const axes = (n.optionalConstant(3) ?? range(0, rank)).map((axis) => axisOf(axis, rank));
  return range(0, 2 * rank).map((i) => {
    const at = axes.indexOf(i % rank);
    return at < 0 ? 0 : given[at + (i < rank ? 0 : axes.length)]!;
  });
}

/**
 * y = x padded. Constant: dx = the middle of dy. Reflect, edge, wrap: every axis is a linear map of 0s and 1s, and dx
 * is its transpose applied to dy.
 */
export const pad: GradientRule = (n) => {
  const { g } = n;
  const rank = n.x().shape.length;
  const pads = padsOf(n);
  const axes = range(0, rank);
  const mode = n.text('mode', 'constant');
  return [
    () => {
      if (mode === 'constant')
        return g.pad(
          n.dy,
          pads.map((amount) => -amount),
        );
      return axes.reduce((dy, axis) => {
        const dim = n.x().shape[axis]!;
        const rows = [pads[axis]!, 0, pads[axis + rank]!, 0];
        if (rows.every((amount) => amount === 0)) return dy;
        const map = g.emit(
          'Pad',
          [identity(g, dim), g.integers(rows)],
          [{ dtype: 'float32', shape: [dim + rows[0]! + rows[2]!, dim] }],
          { mode: { type: 'string', value: mode } },
        )[0]!;
        return linearAlong(g, dy, map, axis);
      }, n.dy);
    },
    null,
    null,
    null,
  ];
};

/** y = x taken at indices along an axis: dx = dy added up at those indices */
export const gather: GradientRule = (n) => {
  const { g } = n;
  const axis = n.axis(0);
  const [shape, indices] = [n.x(0).shape, n.x(1)];
  const dim = shape[axis]!;
  return [
    () => {
      const count = sizeOf(indices.shape);
      const rest = shape.filter((_, i) => i !== axis);
      // Axes of dy: before, indices, after. Bring the indices to the front as one axis.
      const flat = g.reshape(n.dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]);
      const known = g.valuesOf(indices);
      if (count === 1 && known) return unslice(g, flat, axis, dim, known[0]!, 1);
      const perm = [axis, ...range(0, shape.length).filter((i) => i !== axis)];
      const wide = g.cast(g.reshape(indices, [count, 1]), 'int64');
      const wrapped = g.where(g.less(wide, 0), g.plus(wide, dim), wide);
      const zeros = g.full([dim, ...rest], 0, n.dy.dtype);
      return g.untranspose(g.scatterAdd(zeros, wrapped, g.transpose(flat, perm)), perm);
    },
    null,
  ];
};

/** y = x rearranged from depth to space: dx = dy rearranged back */
export const depthToSpace: GradientRule = (n) => {
  const { g } = n;
  const block = n.int('blocksize', 1);
  const [batch, channels, height, width] = n.x().shape as [number, number, number, number];
  const depth = channels / (block * block);
  const perm = n.text('mode', 'DCR') === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  return [
    () => {
      const split = g.reshape(n.dy, [batch, depth, height, block, width, block]);
      return g.reshape(g.transpose(split, perm), n.x().shape);
    },
  ];
};

/** y = x rearranged from space to depth: dx = dy rearranged back */
export const spaceToDepth: GradientRule = (n) => {
  const { g } = n;
  const block = n.int('blocksize', 1);
  const [batch, channels, height, width] = n.x().shape as [number, number, number, number];
  return [
    () => {
      const blocks = g.reshape(n.dy, [batch, block, block, channels, height / block, width / block]);
      return g.reshape(g.transpose(blocks, [0, 3, 4, 1, 5, 2]), n.x().shape);
    },
  ];
};

/** y = dropout of x, with ratio r and the mask that was drawn: dx = dy·mask/(1 − r); without a mask nothing was dropped. */
export const dropout: GradientRule = (n) => {
  const { g } = n;
  const training = n.optional(2) ? n.constant(2)[0] !== 0 : false;
  const ratio = n.optionalConstant(1)?.[0] ?? 0.5;
  return [() => (training ? g.mul(n.dy, g.div(g.cast(n.y(1), n.dy.dtype), 1 - ratio)) : n.dy), null, null];
};

/** y = data with updates added at indices (reduction "add"): d data = dy, d updates = dy taken at the indices */
export const scatterNd: GradientRule = (n) => {
  const { g } = n;
  if (n.text('reduction', 'none') !== 'add')
    throw n.error('no-gradient', 'has a gradient rule with reduction "add" only');
  const taken = (): Value =>
    g.emit('GatherND', [n.dy, n.x(1)], [{ dtype: n.dy.dtype, shape: n.x(2).shape }])[0]!;
  return [() => n.dy, null, taken];
};
