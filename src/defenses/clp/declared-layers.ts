import type { DeclaredConvolution } from '../../model/checkpoint';
import type { CheckpointTensor } from '../../model/checkpoint-tensor';
import { isFloat } from '../../model/dtype';
import { visible } from '../../protocol/wording';
import type { CheckpointLayer } from './checkpoint-layers';
import type { LayerHead } from './layers';
import { MAX_GRAM_SIDE } from './spectral';

/** A convolution that the file itself declares, with its batch norm, as a layer to score and prune. */
export function declaredLayer(declared: DeclaredConvolution): CheckpointLayer {
  const { weight, norm, operator, groups, name } = declared;
  const [channels = 0, rows = 0, ...kernel] = weight?.dims ?? [];
  const taps = kernel.reduce((product, side) => product * side, 1);
  const head: LayerHead = {
    ...{ name, operator, kernel, groups, channels },
    weight: weight?.name ?? '',
    norm: norm?.name ?? null,
  };
  const reason = declared.problem ?? problemOf(declared, channels, rows, taps);
  if (weight === null || reason !== null) {
    return {
      layer: { ...head, status: 'skipped', reason: reason ?? 'Its weight is missing.' },
      silenced: [],
    };
  }
  return {
    silenced: silencedBy(declared),
    layer: {
      ...head,
      status: 'scorable',
      note: declared.note,
      rows,
      taps,
      open: () => weight.entries(),
      scale:
        norm &&
        (() => ({
          gamma: norm.gamma?.values() ?? new Float32Array(channels).fill(1),
          variance: norm.variance.values(),
        })),
    },
  };
}

/** Why the layer cannot be scored, or null. */
function problemOf(
  { weight, norm }: DeclaredConvolution,
  channels: number,
  rows: number,
  taps: number,
): string | null {
  if (!weight) return null;
  for (const tensor of [weight, norm?.gamma, norm?.variance]) {
    if (tensor?.problem) return `Tensor '${visible(tensor.name, 200)}' ${tensor.problem}.`;
  }
  if (!isFloat(weight.dtype) && weight.layout.quantization === null)
    return `Its weight holds ${weight.dtype} values without the scale that they stand for.`;
  if (channels === 0 || rows === 0 || taps === 0) return 'Its weight has no elements.';
  if (Math.min(rows, taps) > MAX_GRAM_SIDE) {
    return `Its channels are matrices of ${rows} × ${taps}; Scour scores up to ${MAX_GRAM_SIDE} on the smaller side.`;
  }
  return null;
}

/**
 * γ and β of the norm. One without γ passes on what it normalises: then weight and bias of the convolution, μ and β all
 * become zero, and with them the output (0 − 0)/√(v+ε) + 0.
 */
function silencedBy({ weight, bias, norm }: DeclaredConvolution): CheckpointTensor[] {
  const tensors = norm?.gamma
    ? [norm.gamma, norm.beta]
    : [weight, bias, norm?.mean ?? null, norm?.beta ?? null];
  return tensors.filter((tensor) => tensor !== null);
}
