import type { Finding } from '../../protocol/findings';
import { visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import { editedInPlace } from '../edits';
import { sequenceItems, tupleItems, type PickleValue } from '../pickle/values';
import { SliceSource } from '../slice-source';
import type { ByteSource } from '../source';
import { TAR_BLOCK, isTar } from '../tar-header';
import { leavesFolder } from '../zip/inspect';
import { zipFindings } from '../zip/polyglot';
import { assembleTensors } from './assemble';
import type { FoundTensor } from './found-tensor';
import { LEGACY_DIALECT, readInt64, stretch, viewed } from './legacy-stream';
import { PickledBytes } from './pickled-bytes';
import { NumpyReader } from './numpy';
import { readPickle } from './read-pickle';
import { TensorRebuilder, viewOf } from './rebuild';
import { isCount, storageBytes, type FoundStorage } from './storages';
import { storageType } from './types';

const PARTS = ['storages', 'tensors', 'pickle'];
const MAX_MEMBERS = 1000;
/** Tensors or storages of one file. */
const MAX_TABLE = 100_000;

interface TarMember {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** True for a tar file that holds what PyTorch 0.1 wrote. */
export function isPyTorchTar(source: ByteSource): boolean {
  return tarMembers(source).members.some(({ name }) => PARTS.includes(name));
}

/**
 * Opens a tar file of PyTorch 0.1: a table of storages, a table of tensors, and a pickle that refers to both.
 * @throws CheckpointError where a table or a pickle is cut short or broken.
 */
export function openTar(source: ByteSource): Checkpoint {
  const findings: Finding[] = [];
  const listing = tarMembers(source);
  inspectMembers(listing.members, findings);
  findings.push(...zipFindings(source, 'a tar archive'));
  const reader = new TarReader(source, listing, findings);
  const storages = reader.storages();
  const tensors = reader.tensors(storages);
  const pickle = reader.open('pickle');
  const { root } = readPickle(pickle, 0, LEGACY_DIALECT, place('pickle'), findings, source.path);
  const rebuilder = new TensorRebuilder(
    (id) => storages.get(keyOf(id)) ?? 'is in a storage that the file does not hold',
    new NumpyReader(new PickledBytes(pickle, pickle.start)),
    { tensor: (id) => tensors.get(keyOf(id)) },
  );
  const weights = assembleTensors(source.path, root, (value) => rebuilder.tensorOf(value), findings);
  return {
    format: 'pytorch',
    variant: 'PyTorch checkpoint (0.1, tar)',
    tensors: weights,
    findings,
    provenance: {},
    edited: (edits) => editedInPlace(source, edits, weights),
  };
}

interface TarListing {
  readonly members: readonly TarMember[];
  /** True where the archive's end was found; false where it is cut short. */
  readonly ended: boolean;
}

class TarReader {
  private readonly source: ByteSource;
  private readonly listing: TarListing;
  private readonly findings: Finding[];

  constructor(source: ByteSource, listing: TarListing, findings: Finding[]) {
    this.source = source;
    this.listing = listing;
    this.findings = findings;
  }

  open(name: string): SliceSource {
    // Of several members with one name, `tarfile` takes the last.
    const member = this.listing.members.findLast((candidate) => candidate.name === name);
    if (!member) throw this.error(this.listing.ended ? 'malformed' : 'truncated', `has no '${name}' in it`);
    if (member.start + member.size > this.source.size) throw this.error('truncated', `ends within '${name}'`);
    return new SliceSource(this.source, member.start, member.size, `${this.source.path} (${name})`);
  }

  /** `storages`: a count; for each a pickled (key, location, class), its size and bytes; then a table of views. */
  storages(): Map<string, FoundStorage> {
    const source = this.open('storages');
    const found = new Map<string, FoundStorage>();
    let { root, end } = this.pickle(source, 0, 'storages');
    for (let left = this.count(root); left > 0; left--) {
      const entry = this.pickle(source, end, 'storages');
      const [key, , kind] = sequenceItems(entry.root) ?? [];
      const type = storageType(kind);
      if (type === null) throw this.error('malformed', 'names a storage of no type');
      const bytes = storageBytes(type, readInt64(source, entry.end, this.findings));
      const start = entry.end + 8;
      if (start + bytes > source.size)
        throw this.error('truncated', 'ends before the weights that it announces');
      found.set(keyOf(key), {
        storage: stretch(this.source, 0, source.start + start, bytes, false),
        type,
        bytes,
        first: 0,
      });
      end = start + bytes;
    }
    root = this.pickle(source, end, 'storages').root;
    for (const view of sequenceItems(root) ?? []) {
      const [target, whole, first, count] = sequenceItems(view) ?? [];
      const base = found.get(keyOf(whole));
      const id = base && {
        type: base.type,
        key: '',
        count: base.bytes,
        view: [target ?? null, first ?? null, count ?? null],
      };
      const part = base && id && viewed(base, id);
      if (!part) throw this.error('malformed', 'has a part of a storage that lies beyond its end');
      found.set(keyOf(target), part);
    }
    return found;
  }

  /** `tensors`: a count; for each a pickled (key, storage, class), then rank, sizes, strides and offset. */
  tensors(storages: ReadonlyMap<string, FoundStorage>): Map<string, FoundTensor> {
    const source = this.open('tensors');
    const found = new Map<string, FoundTensor>();
    const head = this.pickle(source, 0, 'tensors');
    let end = head.end;
    for (let left = this.count(head.root); left > 0; left--) {
      const entry = this.pickle(source, end, 'tensors');
      const [key, storage] = sequenceItems(entry.root) ?? [];
      // The rank was once written as 8 bytes and is read as 4 and 4 that are passed over.
      const rank = readInt64(source, entry.end, this.findings) % 2 ** 32;
      if (rank > 64) throw this.error('malformed', `has a tensor of ${rank} dimensions`);
      const numbers: number[] = [];
      for (let i = 0; i < 2 * rank + 1; i++) {
        numbers.push(this.number(source, entry.end + 8 + 8 * i));
      }
      end = entry.end + 8 + 8 * numbers.length;
      const dims = numbers.slice(0, rank);
      const base = storages.get(keyOf(storage));
      if (!base) throw this.error('malformed', 'has a tensor without storage');
      if (!Number.isSafeInteger(dims.reduce((product, dim) => product * Math.max(1, dim), 16))) {
        throw this.error('malformed', 'has a tensor larger than any file');
      }
      found.set(
        keyOf(key),
        viewOf(base, null, dims, numbers.slice(rank, 2 * rank), numbers[2 * rank]!, null),
      );
    }
    return found;
  }

  private pickle(source: ByteSource, start: number, member: string): { root: PickleValue; end: number } {
    return readPickle(source, start, LEGACY_DIALECT, place(member), this.findings, this.source.path);
  }

  private count(value: PickleValue): number {
    if (!isCount(value) || value > MAX_TABLE)
      throw this.error('malformed', 'has a table of impossible length');
    return value;
  }

  private number(source: ByteSource, at: number): number {
    if (at + 8 > source.size) throw this.error('truncated', 'ends within its table of tensors');
    const bytes = source.read(at, 8);
    const value = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
    if (!isCount(value)) throw this.error('malformed', 'has a tensor of impossible size');
    return value;
  }

  private error(reason: 'malformed' | 'truncated', what: string): CheckpointError {
    return new CheckpointError(reason, this.source.path, `${this.source.path} ${what}.`, this.findings);
  }
}

function place(member: string) {
  return { member, reader: 'torch.load' };
}

/** References are numbers or their decimal text. */
function keyOf(id: PickleValue | undefined): string {
  const value = tupleItems(id)?.[0] ?? id;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : '';
}

/** Members of a tar file; none where it is no tar file. (POSIX.1-1988 ustar; sizes are octal.) */
function tarMembers(source: ByteSource): TarListing {
  const members: TarMember[] = [];
  for (let at = 0; at + TAR_BLOCK <= source.size && members.length < MAX_MEMBERS;) {
    const header = Buffer.from(source.read(at, TAR_BLOCK));
    if (header.every((byte) => byte === 0)) return { members, ended: true };
    if (!isTar(header)) break;
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    const size = parseInt(header.toString('latin1', 124, 136).trim() || '0', 8);
    if (!isCount(size)) break;
    members.push({ name: name.replace(/^\.\//, ''), start: at + TAR_BLOCK, size });
    at += TAR_BLOCK + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return { members, ended: false };
}

function inspectMembers(members: readonly TarMember[], findings: Finding[]): void {
  const seen = new Set<string>();
  for (const { name, start } of members) {
    const location = { offset: start - TAR_BLOCK };
    if (seen.has(name)) {
      findings.push({
        id: 'tar-duplicate-member',
        level: 'error',
        message: `The archive holds '${visible(name, 100)}' more than once: readers may take different ones.`,
        location,
      });
    }
    if (leavesFolder(name)) {
      findings.push({
        id: 'tar-path-escape',
        level: 'error',
        message: `The archive holds '${visible(name, 100)}', a path that leaves the folder it would be unpacked in.`,
        location,
      });
    }
    seen.add(name);
  }
}
