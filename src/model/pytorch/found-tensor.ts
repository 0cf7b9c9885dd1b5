import type { TensorLayout, TensorStorage } from '../checkpoint-tensor';
import { sequenceItems, type PickleValue } from '../pickle/values';
import { isCount } from './storages';

/** A tensor that a pickle describes. */
export interface FoundTensor {
  readonly layout: TensorLayout;
  readonly storage: TensorStorage;
  /** Why its values cannot be read, or null. */
  readonly problem: string | null;
  /** The problem is that the tensor claims bytes which its storage does not have. */
  readonly outOfBounds: boolean;
}

/** PyTorch itself stops at 64. */
const MAX_RANK = 64;

/** A shape, or null where a value is none. */
export function sizes(value: PickleValue | undefined): number[] | null {
  const items = sequenceItems(value);
  if (!items || items.length > MAX_RANK) return null;
  const dims: number[] = [];
  let elements = 1;
  for (const item of items) {
    if (!isCount(item)) return null;
    dims.push(item);
    elements *= Math.max(1, item);
  }
  return Number.isSafeInteger(elements * 16) ? dims : null;
}
