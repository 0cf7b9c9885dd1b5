import type { Finding } from '../../protocol/findings';
import { count } from '../../protocol/wording';
import { CheckpointError } from '../checkpoint';
import { isNode, tupleItems, type PickleValue } from '../pickle/values';
import { LOAD_FROM_BYTES, readStream, type LegacyStream } from './legacy-stream';
import { unsafeGlobalFinding, type PicklePlace } from './pickle-findings';
import { PickledBytes } from './pickled-bytes';
import type { WholePickle } from './read-pickle';
import type { FoundStorage } from './storages';

/** A storage holds no other storages; a file in which they nest deeper was made to. */
const MAX_DEPTH = 3;

/** Storages by the arguments of the call that would load them. */
export type NestedStorages = ReadonlyMap<PickleValue, FoundStorage>;

/**
 * The storages that a pickle keeps as pickles of their own, which `torch.storage._load_from_bytes` would unpickle in turn:
 * so `pickle.dump` writes tensors. Each is read like the outer one and what it would do is added to `findings`, also where one cannot be read.
 */
export function nestedStorages(
  pickle: WholePickle,
  bytes: PickledBytes,
  place: PicklePlace,
  findings: Finding[],
  depth = 0,
): NestedStorages {
  const storages = new Map<PickleValue, FoundStorage>();
  const { watched } = pickle.record;
  const known = new Map<PickleValue, FoundStorage | null>();
  let unread = 0;
  for (const { args } of watched) {
    const data = tupleItems(args)?.[0] ?? null;
    let found = known.get(data);
    if (found === undefined) known.set(data, (found = nestedStorage(data, bytes, place, findings, depth)));
    if (found) storages.set(args, found);
    else unread++;
  }
  const record = [...pickle.record.globals.values()].find(
    ({ global }) => `${global.module}.${global.name}` === LOAD_FROM_BYTES,
  );
  if (!record) return storages;
  if (unread > 0 || watched.length === 0) {
    findings.push(unsafeGlobalFinding(record, place));
  } else {
    findings.push({
      id: 'pickle-nested',
      level: 'warning',
      message: `The pickle holds ${count(watched.length, 'pickle')} more, which loading it unpickles in turn (${LOAD_FROM_BYTES}); Scour looked into each.`,
    });
  }
  return storages;
}

function nestedStorage(
  data: PickleValue,
  bytes: PickledBytes,
  place: PicklePlace,
  findings: Finding[],
  depth: number,
): FoundStorage | null {
  const held = bytes.of(data);
  if (!held || depth >= MAX_DEPTH) return null;
  const source = held.open();
  const own: Finding[] = [];
  let stream: LegacyStream | WholePickle | null = null;
  try {
    stream = readStream(source, held.fileOffset, place, own);
    const pickle = 'main' in stream ? stream.main : stream;
    nestedStorages(pickle, new PickledBytes(source, held.fileOffset), place, own, depth + 1);
  } catch (error) {
    // What can be said of it is among its findings; the outer pickle is read all the same.
    if (!(error instanceof CheckpointError)) throw error;
  }
  findings.push(...own.map((finding) => asOfTheOuter(finding, held.start)));
  if (stream === null || !('main' in stream)) return null;
  const { root } = stream.main;
  const found = isNode(root) && root.kind === 'persistent' ? stream.resolve(root.id) : null;
  return typeof found === 'string' ? null : found;
}

/** Told by the offset in the outer pickle, in which the inner one begins at `start`; null where it does not lie there as it is. */
function asOfTheOuter({ id, level, message, location }: Finding, start: number | null): Finding {
  return {
    id,
    level,
    message: `In a pickle within the pickle: ${message}`,
    ...(location && start !== null && { location: { ...location, offset: start + location.offset } }),
  };
}
