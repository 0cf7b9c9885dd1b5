import * as v from 'valibot';
import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import { listShort, visible } from '../../protocol/wording';
import { CheckpointError, type Checkpoint } from '../checkpoint';
import { CheckpointTensor } from '../checkpoint-tensor';
import { ExternalFiles, escapeReason } from '../onnx/external';
import { openPyTorch } from '../pytorch/open';
import { matchSafetensors, openSafetensors } from '../safetensors/open';
import type { ByteSource } from '../source';
import { commonPrefix } from '../tensor-names';

/** Hugging Face's `model.safetensors.index.json` and `pytorch_model.bin.index.json`. */
const IndexSchema = v.object({ weight_map: v.record(v.string(), v.string()) });
const MAX_INDEX = 32 * 1024 * 1024;
const MAX_SHARDS = 1000;

/** A checkpoint whose weights lie in several files beside its index. */
export interface ShardedCheckpoint extends Checkpoint {
  /** Names of the files that hold weights, in the index's folder. */
  readonly shards: readonly string[];
  verifyUnchanged(): void;
  /** Closes the shards; the index belongs to the caller. */
  close(): void;
}

/** True for the index of a sharded checkpoint, by its name. */
export function matchSharded(source: ByteSource): boolean {
  return /\.index\.json$/i.test(source.path);
}

/**
 * Opens the files that an index names, which must lie in its folder, and joins their tensors.
 * @throws ModelError or CheckpointError where the index or a file cannot be read, or a file lies elsewhere.
 */
export function openSharded(source: ByteSource): ShardedCheckpoint {
  const findings: Finding[] = [];
  const map = readIndex(source, findings);
  const shards = [...new Set(Object.values(map))];
  if (shards.length > MAX_SHARDS) {
    throw new CheckpointError(
      'too-large',
      source.path,
      `${source.path} names ${shards.length} files, more than Scour opens.`,
      findings,
    );
  }
  for (const shard of shards) {
    const reason = escapeReason(source.path, shard);
    if (reason === null) continue;
    findings.push({
      id: 'external-data-escape',
      level: 'error',
      message: `The index names '${visible(shard, 200)}', which ${reason}. It was not read.`,
    });
    throw new CheckpointError(
      'external-data-escape',
      source.path,
      `${source.path} names a file that ${reason}: '${visible(shard, 200)}'.`,
      findings,
    );
  }
  const files = new ExternalFiles(source.path);
  try {
    const opened = shards.map((shard) => [shard, openShard(files, shard, source, findings)] as const);
    const { format } = opened[0]![1];
    return {
      format,
      variant: `${opened[0]![1].variant}, ${shards.length} files`,
      tensors: joined(opened, map, findings),
      parts: [...files.opened().values()],
      findings,
      provenance: {},
      shards,
      checksums: (file) => {
        const [shard, checkpoint] = opened.find(([name]) => files.opened().get(name) === file) ?? [];
        const own = checkpoint?.checksums?.(file);
        if (shard === undefined || own === undefined) return undefined;
        return {
          take: (bytes) => own.take(bytes),
          findings: () => own.findings().map((finding) => of(shard, finding)),
        };
      },
      edited: () => {
        throw new ModelError(
          'unsupported-type',
          source.path,
          `${source.path} keeps its weights in ${shards.length} files, which Scour does not write. Save the model in one file first.`,
        );
      },
      verifyUnchanged: () => files.verifyUnchanged(),
      close: () => files.close(),
    };
  } catch (error) {
    files.close();
    throw error;
  }
}

function readIndex(source: ByteSource, findings: Finding[]): Record<string, string> {
  const fail = (reason: 'malformed' | 'too-large' | 'empty', what: string, cause?: unknown) =>
    new CheckpointError(reason, source.path, `${source.path} ${what}.`, findings, { cause });
  if (source.size === 0) throw fail('empty', 'is empty');
  if (source.size > MAX_INDEX) throw fail('too-large', 'is larger than any index of weights');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(source.read(0, source.size)).toString('utf8'));
  } catch (cause) {
    throw fail('malformed', 'is not JSON', cause);
  }
  const index = v.safeParse(IndexSchema, parsed);
  if (!index.success || Object.keys(index.output.weight_map).length === 0) {
    throw fail('malformed', 'has no weight_map that says which file holds which tensor');
  }
  return index.output.weight_map;
}

function openShard(files: ExternalFiles, shard: string, index: ByteSource, findings: Finding[]): Checkpoint {
  const file = files.file(shard);
  try {
    const checkpoint = matchSafetensors(file) ? openSafetensors(file) : openPyTorch(file);
    findings.push(...checkpoint.findings.map((finding) => of(shard, finding)));
    return checkpoint;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const own = error instanceof CheckpointError ? error.findings.map((finding) => of(shard, finding)) : [];
    throw new CheckpointError(error.reason, index.path, error.message, [...findings, ...own], {
      cause: error,
    });
  }
}

/** A finding with the file that it is about, which is like a member of the whole. */
function of(shard: string, finding: Finding): Finding {
  const { location } = finding;
  const member = location?.member === undefined ? shard : `${shard}/${location.member}`;
  return {
    ...finding,
    message: `${visible(shard, 100)}: ${finding.message}`,
    location: { member, offset: location?.offset ?? 0 },
  };
}

function joined(
  opened: readonly (readonly [string, Checkpoint])[],
  map: Readonly<Record<string, string>>,
  findings: Finding[],
): CheckpointTensor[] {
  const tensors = new Map<string, { shard: string; tensor: CheckpointTensor }>();
  const twice: string[] = [];
  for (const [shard, { tensors: own }] of opened) {
    for (const tensor of own) {
      const known = tensors.get(tensor.path);
      if (known) twice.push(tensor.path);
      // Loaders take each tensor from the file that the index names.
      if (!known || map[tensor.path] === shard) tensors.set(tensor.path, { shard, tensor });
    }
  }
  report(
    'shard-duplicate-tensor',
    'error',
    twice,
    'are in several files: readers may take different ones',
    findings,
  );
  const unnamed = [...tensors.keys()].filter((name) => !Object.hasOwn(map, name));
  report('shard-unlisted-tensor', 'warning', unnamed, 'are in the files but not in the index', findings);
  const missing = Object.keys(map).filter((name) => tensors.get(name)?.shard !== map[name]);
  report('shard-missing-tensor', 'error', missing, 'are not in the file that the index names', findings);
  const prefix = commonPrefix([...tensors.keys()]);
  return [...tensors].map(
    ([name, { tensor }]) =>
      new CheckpointTensor(
        tensor.file,
        name.slice(prefix),
        name,
        tensor.layout,
        tensor.storage,
        tensor.problem,
      ),
  );
}

function report(
  id: string,
  level: Finding['level'],
  names: readonly string[],
  what: string,
  findings: Finding[],
): void {
  if (names.length === 0) return;
  const shown = listShort(names.map((name) => `'${visible(name, 100)}'`));
  findings.push({ id, level, message: `${shown} ${what}.` });
}
