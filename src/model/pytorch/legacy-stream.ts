import type { Finding } from '../../protocol/findings';
import { CheckpointError } from '../checkpoint';
import type { TensorStorage } from '../checkpoint-tensor';
import type { PickleDialect } from '../pickle/machine';
import {
  entryOf,
  sequenceItems,
  tupleItems,
  type PicklePersistent,
  type PickleValue,
} from '../pickle/values';
import { SliceSource } from '../slice-source';
import type { ByteSource } from '../source';
import { ALLOWED } from './allow-list';
import type { PicklePlace } from './pickle-findings';
import { readPickle, type WholePickle } from './read-pickle';
import {
  isCount,
  storageBytes,
  storageId,
  type FoundStorage,
  type StorageId,
  type StorageResolver,
} from './storages';

/** What `torch.save` wrote first before PyTorch 1.6. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** The function by which a tensor's storage unpickles itself where `pickle`, not `torch.save`, wrote the tensor. */
export const LOAD_FROM_BYTES = 'torch.storage._load_from_bytes';

/** In old files a class may come with its source, as ('module', class, file, source). */
export const LEGACY_DIALECT: PickleDialect = {
  allowed: ALLOWED,
  watched: (module, name) => `${module}.${name}` === LOAD_FROM_BYTES,
  standsFor: (id) => {
    const items = tupleItems(id);
    return items?.[0] === 'module' ? items[1] : undefined;
  },
};

/** What a file of torch.save before 1.6 holds. */
export interface LegacyStream {
  readonly main: WholePickle;
  readonly resolve: StorageResolver;
  /** Just past the last storage. */
  readonly end: number;
}

/**
 * Reads the pickles of a file of torch.save before 1.6 and finds its storages; or, where the file does not begin with
 * its magic number, gives its first pickle. `base`: where the source begins in the model file, null where it does not lie
 * there as it is. Throws CheckpointError.
 */
export function readStream(
  source: ByteSource,
  base: number | null,
  place: PicklePlace,
  findings: Finding[],
): LegacyStream | WholePickle {
  const next = (start: number) =>
    readPickle(source, start, LEGACY_DIALECT, place, findings, source.path, LOAD_FROM_BYTES);
  const first = next(0);
  if (first.root !== MAGIC) return first;
  const version = next(first.end);
  if (version.root !== PROTOCOL) {
    throw new CheckpointError(
      'unsupported-format',
      source.path,
      `${source.path} is of a version of PyTorch's format that Scour does not know.`,
      findings,
    );
  }
  const system = next(version.end);
  const main = next(system.end);
  const keys = next(main.end);
  const bigEndian = entryOf(system.root, 'little_endian') === false;
  const { storages, end } = readStorages(source, base, keys, main.record.persistents, bigEndian, findings);
  const resolve = (id: PickleValue): FoundStorage | string => {
    const reference = storageId(id);
    const found = reference && storages.get(reference.key);
    if (!reference || !found) return 'is in a storage that the file does not hold';
    return viewed(found, reference) ?? 'is a part of a storage beyond its end';
  };
  return { main, resolve, end };
}

/** The part of a storage that a reference names; null where it goes beyond the end. */
export function viewed(found: FoundStorage, reference: StorageId): FoundStorage | null {
  if (!reference.view) return found;
  const [, first, count] = reference.view;
  if (!isCount(first) || !isCount(count)) return null;
  const end = storageBytes(reference.type, first + count);
  return end <= found.bytes ? { ...found, first: found.first + first } : null;
}

function readStorages(
  source: ByteSource,
  base: number | null,
  keys: WholePickle,
  references: readonly PicklePersistent[],
  bigEndian: boolean,
  findings: Finding[],
): { storages: Map<string, FoundStorage>; end: number } {
  const types = new Map<string, StorageId['type']>();
  for (const { id } of references) {
    const reference = storageId(id);
    if (reference) types.set(reference.key, reference.type);
  }
  const storages = new Map<string, FoundStorage>();
  let at = keys.end;
  for (const key of sequenceItems(keys.root) ?? []) {
    const name = typeof key === 'string' || typeof key === 'number' ? String(key) : '';
    const type = types.get(name);
    if (type === undefined) {
      throw new CheckpointError(
        'malformed',
        source.path,
        `${source.path} lists a storage that no tensor uses; where the next begins cannot be known.`,
        findings,
      );
    }
    const count = readInt64(source, at, findings);
    const bytes = storageBytes(type, count);
    const dataAt = at + 8;
    if (dataAt + bytes > source.size) throw cutShort(source, findings);
    storages.set(name, { storage: stretch(source, base, dataAt, bytes, bigEndian), type, bytes, first: 0 });
    at = dataAt + bytes;
  }
  return { storages, end: at };
}

/** A storage that lies in a source as it is. */
export function stretch(
  source: ByteSource,
  base: number | null,
  start: number,
  bytes: number,
  bigEndian: boolean,
): TensorStorage {
  const label = `the storage at byte ${start}`;
  return {
    label,
    open: () => new SliceSource(source, start, bytes, source.path),
    fileOffset: base === null ? null : base + start,
    bigEndian,
  };
}

/** A natural number of 8 bytes at `at`. */
export function readInt64(source: ByteSource, at: number, findings: readonly Finding[]): number {
  if (at + 8 > source.size) throw cutShort(source, findings);
  const bytes = source.read(at, 8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true);
  if (value < 0n || value > BigInt(source.size)) throw cutShort(source, findings);
  return Number(value);
}

function cutShort(source: ByteSource, findings: readonly Finding[]): CheckpointError {
  return new CheckpointError(
    'truncated',
    source.path,
    `${source.path} is truncated: it ends before the weights that it announces.`,
    findings,
  );
}
