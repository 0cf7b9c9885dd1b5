import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import { CheckpointTensor, type TensorStorage } from '../checkpoint-tensor';
import { byteEdits, copyWithEdits, type ByteEdit } from '../edits';
import { HiddenBytes } from '../hidden-bytes';
import { MADE_BY_SCOUR } from '../made-by-scour';
import { SliceSource } from '../slice-source';
import type { ByteSource } from '../source';
import { rowMajor } from '../strides';
import { commonPrefix } from '../tensor-names';
import { zipFindings } from '../zip/polyglot';
import { looksLikeSafetensors, readHeader, type HeaderEntry, type SafetensorsHeader } from './header';

const PROVENANCE = 'scour.';

/** True where `openSafetensors` should be asked. */
export function matchSafetensors(source: ByteSource): boolean {
  return /\.safetensors$/i.test(source.path) || looksLikeSafetensors(source);
}

/**
 * Opens a safetensors file and checks it against every rule of the format
 * (huggingface.co/docs/safetensors, "Format").
 * @throws ModelError or CheckpointError where its header cannot be read.
 */
export function openSafetensors(source: ByteSource): Checkpoint {
  if (source.size === 0) throw new ModelError('empty', source.path, `${source.path} is empty.`);
  const findings: Finding[] = [];
  const header = readHeader(source, findings);
  inspectPlaces(header, source.size - header.dataAt, findings);
  findings.push(...zipFindings(source, 'safetensors'));
  const provenance = Object.fromEntries(
    Object.entries(header.metadata).filter(([key]) => key.startsWith(PROVENANCE)),
  );
  if (Object.keys(provenance).length > 0) findings.push(MADE_BY_SCOUR);
  const prefix = commonPrefix(header.entries.map(({ name }) => name));
  const tensors = inDataOrder(header.entries).map((entry) => tensorOf(source, header, entry, prefix));
  return {
    format: 'safetensors',
    variant: 'safetensors',
    tensors,
    findings,
    provenance,
    edited: (edits, made) => edited(source, header, byteEdits(source.path, edits, tensors), made),
  };
}

/** JSON objects have no order; the data do, and writers keep the order of the state dict or sort by name. */
function inDataOrder(entries: readonly HeaderEntry[]): HeaderEntry[] {
  return [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
}

/** `prefix`: how much of the name is wrappers'. */
function tensorOf(
  source: ByteSource,
  header: SafetensorsHeader,
  entry: HeaderEntry,
  prefix: number,
): CheckpointTensor {
  const { name, dtype, dims, begin, end, problem } = entry;
  const fileOffset = header.dataAt + begin;
  const storage: TensorStorage = {
    label: `bytes ${begin} to ${end} of the data`,
    open: () => new SliceSource(source, fileOffset, end - begin, source.path),
    fileOffset,
    bigEndian: false,
  };
  const layout = { dtype, dims, strides: rowMajor(dims), offset: 0, quantization: null };
  return new CheckpointTensor(source.path, name.slice(prefix), name, layout, storage, problem);
}

/** The data must be covered by tensors without a gap and without overlap. */
function inspectPlaces(header: SafetensorsHeader, available: number, findings: Finding[]): void {
  const problems = header.entries.filter(({ problem }) => problem !== null);
  for (const { name, problem, begin } of problems.slice(0, 20)) {
    const unread = problem!.startsWith('holds');
    findings.push({
      id: unread ? 'tensor-unreadable' : 'tensor-out-of-bounds',
      level: unread ? 'warning' : 'error',
      message: `Tensor '${visible(name, 200)}' ${problem}; it was not read.`,
      tensor: name,
      location: { offset: header.dataAt + begin },
    });
  }
  if (problems.length > 20) {
    findings.push({
      id: 'tensor-out-of-bounds',
      level: 'error',
      message: `${problems.length - 20} more tensors were not read for reasons like these.`,
    });
  }
  let end = 0;
  const hidden = new HiddenBytes();
  const overlapping: HeaderEntry[] = [];
  for (const entry of inDataOrder(header.entries)) {
    if (entry.begin < end && entry.end > entry.begin) overlapping.push(entry);
    hidden.add(end, entry.begin);
    end = Math.max(end, entry.end);
  }
  if (overlapping.length > 0) {
    findings.push({
      id: 'safetensors-overlap',
      level: 'error',
      message: `${listShort(overlapping.map(({ name }) => `'${visible(name, 100)}'`))} share bytes with other tensors, which the format forbids.`,
      location: { offset: header.dataAt + overlapping[0]!.begin },
    });
  }
  if (hidden.count > 0) {
    findings.push({
      id: 'safetensors-hidden-data',
      level: 'warning',
      message: `${hidden.count} bytes between tensors belong to none of them, which the format forbids.`,
      location: { offset: header.dataAt + hidden.at },
    });
  }
  if (end < available) {
    findings.push({
      id: 'safetensors-trailing-data',
      level: 'warning',
      message: `${available - end} bytes follow the last tensor, which the format forbids.`,
      location: { offset: header.dataAt + end },
    });
  }
}

function* edited(
  source: ByteSource,
  header: SafetensorsHeader,
  changes: readonly ByteEdit[],
  made: Readonly<Record<string, string>>,
): Iterable<Uint8Array> {
  if (Object.keys(made).length === 0) {
    yield* copyWithEdits(source, 0, source.size, changes);
    return;
  }
  const text = withMetadata(source, header, made);
  const length = Math.ceil(text.length / 8) * 8;
  const head = Buffer.alloc(8 + length, ' ');
  head.writeBigUInt64LE(BigInt(length), 0);
  text.copy(head, 8);
  yield head;
  yield* copyWithEdits(source, header.dataAt, source.size, changes);
}

/** The header's text with entries put into its metadata; every other character stays. */
function withMetadata(
  source: ByteSource,
  header: SafetensorsHeader,
  made: Readonly<Record<string, string>>,
): Buffer {
  const text = header.text.trimEnd();
  const present = header.keys.findLast(({ key, path }) => key === '__metadata__' && path.length === 0);
  if (present && text[present.valueStart] !== '{') {
    throw new CheckpointError(
      'malformed',
      source.path,
      `${source.path} has metadata that nothing can be added to.`,
      [],
    );
  }
  const inner = Object.entries(made)
    .map(([key, value]) => `${JSON.stringify(freeKey(header, key))}:${JSON.stringify(value)}`)
    .join(',');
  const at = present ? present.valueStart + 1 : text.indexOf('{') + 1;
  const rest = text.slice(at).trimStart();
  const more = rest.startsWith('}') ? '' : ',';
  const added = present ? inner + more : `"__metadata__":{${inner}}${more}`;
  return Buffer.from(text.slice(0, at) + added + rest, 'utf8');
}

/** A model that was changed before keeps its earlier entries: the key, or the key with the next free number. */
function freeKey(header: SafetensorsHeader, wanted: string): string {
  let key = wanted;
  for (let n = 2; Object.hasOwn(header.metadata, key); n++) key = `${wanted}.${n}`;
  return key;
}
