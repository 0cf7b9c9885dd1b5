import { float, node as makeNode } from '../../model/onnx/build';
import type { OnnxNode } from '../../model/onnx/graph';
import type { BatchNorm, ForwardModel, StoredTensor } from '../forward/forward-model';
import { heDeviation } from '../fresh-size';
import { sizeOf } from '../graph/shape';
import type { ChannelStatistics } from './channel-statistics';
import type { BareConvolution } from './without-norm';

/** A batch norm that was put behind a convolution, by the names of what both hold. */
export interface RestoredNorm {
  readonly weight: string;
  readonly bias: string;
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/** PyTorch's, and nearly every exporter's. */
const EPSILON = 1e-5;

/**
 * The graph with a batch norm behind each of these convolutions, and the same function. With μ and v the statistics of
 * what a channel of the convolution gives, W and b its weights and bias, the convolution keeps W / c and no bias, the
 * running statistics are (μ − b) / c and v / c², the scale is c·√(v / c² + ε) and the shift μ: so the norm gives
 * W·x + b by its running statistics, and by those of the images that μ and v were measured on.
 *
 * c is the power of two that brings a channel's weights nearest to the size they are drawn in (He et al. 2015, eq. 14: a
 * root mean square of √(2 / (kh·kw·C_out))). No output depends on it, nor is anything rounded by it; but a folded weight
 * is γ/σ times the one that was trained, and with the norm back the step it makes relative to its size, and what fresh
 * weights weigh beside it, depend on that size.
 */
export function restoreNorms(
  forward: ForwardModel,
  convolutions: readonly BareConvolution[],
  statistics: ReadonlyMap<string, ChannelStatistics>,
): { forward: ForwardModel; norms: readonly RestoredNorm[] } {
  const parameters = new Map(forward.parameters);
  const running = new Map(forward.statistics);
  const behind = new Map<OnnxNode, readonly [OnnxNode, BatchNorm]>();
  const norms = convolutions.map(({ node, weight, bias }): RestoredNorm => {
    const output = node.outputs[0]!;
    const { mean, variance } = statistics.get(output)!;
    const [w, b] = [parameters.get(weight)!, parameters.get(bias)!];
    const c = sizesOf(w);
    const names = namesOf(weight, bias);
    const each = (name: string, value: (channel: number) => number): StoredTensor => {
      return {
        name,
        dims: b.dims,
        values: Float32Array.from(b.values, (_, k) => value(k)),
        dtype: 'float32',
      };
    };
    parameters.set(weight, { ...w, values: w.values.map((value, i) => value / c[channelOf(w, i)]!) });
    parameters.set(bias, { ...b, values: new Float32Array(b.values.length) });
    const spread = each(names.variance, (k) => variance[k]! / c[k]! ** 2);
    running.set(names.variance, spread);
    running.set(
      names.mean,
      each(names.mean, (k) => (mean[k]! - b.values[k]!) / c[k]!),
    );
    // From the variance as it is stored: the same square root then divides it out again.
    parameters.set(
      names.scale,
      each(names.scale, (k) => c[k]! * Math.sqrt(spread.values[k]! + EPSILON)),
    );
    parameters.set(
      names.shift,
      each(names.shift, (k) => mean[k]!),
    );
    const raw = `scour:normalised:${output}`;
    const norm = makeNode(
      'BatchNormalization',
      [raw, names.scale, names.shift, names.mean, names.variance],
      [output],
      { epsilon: float(EPSILON), momentum: float(0.9) },
      `${node.name} (norm)`,
    );
    const own = { node: norm, mean: names.mean, variance: names.variance };
    behind.set(node, [{ ...node, outputs: [raw] }, own]);
    return names;
  });
  return {
    norms,
    forward: {
      ...forward,
      parameters,
      statistics: running,
      batchNorms: [...forward.batchNorms, ...[...behind.values()].map(([, norm]) => norm)],
      nodes: forward.nodes.flatMap((node) => {
        const restored = behind.get(node);
        return restored ? [restored[0], restored[1].node] : [node];
      }),
    },
  };
}

/**
 * Values of a trained graph as the graph without the restored norms holds them: of a convolution with one,
 * W·s and (b − μ)·s + β with s = γ / √(v + ε). Other values are returned as `valuesOf` gives them.
 */
export function foldedValues(
  norms: readonly RestoredNorm[],
  valuesOf: (name: string) => Float32Array,
): (name: string) => Float32Array {
  const byWeight = new Map(norms.map((norm) => [norm.weight, norm]));
  const byBias = new Map(norms.map((norm) => [norm.bias, norm]));
  return (name) => {
    const values = valuesOf(name);
    const norm = byWeight.get(name) ?? byBias.get(name);
    if (!norm) return values;
    const [scale, shift, mean, variance] = [norm.scale, norm.shift, norm.mean, norm.variance].map(valuesOf);
    const factors = Float64Array.from(scale!, (each, k) => each / Math.sqrt(variance![k]! + EPSILON));
    if (name === norm.bias) return values.map((b, k) => (b - mean![k]!) * factors[k]! + shift![k]!);
    const size = values.length / factors.length;
    return values.map((w, i) => w * factors[Math.floor(i / size)]!);
  };
}

function namesOf(weight: string, bias: string): RestoredNorm {
  const name = (what: string): string => `scour:norm:${what}:${weight}`;
  return {
    weight,
    bias,
    scale: name('scale'),
    shift: name('shift'),
    mean: name('mean'),
    variance: name('variance'),
  };
}

/** The channel that an element of a kernel (C_out × C_in/groups × taps) makes. */
function channelOf({ dims, values }: StoredTensor, element: number): number {
  return Math.floor((element * dims[0]!) / values.length);
}

/** Of each channel, the power of two by which its weights exceed what they would be drawn in; 1 where all are zero. */
function sizesOf({ dims, values }: StoredTensor): Float64Array {
  const channels = dims[0]!;
  const size = values.length / channels;
  const drawn = heDeviation(sizeOf(dims.slice(2)) * channels);
  return Float64Array.from({ length: channels }, (_, k) => {
    const own = values.subarray(k * size, (k + 1) * size);
    const rms = Math.sqrt(own.reduce((sum, value) => sum + value ** 2, 0) / size);
    return rms > 0 ? 2 ** Math.round(Math.log2(rms / drawn)) : 1;
  });
}
