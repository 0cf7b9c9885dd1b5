import type { Tensor } from 'onnxruntime-node';
import type { HostTensor } from './training-session';

/**
 * A tensor that a session left on its device, for later runs to take in. It is not freed by itself: who holds it
 * disposes of it. Its values are read through `DeviceMemory`.
 */
export class DeviceTensor {
  readonly dtype: HostTensor['dtype'];
  readonly shape: readonly number[];
  /** onnxruntime's, for sessions only: reading its values by `getData` ends the process (onnxruntime-node 1.30). */
  readonly native: Tensor;
  private readonly onDispose: () => void;
  private isDisposed = false;

  /** `onDispose` is called once. */
  constructor(dtype: HostTensor['dtype'], native: Tensor, onDispose: () => void) {
    this.dtype = dtype;
    this.shape = native.dims;
    this.native = native;
    this.onDispose = onDispose;
  }

  /** Frees it; a second time does nothing. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.native.dispose();
    this.onDispose();
  }
}

/** A tensor wherever it is. */
export type AnyTensor = HostTensor | DeviceTensor;

/** Frees those that are on a device. */
export function disposeAll(tensors: Iterable<AnyTensor>): void {
  for (const tensor of tensors) if (tensor instanceof DeviceTensor) tensor.dispose();
}

/** A tensor that is known to be in main memory. Throws RangeError where it is not. */
export function inMainMemory(tensor: AnyTensor | undefined): HostTensor {
  if (tensor === undefined || tensor instanceof DeviceTensor)
    throw new RangeError('A tensor is not in main memory.');
  return tensor;
}
