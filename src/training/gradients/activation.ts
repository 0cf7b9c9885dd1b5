import { float } from '../../model/onnx/build';
import type { Value } from '../graph/value';
import type { GradientRule, NodeGradient } from './rule';

/** A rule for an activation, from its slope: dx = dy·f′(x). */
const slope =
  (derivative: (n: NodeGradient) => Value): GradientRule =>
  (n) => [() => n.g.mul(n.dy, derivative(n))];

/** A rule for an activation that passes or stops the gradient: dx = dy where `open`, else 0. */
const gate =
  (open: (n: NodeGradient) => Value): GradientRule =>
  (n) => [() => n.g.where(open(n), n.dy, 0)];

/**
 * y = max(x, 0): dx = dy where y > 0 (0 at 0, as PyTorch). The mask is min(max(y·∞, 0), 1), which as HardSigmoid runs
 * in one parallel pass; Sign, or Greater and Where, took two to three times as long on the CPU.
 */
export const relu: GradientRule = (n) => {
  const { g } = n;
  const mask = (): Value =>
    g.emit('HardSigmoid', [n.y()], [n.y()], { alpha: float(MAX_FLOAT), beta: float(0) })[0]!;
  return [() => g.mul(n.dy, mask())];
};

const MAX_FLOAT = 3e38;

/** y = x > 0 ? x : αx, α = 0.01: f′ = x > 0 ? 1 : α */
export const leakyRelu = slope((n) => n.g.where(n.g.greater(n.x(), 0), 1, n.float('alpha', 0.01)));

/** y = x > 0 ? x : s·x: dx = dy·(x > 0 ? 1 : s), ds = Σ dy·min(x, 0) over the axes s was broadcast along */
export const prelu: GradientRule = (n) => [
  () => n.g.mul(n.dy, n.g.where(n.g.greater(n.x(), 0), 1, n.x(1))),
  () => n.g.sumTo(n.g.mul(n.dy, n.g.minimum(n.x(), 0)), n.x(1).shape),
];

/**
 * y = min(max(x, lo), hi): dx = dy where lo < x < hi, as PyTorch has it for ReLU6 (its clamp passes the gradient at the
 * bounds too). The masks are min(max(±κ(x − bound), 0), 1) as for `relu`; κ = 2¹⁰⁰ scales without rounding, so that
 * they are 0 or 1 wherever x is not within 2⁻¹⁰⁰ of a bound.
 */
export const clip: GradientRule = (n) => {
  const { g } = n;
  const passing = (bound: Value, side: 1 | -1): Value => {
    const known = g.valuesOf(bound)?.[0];
    if (known === undefined || Math.abs(known) > MAX_BOUND)
      return g.cast(side === 1 ? g.greater(n.x(), bound) : g.less(n.x(), bound), n.x().dtype);
    const attributes = { alpha: float(side * STEEP), beta: float(-side * STEEP * known) };
    return g.emit('HardSigmoid', [n.x()], [n.x()], attributes)[0]!;
  };
  return [
    () => {
      const [lo, hi] = [n.optional(1), n.optional(2)];
      const above = lo ? g.mul(n.dy, passing(lo, 1)) : n.dy;
      return hi ? g.mul(above, passing(hi, -1)) : above;
    },
  ];
};

const STEEP = 2 ** 100;
/** Bounds that STEEP times is still a finite float32. */
const MAX_BOUND = 2 ** 27;

/** y = x > 0 ? x : α(eˣ − 1), α = 1: f′ = x > 0 ? 1 : y + α */
export const elu = slope((n) => n.g.where(n.g.greater(n.x(), 0), 1, n.g.plus(n.y(), n.float('alpha', 1))));

/** y = γ·(x > 0 ? x : α(eˣ − 1)): f′ = x > 0 ? γ : y + γα */
export const selu = slope((n) => {
  const alpha = n.float('alpha', 1.67326319217681884765625);
  const gamma = n.float('gamma', 1.05070102214813232421875);
  return n.g.where(n.g.greater(n.x(), 0), gamma, n.g.plus(n.y(), alpha * gamma));
});

/** y = max(0, x) + min(0, α(e^(x/α) − 1)), α = 1: f′ = x > 0 ? 1 : y/α + 1 */
export const celu = slope((n) =>
  n.g.where(n.g.greater(n.x(), 0), 1, n.g.plus(n.g.div(n.y(), n.float('alpha', 1)), 1)),
);

