import type { Checkpoint } from '../../model/checkpoint';
import type { CheckpointTensor } from '../../model/checkpoint-tensor';
import { isFloat } from '../../model/dtype';
import type { ConvolutionLayer, LayerHead } from './layers';
import { declaredLayer } from './declared-layers';
import { pairByName, type NamedPairing } from './pairing-by-name';
import { MAX_GRAM_SIDE } from './spectral';

/** A convolution of a checkpoint with all that pruning must know of it. */
export interface CheckpointLayer {
  readonly layer: ConvolutionLayer;
  /** Tensors whose slice k along the first axis becomes zero so that channel k's output is zero (METHODS.md §1). */
  readonly silenced: readonly CheckpointTensor[];
}

/**
 * Every convolution of a checkpoint, in the file's order: paired by data flow where the file declares the network, else by
 * names and shapes (see `graphLayers` for architectures that are recognised). How sure such a pair is stands in the
 * layer's note.
 */
export function checkpointLayers(checkpoint: Checkpoint): CheckpointLayer[] {
  if (checkpoint.convolutions) return checkpoint.convolutions.map(declaredLayer);
  return pairByName(checkpoint.tensors).map((pairing) => ({
    layer: layerOf(pairing),
    silenced: silencedBy(pairing),
  }));
}

/**
 * γ and β of the paired batch norm, or weight and bias of the convolution where there is none. A batch norm without
 * scale and shift cannot be silenced; then it is the convolution too, whose zero output the batch norm turns into the
 * constant −μ/√(v+ε).
 */
function silencedBy({ convolution, norm }: NamedPairing<CheckpointTensor>): CheckpointTensor[] {
  const affine = norm?.weight ? [norm.weight, norm.bias] : [convolution.weight, convolution.bias];
  return affine.filter((tensor) => tensor !== null);
}

function layerOf(pairing: NamedPairing<CheckpointTensor>): ConvolutionLayer {
  const { convolution, norm } = pairing;
  const { weight, channels } = convolution;
  const [, rows = 0, ...kernel] = weight.dims;
  const taps = kernel.reduce((product, side) => product * side, 1);
  const head: LayerHead = {
    name: convolution.module || weight.name,
    weight: weight.name,
    norm: norm?.module ?? null,
    operator: 'Conv',
    kernel,
    // The number of input channels, and so of groups, does not show in a weight; one input a channel means depthwise.
    groups: rows === 1 && channels > 4 ? channels : 1,
    channels,
    confidence: pairing.confidence,
  };
  const skip = (reason: string): ConvolutionLayer => ({ ...head, status: 'skipped', reason });
  if (/_(orig|v|g)$|\.parametrizations\./.test(weight.name) || /weight_(orig|v|g)$/.test(weight.name)) {
    return skip('Its weight is computed from other tensors (weight or spectral norm) when the model runs.');
  }
  for (const tensor of [weight, norm?.weight, norm?.runningVariance]) {
    if (tensor?.problem) return skip(`Tensor '${tensor.name}' ${tensor.problem}.`);
  }
  if (!isFloat(weight.dtype) && weight.layout.quantization === null) {
    return skip(`Its weight holds ${weight.dtype} values without the scale that they stand for.`);
  }
  if (channels === 0 || rows === 0 || taps === 0) return skip('Its weight has no elements.');
  if (Math.min(rows, taps) > MAX_GRAM_SIDE) {
    return skip(
      `Its channels are matrices of ${rows} × ${taps}; Scour scores up to ${MAX_GRAM_SIDE} on the smaller side.`,
    );
  }
  return {
    ...head,
    status: 'scorable',
    note: noteOf(pairing),
    rows,
    taps,
    open: () => weight.entries(),
    scale:
      norm &&
      (() => ({
        gamma: norm.weight?.values() ?? new Float32Array(channels).fill(1),
        variance: norm.runningVariance.values(),
      })),
  };
}

function noteOf({ norm, confidence, reason }: NamedPairing<CheckpointTensor>): string {
  const outcome =
    norm === null ? 'Scored on its weight alone' : `Paired with '${norm.module}' by name and shape`;
  return `${outcome} (confidence ${confidence}): ${reason}`;
}
