import type { TensorEdit } from '../../model/checkpoint';
import type { CheckpointTensor } from '../../model/checkpoint-tensor';
import type { CheckpointLayer } from './checkpoint-layers';
import type { Selection } from './prune-onnx';

/**
 * The edits that set the selected channels' outputs to zero (METHODS.md §1): γ = β = 0 of the paired batch norm, or
 * weight and bias of the convolution where there is none. A batch norm without scale and shift cannot be silenced; then
 * it is the convolution too, whose zero output the batch norm turns into the constant −μ/√(v+ε).
 */
export function checkpointEdits(layers: readonly CheckpointLayer[], selection: Selection): TensorEdit[] {
  return layers.flatMap(({ layer, pairing }) => {
    const channels = selection.get(layer.name) ?? [];
    const { convolution, norm } = pairing;
    const affine = norm?.weight ? [norm.weight, norm.bias] : [convolution.weight, convolution.bias];
    const silenced = affine.filter((tensor): tensor is CheckpointTensor => tensor !== null);
    return channels.flatMap((channel) => silenced.map((tensor) => zeroed(tensor, channel)));
  });
}

/** Zeroes one slice of a tensor along its first dimension. */
function zeroed(tensor: CheckpointTensor, channel: number): TensorEdit {
  const size = tensor.elements / tensor.dims[0]!;
  return { tensor, start: channel * size, values: new Float32Array(size) };
}
