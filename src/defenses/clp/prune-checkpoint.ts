import type { TensorEdit } from '../../model/checkpoint';
import type { CheckpointTensor } from '../../model/checkpoint-tensor';
import type { CheckpointLayer } from './checkpoint-layers';
import type { Selection } from './prune-onnx';

/** The edits that set the selected channels' outputs to zero (METHODS.md §1). */
export function checkpointEdits(layers: readonly CheckpointLayer[], selection: Selection): TensorEdit[] {
  return layers.flatMap(({ layer, silenced }) => {
    const channels = selection.get(layer.name) ?? [];
    return channels.flatMap((channel) => silenced.map((tensor) => zeroed(tensor, channel)));
  });
}

/** Zeroes one slice of a tensor along its first dimension. */
function zeroed(tensor: CheckpointTensor, channel: number): TensorEdit {
  const size = tensor.elements / tensor.dims[0]!;
  return { tensor, start: channel * size, values: new Float32Array(size) };
}
