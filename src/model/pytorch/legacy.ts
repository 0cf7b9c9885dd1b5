import type { Finding } from '../../protocol/findings';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import type { TensorStorage } from '../checkpoint-tensor';
import { editedInPlace } from '../edits';
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
import { endsAsZip } from '../zip/directory';
import { ALLOWED } from './allow-list';
import { assembleTensors } from './assemble';
import { NumpyReader } from './numpy';
import { readPickle } from './read-pickle';
import { TensorRebuilder } from './rebuild';
import { isCount, storageBytes, storageId, type FoundStorage, type StorageId } from './storages';

/** What `torch.save` wrote first before PyTorch 1.6. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** In old files a class may come with its source, as ('module', class, file, source). */
export const LEGACY_DIALECT: PickleDialect = {
  allowed: ALLOWED,
  standsFor: (id) => {
    const items = tupleItems(id);
    return items?.[0] === 'module' ? items[1] : undefined;
  },
};

const PLACE = { reader: 'torch.load' };

/**
 * Opens a file of pickles: what `torch.save` wrote before PyTorch 1.6, or a plain pickle, of which `torch.load` still
 * executes the first.
 * @throws CheckpointError where a pickle or a storage is cut short or broken.
 */
export function openLegacy(source: ByteSource): Checkpoint {
  const findings: Finding[] = [];
  if (endsAsZip(source)) {
    findings.push({
      id: 'polyglot-file',
      level: 'error',
      message:
        'The file is a pickle and a zip archive at once: readers that look at its beginning and readers that look at its end load different models.',
    });
  }
  const first = readPickle(source, 0, LEGACY_DIALECT, PLACE, findings);
  if (first.root !== MAGIC) return openPlain(source, first.root, first.end, findings);
  const version = readPickle(source, first.end, LEGACY_DIALECT, PLACE, findings);
  if (version.root !== PROTOCOL) {
    throw new CheckpointError(
      'unsupported-format',
      source.path,
      `${source.path} is of a version of PyTorch's format that Scour does not know.`,
      findings,
    );
  }
  const system = readPickle(source, version.end, LEGACY_DIALECT, PLACE, findings);
  const main = readPickle(source, system.end, LEGACY_DIALECT, PLACE, findings);
  const keys = readPickle(source, main.end, LEGACY_DIALECT, PLACE, findings);
  const bigEndian = entryOf(system.root, 'little_endian') === false;
  const { storages, end } = readStorages(
    source,
    keys.root,
    keys.end,
    main.record.persistents,
    bigEndian,
    findings,
  );
  trailing(source.size - end, findings);
  const resolve = (id: PickleValue): FoundStorage | string => {
    const reference = storageId(id);
    const found = reference && storages.get(reference.key);
    if (!reference || !found) return 'is in a storage that the file does not hold';
    return viewed(found, reference) ?? 'is a part of a storage beyond its end';
  };
  const rebuilder = new TensorRebuilder(resolve, new NumpyReader(source, 0));
  const weights = assembleTensors(source.path, main.root, (value) => rebuilder.tensorOf(value), findings);
  return {
    format: 'pytorch',
    variant: 'PyTorch checkpoint (before 1.6)',
    tensors: weights,
    findings,
    provenance: {},
    verify: () => [],
    edited: (edits) => editedInPlace(source, edits, weights),
  };
}

/** A pickle that `torch.save` did not write. */
function openPlain(source: ByteSource, root: PickleValue, end: number, findings: Finding[]): Checkpoint {
  findings.push({
    id: 'pickle-not-torch',
    level: 'warning',
    message:
      'This is a plain pickle, not a file of torch.save; torch.load executes it and fails afterwards, pickle.load and joblib load it.',
  });
  trailing(source.size - end, findings);
  const rebuilder = new TensorRebuilder(
    () => 'is in a storage that the file does not hold',
    new NumpyReader(source, 0),
  );
  const weights = assembleTensors(source.path, root, (value) => rebuilder.tensorOf(value), findings);
  return {
    format: 'pytorch',
    variant: 'pickle',
    tensors: weights,
    findings,
    provenance: {},
    verify: () => [],
    edited: (edits) => editedInPlace(source, edits, weights),
  };
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
  keys: PickleValue,
  start: number,
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
  let at = start;
  for (const key of sequenceItems(keys) ?? []) {
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
    storages.set(name, { storage: stretch(source, dataAt, bytes, bigEndian), type, bytes, first: 0 });
    at = dataAt + bytes;
  }
  return { storages, end: at };
}

/** A storage that lies in the file as it is. */
export function stretch(source: ByteSource, start: number, bytes: number, bigEndian: boolean): TensorStorage {
  const label = `the storage at byte ${start}`;
  return {
    label,
    open: () => new SliceSource(source, start, bytes, source.path),
    fileOffset: start,
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

function trailing(bytes: number, findings: Finding[]): void {
  if (bytes <= 0) return;
  findings.push({
    id: 'pickle-trailing-data',
    level: 'warning',
    message: `${bytes} bytes follow the end of the checkpoint; PyTorch ignores them.`,
  });
}
