import { copyFileSync, linkSync, renameSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { CheckpointError } from '../model/checkpoint';
import { replaceAtomically } from '../model/atomic-write';
import { readHeader } from '../model/safetensors/header';
import { FileSource } from '../model/source';
import { writeFailed } from '../model/write-failed';
import { ModelError } from '../protocol/errors';
import { TrainingError } from './errors';
import { sizeOf } from './graph/shape';
import type { TrainingSnapshot } from './state';

/** A snapshot with what its job needs to go on: which run it is of, and the job's own progress (epoch, random state). */
export interface Checkpoint {
  readonly snapshot: TrainingSnapshot;
  /** Says which model and settings the run is of; a checkpoint of another run is refused. */
  readonly run: string;
  readonly progress: Readonly<Record<string, string>>;
}

const PROGRESS = 'scour.progress.';

/**
 * Writes a checkpoint as a safetensors file, atomically: a job killed meanwhile leaves the one before. `asBest`: a file
 * that is to hold it too; it does whenever `path` does. Returns the milliseconds that this kept a processor busy, which
 * is all but the wait for the disk at the end. Throws OutputError `write-failed`.
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  asBest: string | null = null,
): Promise<number> {
  const started = performance.now();
  let busy = 0;
  const { snapshot, run, progress } = checkpoint;
  // Against damage, not against forgery, and three times as quick as SHA-256.
  let sum = 0;
  let end = 0;
  const tensors = [...snapshot.tensors].map(([name, { shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    sum = crc32(bytesOf(data), sum);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const metadata = {
    ...Object.fromEntries(Object.entries(progress).map(([key, value]) => [PROGRESS + key, value])),
    'scour.run': run,
    'scour.step': String(snapshot.step),
    'scour.optimizer': snapshot.optimizer,
    'scour.crc32': String(sum),
  };
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors) }));
  const padding = Buffer.alloc((8 - (header.length % 8)) % 8, ' ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length + padding.length));
  await replaceAtomically(asBest ?? path, { force: true, inputs: [] }, (sink) => {
    for (const piece of [length, header, padding]) sink(piece);
    for (const { data } of snapshot.tensors.values()) sink(bytesOf(data));
    busy = performance.now() - started;
  });
  if (asBest !== null) nameAlso(asBest, path);
  return busy;
}

/** Puts the file `from` in the place of `to` too. Neither is ever written over, so a second name will do. */
function nameAlso(from: string, to: string): void {
  const temporary = `${to}.tmp`;
  try {
    rmSync(temporary, { force: true });
    try {
      linkSync(from, temporary);
    } catch {
      copyFileSync(from, temporary); // file systems without hard links
    }
    renameSync(temporary, to);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw writeFailed(to, cause);
  }
}

/**
 * Reads a checkpoint of the run `run`. Throws TrainingError `bad-checkpoint` where it is damaged or of another run,
 * ModelError where the file cannot be opened.
 */
export function readCheckpoint(path: string, run: string): Checkpoint {
  const source = new FileSource(path);
  try {
    return decode(source, run);
  } catch (cause) {
    if (cause instanceof CheckpointError || cause instanceof ModelError)
      throw new TrainingError('bad-checkpoint', `The checkpoint is damaged: ${cause.message}`, { cause });
    throw cause;
  } finally {
    source.close();
  }
}

function decode(source: FileSource, run: string): Checkpoint {
  const { entries, metadata, dataAt } = readHeader(source, []);
  const bad = (what: string): TrainingError =>
    new TrainingError('bad-checkpoint', `${source.path} cannot be continued from: ${what}.`);
  if (metadata['scour.run'] !== run) throw bad('it belongs to another model or other settings');
  const step = Number(metadata['scour.step']);
  const optimizer = metadata['scour.optimizer'];
  if (!Number.isSafeInteger(step) || step < 0 || optimizer === undefined)
    throw bad('it is no checkpoint of Scour');
  let sum = 0;
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, dtype, dims, begin, end, problem } of entries) {
    if (problem !== null || dtype !== 'float32') throw bad(`'${name}' ${problem ?? `is of type ${dtype}`}`);
    const bytes = source.read(dataAt + begin, end - begin);
    sum = crc32(bytes, sum);
    const data = new Float32Array(sizeOf(dims));
    new Uint8Array(data.buffer).set(bytes);
    tensors.set(name, { shape: dims, data });
  }
  if (String(sum) !== metadata['scour.crc32']) throw bad('its numbers are not those that were written');
  const progress = Object.fromEntries(
    Object.entries(metadata).flatMap(([key, value]) =>
      key.startsWith(PROGRESS) ? [[key.slice(PROGRESS.length), value]] : [],
    ),
  );
  return { snapshot: { step, optimizer, tensors }, run, progress };
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