/** y = 1/(1 + e⁻ˣ): f′ = y(1 − y) */
export const sigmoid = slope((n) => n.g.mul(n.y(), n.g.sub(1, n.y())));

/** y = min(max(αx + β, 0), 1), α = 0.2, β = 0.5: dx = α·dy where 0 < y < 1 */
export const hardSigmoid: GradientRule = (n) => {
  const { g } = n;
  const open = () => g.and(g.greater(n.y(), 0), g.less(n.y(), 1));
  return [() => g.where(open(), g.mul(n.dy, n.float('alpha', 0.2)), 0)];
};

/** y = x·min(max(x/6 + ½, 0), 1): f′ = 0 for x ≤ −3, x/3 + ½ between, 1 for x ≥ 3 */
export const hardSwish = slope((n) => {
  const { g } = n;
  const ramp = g.plus(g.mul(n.x(), 1 / 3), 0.5);
  return g.where(g.greaterOrEqual(n.x(), 3), 1, g.where(g.lessOrEqual(n.x(), -3), 0, ramp));
});

/** y = ln(1 + eˣ): f′ = σ(x) */
export const softplus = slope((n) => n.g.sigmoid(n.x()));

/** y = x/(1 + |x|): f′ = 1/(1 + |x|)² */
export const softsign = slope((n) => n.g.reciprocal(n.g.square(n.g.plus(n.g.abs(n.x()), 1))));

/** y = x > α ? x : 0, α = 1: dx = dy where x > α */
export const thresholdedRelu = gate((n) => n.g.greater(n.x(), n.float('alpha', 1)));

/**
 * y = x·Φ(x), Φ(x) = ½(1 + erf(x/√2)): f′ = Φ(x) + x·φ(x), φ(x) = e^(−x²/2)/√(2π). With approximate = "tanh",
 * y = ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³): f′ = ½(1 + t) + ½x(1 − t²)·√(2/π)(1 + 3·0.044715x²), t = tanh u.
 */
export const gelu = slope((n) => {
  const { g } = n;
  const x = n.x();
  const square = g.square(x);
  if (n.text('approximate', 'none') === 'tanh') {
    const k = Math.sqrt(2 / Math.PI);
    const t = g.tanh(g.mul(g.mul(x, g.plus(g.mul(square, 0.044715), 1)), k));
    const du = g.mul(g.plus(g.mul(square, 3 * 0.044715), 1), k);
    const half = g.mul(g.plus(t, 1), 0.5);
    return g.plus(half, g.mul(g.mul(g.mul(x, 0.5), g.sub(1, g.square(t))), du));
  }
  const cdf = g.mul(g.plus(g.erf(g.mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = g.mul(g.exp(g.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return g.plus(cdf, g.mul(x, density));
});

/** y = x·tanh(s), s = ln(1 + eˣ): f′ = t + x·σ(x)·(1 − t²), t = tanh s */
export const mish = slope((n) => {
  const { g } = n;
  const t = g.tanh(g.softplus(n.x()));
  return g.plus(t, g.mul(g.mul(n.x(), g.sigmoid(n.x())), g.sub(1, g.square(t))));
});

/** y = x·σ(αx), α = 1: f′ = s + αx·s(1 − s), s = σ(αx) */
export const swish = slope((n) => {
  const { g } = n;
  const scaled = g.mul(n.x(), n.float('alpha', 1));
  const s = g.sigmoid(scaled);
  return g.plus(s, g.mul(g.mul(scaled, s), g.sub(1, s)));
});

/** y = softmax(x) along an axis: dx = y·(dy − Σ dy·y) */
export const softmax: GradientRule = (n) => {
  const { g } = n;
  const axis = n.axis(-1);
  return [
    () => {
      const weighted = g.mul(n.dy, n.y());
      return g.sub(weighted, g.mul(n.y(), g.reduceSum(weighted, [axis])));
    },
  ];
};

/** y = ln softmax(x) along an axis: dx = dy − eʸ·Σ dy */
export const logSoftmax: GradientRule = (n) => {
  const { g } = n;
  return [() => g.sub(n.dy, g.mul(g.exp(n.y()), g.reduceSum(n.dy, [n.axis(-1)])))];
};
