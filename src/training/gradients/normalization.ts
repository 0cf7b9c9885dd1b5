import { channelAffine, channelSum, perChannel } from '../graph/composites';
import type { Ops } from '../graph/ops';
import { range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import type { GradientRule } from './rule';

/** x̂ = (x − μ)·r and r = 1/√(σ² + ε), μ and σ² (biased) taken over some axes. */
interface Normalised {
  readonly value: Value;
  readonly scale: Value;
}

function normalise(g: Ops, x: Value, axes: readonly number[], epsilon: number): Normalised {
  const centred = g.sub(x, g.reduceMean(x, axes));
  const variance = g.reduceMean(g.square(centred), axes);
  const scale = g.reciprocal(g.sqrt(g.plus(variance, epsilon)));
  return { value: g.mul(centred, scale), scale };
}

/** The gradient through normalisation: r·(h − mean h − x̂·mean(h·x̂)), h being the gradient of x̂. */
function throughNormalisation(
  g: Ops,
  h: Value,
  { value, scale }: Normalised,
  axes: readonly number[],
): Value {
  const centred = g.sub(h, g.reduceMean(h, axes));
  return g.mul(scale, g.sub(centred, g.mul(value, g.reduceMean(g.mul(h, value), axes))));
}

/**
 * y = γ·x̂ + β, x̂ = (x − μ)·r, r = 1/√(v + ε), per channel, by running statistics: dx = dy·γ·r, dγ = Σ dy·x̂,
 * dβ = Σ dy, dμ = −γ·r·Σ dy, dv = −½γ·r²·Σ dy·x̂.
 */
export const batchNormalization: GradientRule = (n) => {
  const { g } = n;
  if (n.int('training_mode', 0) !== 0)
    throw n.error(
      'no-gradient',
      'in training mode has no gradient rule; Scour trains batch norms of its own making',
    );
  const [x, gamma, mean, variance] = [n.x(0), n.x(1), n.x(3), n.x(4)];
  const rank = x.shape.length;
  const r = g.reciprocal(g.sqrt(g.plus(variance, n.float('epsilon', 1e-5))));
  const gain = (): Value => g.mul(gamma, r);
  const dBeta = (): Value => channelSum(g, n.dy);
  const dGamma = (): Value => {
    const centred = g.sub(x, perChannel(g, mean, rank));
    return g.mul(channelSum(g, g.mul(n.dy, centred)), r);
  };
  return [
    () => g.mul(n.dy, perChannel(g, gain(), rank)),
    dGamma,
    dBeta,
    () => g.neg(g.mul(gain(), dBeta())),
    () => g.mul(g.mul(g.mul(gain(), r), dGamma()), -0.5),
  ];
};

/**
 * The same by the batch's own statistics, over the m elements of a channel: dβ = Σ dy, dγ = r·Σ dy·c, c = x − μ;
 * dx = γ·r·(dy − dβ/m − c·r·dγ/m) (Ioffe & Szegedy 2015, §3), computed as a·dy + (b·c + k) with a, b, k per channel.
 */
export const trainingBatchNorm: GradientRule = (n) => {
  const { g } = n;
  if (n.reaches(1) || n.reaches(2) || n.reaches(3))
    throw n.error(
      'no-gradient',
      'the loss depends on its batch statistics directly, which has no gradient rule',
    );
  const [x, gamma] = [n.x(0), n.x(1)];
  const [variance, centred] = [n.y(2), n.y(3)];
  const rank = x.shape.length;
  const count = sizeOf(x.shape) / x.shape[1]!;
  const r = g.reciprocal(g.sqrt(g.plus(variance, n.float('epsilon', 1e-5))));
  const dBeta = (): Value => channelSum(g, n.dy);
  const dGamma = (): Value => g.mul(channelSum(g, g.mul(n.dy, centred)), r);
  const dx = (): Value => {
    const a = g.mul(gamma, r);
    const b = g.mul(g.mul(g.mul(a, r), dGamma()), -1 / count);
    const k = g.mul(g.mul(a, dBeta()), -1 / count);
    const one = g.floats(new Float32Array(x.shape[1]!).fill(1), [x.shape[1]!]);
    return g.plus(g.mul(n.dy, perChannel(g, a, rank)), channelAffine(g, centred, b, k, one, 0));
  };
  return [dx, dGamma, dBeta];
};

/** y = s·x̂ + b, x̂ normalised over the last axes: ds = Σ dy·x̂, db = Σ dy, dx through normalisation of dy·s (Ba et al. 2016) */
export const layerNormalization: GradientRule = (n) => {
  const { g } = n;
  const axes = range(n.axis(-1), n.x().shape.length);
  const normalised = () => normalise(g, n.x(), axes, n.float('epsilon', 1e-5));
  return [
    () => throughNormalisation(g, g.mul(n.dy, n.x(1)), normalised(), axes),
    () => g.sumTo(g.mul(n.dy, normalised().value), n.x(1).shape),
    () => g.sumTo(n.dy, n.x(2).shape),
  ];
};

/** y = s·x/√(mean x² + ε) over the last axes: with u = x·r, dx = r·(h − u·mean(h·u)), h = dy·s; ds = Σ dy·u */
export const rmsNormalization: GradientRule = (n) => {
  const { g } = n;
  const axes = range(n.axis(-1), n.x().shape.length);
  const r = () => g.reciprocal(g.sqrt(g.plus(g.reduceMean(g.square(n.x()), axes), n.float('epsilon', 1e-5))));
  const unit = () => g.mul(n.x(), r());
  return [
    () => {
      const h = g.mul(n.dy, n.x(1));
      return g.mul(r(), g.sub(h, g.mul(unit(), g.reduceMean(g.mul(h, unit()), axes))));
    },
    () => g.sumTo(g.mul(n.dy, unit()), n.x(1).shape),
  ];
};

/** y = s·x̂ + b, x̂ normalised over space, per sample and channel */
export const instanceNormalization: GradientRule = (n) => {
  const { g } = n;
  const rank = n.x().shape.length;
  const axes = range(2, rank);
  const normalised = () => normalise(g, n.x(), axes, n.float('epsilon', 1e-5));
  return [
    () => throughNormalisation(g, g.mul(n.dy, perChannel(g, n.x(1), rank)), normalised(), axes),
    () => channelSum(g, g.mul(n.dy, normalised().value)),
    () => channelSum(g, n.dy),
  ];
};

/**
 * y = s·x̂ + b, x̂ normalised over space and the channels of a group (Wu & He 2018). Scale and bias are one a channel
 * (opset 21) or one a group (opset 18).
 */
export const groupNormalization: GradientRule = (n) => {
  const { g } = n;
  const [x, scale] = [n.x(0), n.x(1)];
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const groups = n.int('num_groups', 1);
  const grouped = [batch, groups, channels / groups, ...spatial];
  const axes = range(2, grouped.length);
  const parameters = [1, groups, scale.shape[0]! / groups, ...spatial.map(() => 1)];
  const normalised = () => normalise(g, g.reshape(x, grouped), axes, n.float('epsilon', 1e-5));
  const dy = () => g.reshape(n.dy, grouped);
  const total = (value: Value): Value => g.reshape(g.sumTo(value, parameters), scale.shape);
  return [
    () => {
      const h = g.mul(dy(), g.reshape(scale, parameters));
      return g.reshape(throughNormalisation(g, h, normalised(), axes), x.shape);
    },
    () => total(g.mul(dy(), normalised().value)),
    () => total(dy()),
  ];
};

/**
 * y = x·D^(−β), D = k + α/size·S, S = Σ x² over `size` neighbouring channels:
 * dx = dy·D^(−β) − 2αβ/size·x·Σ′(dy·y/D), Σ′ summing over the channels in whose windows x lies.
 */
export const lrn: GradientRule = (n) => {
  const { g } = n;
  const x = n.x();
  const [batch, channels] = x.shape as [number, number];
  const size = n.int('size', 1);
  const [alpha, beta, k] = [n.float('alpha', 0.0001), n.float('beta', 0.75), n.float('bias', 1)];
  const before = Math.floor((size - 1) / 2);
  const band = new Float32Array(channels * channels);
  for (let to = 0; to < channels; to++)
    for (let from = Math.max(0, to - before); from < Math.min(channels, to - before + size); from++)
      band[to * channels + from] = 1;
  const window = g.floats(band, [channels, channels]);
  const over = (map: Value, value: Value): Value =>
    g.reshape(g.matmul(map, g.reshape(value, [batch, channels, sizeOf(x.shape.slice(2))])), x.shape);
  return [
    () => {
      const d = g.plus(g.mul(over(window, g.square(x)), alpha / size), k);
      const direct = g.mul(n.dy, g.pow(d, -beta));
      const shared = over(g.transpose(window, [1, 0]), g.div(g.mul(n.dy, n.y()), d));
      return g.sub(direct, g.mul(g.mul(x, shared), (2 * alpha * beta) / size));
    },
  ];
};

/** y = x/‖x‖ₚ along an axis, p = 2: dx = (dy − y·Σ dy·y)/‖x‖; p = 1: dx = (dy − sign x·Σ dy·y)/‖x‖ */
export const lpNormalization: GradientRule = (n) => {
  const { g } = n;
  const axis = [n.axis(-1)];
  const p = n.int('p', 2);
  return [
    () => {
      const x = n.x();
      const norm = p === 1 ? g.reduceSum(g.abs(x), axis) : g.sqrt(g.reduceSumSquare(x, axis));
      const along = g.mul(p === 1 ? g.sign(x) : n.y(), g.reduceSum(g.mul(n.dy, n.y()), axis));
      return g.div(g.sub(n.dy, along), norm);
    },
  ];
};
