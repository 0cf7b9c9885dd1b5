import { CheckpointTensor } from '../checkpoint-tensor';
import type { ConvolutionKind } from './layer-kinds';

/** A kernel seen as C_out × C_in/groups × kernel sides: the same bytes in another order. */
export interface KernelView {
  readonly weight: CheckpointTensor;
  readonly groups: number;
}

/**
 * A view of a kernel in Keras' order (spatial axes first). Null where it has not as many axes as its layer's kernel has.
 * `groups`: of a plain kernel, which does not show them.
 */
export function kernelView(
  tensor: CheckpointTensor,
  layout: Exclude<ConvolutionKind['layout'], 'separable'>,
  rank: number,
  groups: number,
): KernelView | null {
  if (tensor.dims.length !== rank + 2) return null;
  const sides = tensor.dims.slice(0, rank);
  const strides = tensor.layout.strides;
  const spatial = strides.slice(0, rank);
  const [third = 0, fourth = 0] = tensor.dims.slice(rank);
  const [thirdStride = 0, fourthStride = 0] = strides.slice(rank);
  switch (layout) {
    case 'plain':
      return {
        weight: viewed(tensor, [fourth, third, ...sides], [fourthStride, thirdStride, ...spatial]),
        groups,
      };
    case 'transposed':
      return {
        weight: viewed(tensor, [third, fourth, ...sides], [thirdStride, fourthStride, ...spatial]),
        groups,
      };
    case 'depthwise':
      // Output channel i·multiplier + m lies at i, m: the two axes are one, with the inner one's stride.
      return {
        weight: viewed(tensor, [third * fourth, 1, ...sides], [fourthStride, 1, ...spatial]),
        groups: third,
      };
  }
}

/** A tensor with its axes in another order. */
function viewed(
  tensor: CheckpointTensor,
  dims: readonly number[],
  strides: readonly number[],
): CheckpointTensor {
  const { file, name, path, layout, storage, problem } = tensor;
  return new CheckpointTensor(file, name, path, { ...layout, dims, strides }, storage, problem);
}
