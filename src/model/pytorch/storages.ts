import type { TensorStorage } from '../checkpoint-tensor';
import { bitsOf, type DType } from '../dtype';
import { tupleItems, type PickleValue } from '../pickle/values';
import { storageType } from './types';

/** A storage, or a part of one, that a pickle refers to. */
export interface FoundStorage {
  readonly storage: TensorStorage;
  /** Element type; 'untyped' where the tensor says it. */
  readonly type: DType | 'untyped';
  /** Size of the whole storage in the file, in bytes. */
  readonly bytes: number;
  /** Where the part begins, in elements. */
  readonly first: number;
}

/** Turns references into storages. The string says why one cannot be had. */
export type StorageResolver = (id: PickleValue) => FoundStorage | string;

/** A reference to a storage, as `torch.save` writes it. */
export interface StorageId {
  readonly type: DType | 'untyped';
  readonly key: string;
  /** Elements, or bytes where untyped, that the reference claims. */
  readonly count: number;
  /** Files older than PyTorch 1.6: a part of the storage, as (key, first element, elements). */
  readonly view: readonly PickleValue[] | null;
}

/** Decodes `('storage', class, key, location, count[, view])`, or null for any other reference. */
export function storageId(id: PickleValue): StorageId | null {
  const items = tupleItems(id);
  if (!items || items.length < 5 || items[0] !== 'storage') return null;
  const [, kind, key, , count, view] = items;
  const type = storageType(kind);
  if (type === null || !isCount(count)) return null;
  if (typeof key !== 'string' && typeof key !== 'number') return null;
  return { type, key: String(key), count, view: tupleItems(view) };
}

/** Bytes of `count` elements of a storage. */
export function storageBytes(type: DType | 'untyped', count: number): number {
  return type === 'untyped' ? count : (count * bitsOf(type)) / 8;
}

/** True for a size or an offset: a natural number that JavaScript holds exactly. */
export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
