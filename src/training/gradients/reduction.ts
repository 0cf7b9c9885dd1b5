import type { NodeView } from '../graph/node-view';
import { axesOf, reduced, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import { shareAmongEqual } from './pooling';
import type { GradientRule, NodeGradient } from './rule';

/** Axes that a reduction node reduces (input 1, or all; none with noop_with_empty_axes). */
export function reducedAxes(n: NodeView): number[] {
  const axes = n.optionalConstant(1) ?? n.ints('axes');
  const rank = n.x().shape.length;
  if (axes === null || axes.length === 0)
    return n.int('noop_with_empty_axes', 0) === 1 ? [] : axesOf(null, rank);
  return axesOf(axes, rank);
}

/** A rule for a reduction, from y and dy with the reduced axes kept as 1 and those axes. */
const reduction =
  (dx: (n: NodeGradient, y: Value, dy: Value, axes: readonly number[]) => Value): GradientRule =>
  (n) => [
    () => {
      const axes = reducedAxes(n);
      const kept = reduced(n.x().shape, axes, true);
      const result = dx(n, n.g.reshape(n.y(), kept), n.g.reshape(n.dy, kept), axes);
      return n.g.expand(result, n.x().shape);
    },
    null,
  ];

/** y = Σ x: dx = dy */
export const reduceSum = reduction((_, __, dy) => dy);

/** y = Σ x/m over m elements: dx = dy/m */
export const reduceMean = reduction((n, _, dy, axes) =>
  n.g.div(dy, sizeOf(axes.map((axis) => n.x().shape[axis]!))),
);

/** y = max x or min x: dx = dy where x = y, shared among equals */
export const reduceExtremum = reduction((n, y, dy, axes) =>
  shareAmongEqual(n, y, dy, axes, n.g.cast(n.g.equal(n.x(), y), n.x().dtype)),
);

/** y = Σ x²: dx = 2x·dy */
export const reduceSumSquare = reduction((n, _, dy) => n.g.mul(n.x(), n.g.mul(dy, 2)));

/** y = Σ |x|: dx = dy·sign x */
export const reduceL1 = reduction((n, _, dy) => n.g.mul(n.g.sign(n.x()), dy));

/** y = √Σ x²: dx = dy·x/y (0 where y = 0) */
export const reduceL2 = reduction((n, y, dy) => {
  const { g } = n;
  return g.mul(n.x(), g.div(dy, g.where(g.greater(y, 0), y, 1)));
});

/** y = ln Σ eˣ: dx = dy·e^(x − y) */
export const reduceLogSumExp = reduction((n, y, dy) => n.g.mul(n.g.exp(n.g.sub(n.x(), y)), dy));

/** y = ln Σ x: dx = dy/eʸ */
export const reduceLogSum = reduction((n, y, dy) => n.g.div(dy, n.g.exp(y)));

/** y = Π x: dx = dy·y/x (x must not be 0) */
export const reduceProd = reduction((n, y, dy) => n.g.mul(dy, n.g.div(y, n.x())));
