import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Checkpoint } from '../../src/model/checkpoint';
import { openPyTorch } from '../../src/model/pytorch/open';
import { matchSafetensors, openSafetensors } from '../../src/model/safetensors/open';
import { MemorySource } from '../../src/model/source';
import { FIXTURES } from './paths';

/** Small good checkpoints, made by make_seeds.py in this folder. */
export const SEEDS = path.join(FIXTURES, 'checkpoints');

export interface Seed {
  readonly file: string;
  /** What PyTorch reads from it. */
  readonly tensors: Readonly<Record<string, { readonly dims: number[]; readonly values: number[] }>>;
}

export function seeds(): Seed[] {
  return readFileSync(path.join(SEEDS, 'seeds.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seed);
}

/** Opens a checkpoint held in memory, by what it is. */
export function openBytes(name: string, bytes: Uint8Array): Checkpoint {
  const source = new MemorySource(name, bytes);
  return matchSafetensors(source) ? openSafetensors(source) : openPyTorch(source);
}
