import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkpointLayers } from '../../src/defenses/clp/checkpoint-layers';
import { scoreLayers, type Scores } from '../../src/defenses/clp/score';
import type { Checkpoint } from '../../src/model/checkpoint';
import { checkpointReader } from '../../src/model/open-checkpoint';
import { ModelError } from '../../src/protocol/errors';
import { FileSource, MemorySource, type ByteSource } from '../../src/model/source';

/** Files of test/fixtures/keras/make.py. */
export const KERAS = path.join(import.meta.dirname, '../fixtures/keras');

export interface ExpectedLayer {
  readonly name: string;
  readonly norm: string | null;
  readonly uclc: readonly number[];
}

/** UCLC by numpy's SVD, by file. */
export function expectedScores(): Record<string, ExpectedLayer[]> {
  return JSON.parse(readFileSync(path.join(KERAS, 'expected.json'), 'utf8')) as Record<
    string,
    ExpectedLayer[]
  >;
}

/** Opens a file as the product does. */
export function openModel(source: ByteSource): Checkpoint {
  const open = checkpointReader(source);
  if (!open) throw new ModelError('unsupported-format', source.path, `no reader takes ${source.path}`);
  return open(source);
}

export function openFixture(name: string): Checkpoint {
  return openModel(new FileSource(path.join(KERAS, name)));
}

export function openBytes(name: string, bytes: Uint8Array): Checkpoint {
  return openModel(new MemorySource(name, bytes));
}

export async function scoresOf(checkpoint: Checkpoint): Promise<Scores> {
  const layers = checkpointLayers(checkpoint).map(({ layer }) => layer);
  return await scoreLayers(layers, 3, () => Promise.resolve());
}
