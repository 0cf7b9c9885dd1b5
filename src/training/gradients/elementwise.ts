import type { Value } from '../graph/value';
import type { GradientRule, NodeGradient } from './rule';

/** A rule for y = f(x), from dx as a function of the node. */
const unary =
  (dx: (n: NodeGradient) => Value): GradientRule =>
  (n) => [() => dx(n)];

/** A rule for y = f(a, b) with broadcasting: each gradient is summed over the axes its operand was broadcast along. */
const binary =
  (da: (n: NodeGradient) => Value, db: (n: NodeGradient) => Value): GradientRule =>
  (n) => [() => n.g.sumTo(da(n), n.x(0).shape), () => n.g.sumTo(db(n), n.x(1).shape)];

/** y = a + b: da = dy, db = dy */
export const add = binary(
  (n) => n.dy,
  (n) => n.dy,
);

/** y = a − b: da = dy, db = −dy */
export const sub: GradientRule = (n) => [
  () => n.g.sumTo(n.dy, n.x(0).shape),
  () => n.g.neg(n.g.sumTo(n.dy, n.x(1).shape)),
];

/** y = a·b: da = dy·b, db = dy·a */
export const mul = binary(
  (n) => n.g.mul(n.dy, n.x(1)),
  (n) => n.g.mul(n.dy, n.x(0)),
);

/** y = a/b: da = dy/b, db = −dy·y/b */
export const div = binary(
  (n) => n.g.div(n.dy, n.x(1)),
  (n) => n.g.neg(n.g.div(n.g.mul(n.dy, n.y()), n.x(1))),
);

/**
 * y = aᵇ: da = dy·b·aᵇ⁻¹, db = dy·y·ln a. A constant exponent of 2 is common and needs no power. Where a ≤ 0 the
 * logarithm is not defined and db is 0, as PyTorch has it for a = 0.
 */
export const pow: GradientRule = (n) => {
  const { g } = n;
  const [a, b] = [n.x(0), n.x(1)];
  const exponent = g.valuesOf(b);
  const slope = (): Value => {
    const p = exponent?.length === 1 ? exponent[0]! : null;
    if (p === 2) return g.mul(a, 2);
    if (p === 0.5) return g.div(0.5, n.y());
    if (p !== null) return g.mul(g.pow(a, p - 1), p);
    return g.mul(b, g.pow(a, g.sub(b, 1)));
  };
  const logarithm = (): Value => g.log(g.where(g.greater(a, 0), a, 1));
  return [
    () => g.sumTo(g.mul(n.dy, slope()), a.shape),
    () => g.sumTo(g.mul(n.dy, g.mul(n.y(), logarithm())), b.shape),
  ];
};

/** y = √x: dx = dy/(2y) */
export const sqrt = unary((n) => n.g.div(n.dy, n.g.mul(n.y(), 2)));

/** y = eˣ: dx = dy·y */
export const exp = unary((n) => n.g.mul(n.dy, n.y()));

/** y = ln x: dx = dy/x */
export const log = unary((n) => n.g.div(n.dy, n.x()));

/** y = −x: dx = −dy */
export const neg = unary((n) => n.g.neg(n.dy));

/** y = |x|: dx = dy·sign x (0 at 0) */
export const abs = unary((n) => n.g.mul(n.dy, n.g.sign(n.x())));

/** y = 1/x: dx = −dy·y² */
export const reciprocal = unary((n) => n.g.neg(n.g.mul(n.dy, n.g.square(n.y()))));

/** y = erf x: dx = dy·2/√π·e^(−x²) */
export const erf = unary((n) =>
  n.g.mul(n.dy, n.g.mul(n.g.exp(n.g.neg(n.g.square(n.x()))), 2 / Math.sqrt(Math.PI))),
);

/** y = tanh x: dx = dy·(1 − y²) */
export const tanh = unary((n) => n.g.mul(n.dy, n.g.sub(1, n.g.square(n.y()))));

/** y = sin x: dx = dy·cos x */
export const sin = unary((n) => n.g.mul(n.dy, n.g.cos(n.x())));

/** y = cos x: dx = −dy·sin x */
export const cos = unary((n) => n.g.neg(n.g.mul(n.dy, n.g.sin(n.x()))));

/** y = Σᵢ xᵢ: dxᵢ = dy */
export const sum: GradientRule = (n) => n.node.inputs.map((_, i) => () => n.g.sumTo(n.dy, n.x(i).shape));

/** y = (Σᵢ xᵢ)/k: dxᵢ = dy/k */
export const mean: GradientRule = (n) =>
  n.node.inputs.map((_, i, all) => () => n.g.div(n.g.sumTo(n.dy, n.x(i).shape), all.length));

/**
 * y = max(x₀, x₁, …) or min: dxᵢ = dy/m where xᵢ = y, m being how many operands reach y (PyTorch shares the gradient
 * of a tie equally too).
 */
export const extremum: GradientRule = (n) => {
  const { g } = n;
  const hits = n.node.inputs.map((_, i) => g.cast(g.equal(n.x(i), n.y()), n.y().dtype));
  const share = () => g.div(n.dy, g.sum(hits.map((hit) => g.expand(hit, n.y().shape))));
  return n.node.inputs.map((_, i) => () => g.sumTo(g.mul(share(), hits[i]!), n.x(i).shape));
};

/** y = condition ? a : b: da = condition ? dy : 0, db = condition ? 0 : dy */
export const where: GradientRule = (n) => [
  null,
  () => n.g.sumTo(n.g.where(n.x(0), n.dy, 0), n.x(1).shape),
  () => n.g.sumTo(n.g.where(n.x(0), 0, n.dy), n.x(2).shape),
];

/** y = x in another type: dx = dy in x's type */
export const cast = unary((n) => n.g.cast(n.dy, n.x().dtype));

/** y = x: dx = dy */
export const identity = unary((n) => n.dy);
