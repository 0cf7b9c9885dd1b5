import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Random } from '../../src/data/random';
import type { Checkpoint } from '../../src/model/checkpoint';
import { FileSource } from '../../src/model/source';
import { weightedGraph } from '../../src/model/weighted-graph';
import { ModelError } from '../../src/protocol/errors';
import { fuzz, fuzzSeconds, FUZZ_SEED, type FuzzEnd } from '../support/fuzz';
import { KERAS, openBytes, openModel, scoresOf } from '../support/keras';
import { mutated } from '../support/mutate';
import { SEEDS, seeds } from '../support/seeds';
import { checksumFindings } from '../support/verify';

/** Keras, and formats of several files; checkpoint-fuzz.test.ts has the rest. */
const [HDF5_SECONDS, FOLDER_SECONDS] = [fuzzSeconds(1 / 6), fuzzSeconds(1 / 12)];

const root = mkdtempSync(path.join(tmpdir(), 'scour-fuzz-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * Reads everything that a scan and an evaluation read of a file, and counts complaints: findings, and tensors that cannot
 * be read. Throws what opening and scoring throw.
 */
async function complaints(open: () => Checkpoint, bytes: Uint8Array | FileSource): Promise<number> {
  const checkpoint = open();
  try {
    let count = checkpoint.findings.length + checksumFindings(checkpoint, bytes).length;
    weightedGraph(checkpoint);
    await scoresOf(checkpoint);
    for (const tensor of checkpoint.tensors) {
      try {
        tensor.values();
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        count++;
      }
    }
    return count;
  } finally {
    checkpoint.close?.();
  }
}

/** `known`: complaints of the file as it was. */
async function endOf(
  open: () => Checkpoint,
  bytes: Uint8Array | FileSource,
  known: number,
): Promise<FuzzEnd> {
  return (await complaints(open, bytes)) > known ? 'findings' : 'silent';
}

const FILES = await Promise.all(
  readdirSync(KERAS)
    .filter((name) => /\.(h5|keras)$/.test(name))
    .map(async (name) => {
      const bytes = readFileSync(path.join(KERAS, name));
      return { name, bytes, known: await complaints(() => openBytes(name, bytes), bytes) };
    }),
);

/** HDF5 keeps its structures in front of the first dataset: half of the mutants are changed there only. */
function mutatedKeras(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const head = random.integer(2) === 0 ? Math.min(4096, bytes.length) : bytes.length;
  return Buffer.concat([mutated(random, bytes.subarray(0, head), other), bytes.subarray(head)]);
}

describe('mutated Keras files', () => {
  test(
    `are read or refused in time and memory, for ${HDF5_SECONDS} s from seed ${FUZZ_SEED}`,
    { timeout: (HDF5_SECONDS + 60) * 1000 },
    async () => {
      const ends = await fuzz(HDF5_SECONDS, (random) => {
        const file = FILES[random.integer(FILES.length)]!;
        const bytes = mutatedKeras(random, file.bytes, FILES[random.integer(FILES.length)]!.bytes);
        const name = `mutated${path.extname(file.name)}`;
        const read = (): Promise<FuzzEnd> => endOf(() => openBytes(name, bytes), bytes, file.known);
        return { name: file.name, original: file.bytes, bytes, read };
      });
      expect(ends.error + ends.findings).toBeGreaterThan(0);
    },
  );

  test.each(FILES)('$name is never fine when cut', async (file) => {
    // The library starts anew for each.
    const step = Math.ceil(file.bytes.length / 7);
    for (let cut = 1; cut < file.bytes.length; cut += step) {
      const bytes = file.bytes.subarray(0, cut);
      const end = endOf(() => openBytes(file.name, bytes), bytes, file.known).catch((error: unknown) => {
        if (error instanceof ModelError) return 'error';
        throw error;
      });
      expect(await end, `cut at ${cut}`).not.toBe('silent');
    }
  });
});

/** A folder of files, one of which is the model. */
interface Folder {
  readonly folder: string;
  readonly model: string;
  readonly parts: readonly string[];
}

function folders(): Folder[] {
  const sharded = path.join(root, 'sharded');
  mkdirSync(sharded);
  for (const shard of ['zip.pth', 'tensors.safetensors'])
    cpSync(path.join(SEEDS, shard), path.join(sharded, shard));
  // Both shards hold all tensors, and both are needed: nobody notices what becomes of a file that the index does not name.
  const names = Object.keys(seeds().find(({ file }) => file === 'zip.pth')!.tensors);
  const map = Object.fromEntries(
    names.map((name, i) => [name, i % 2 === 0 ? 'zip.pth' : 'tensors.safetensors']),
  );
  writeFileSync(path.join(sharded, 'model.index.json'), JSON.stringify({ weight_map: map }));
  const of = (folder: string, model: string): Folder => ({ folder, model, parts: readdirSync(folder) });
  return [
    of(path.join(KERAS, 'tfjs'), 'model.json'),
    of(path.join(KERAS, 'tfjs-graph'), 'model.json'),
    of(sharded, 'model.index.json'),
  ];
}

describe('mutated models of several files', () => {
  test(
    `are read or refused in time and memory, for ${FOLDER_SECONDS} s from seed ${FUZZ_SEED}`,
    { timeout: (FOLDER_SECONDS + 60) * 1000 },
    async () => {
      const originals = await Promise.all(
        folders().map(async (each, i) => {
          const copy = path.join(root, `copy${i}`);
          cpSync(each.folder, copy, { recursive: true });
          const open = (): Checkpoint => openModel(new FileSource(path.join(copy, each.model)));
          return {
            ...each,
            copy,
            open,
            known: await complaints(open, new FileSource(path.join(copy, each.model))),
          };
        }),
      );
      const ends = await fuzz(FOLDER_SECONDS, (random) => {
        const { folder, copy, parts, open, model, known } = originals[random.integer(originals.length)]!;
        const part = random.integer(2) === 0 ? model : parts[random.integer(parts.length)]!;
        const [original, other] = [part, parts[random.integer(parts.length)]!].map((name) =>
          readFileSync(path.join(folder, name)),
        );
        const bytes = mutated(random, original!, other!);
        const read = async (): Promise<FuzzEnd> => {
          writeFileSync(path.join(copy, part), bytes);
          const source = new FileSource(path.join(copy, model));
          try {
            return await endOf(open, source, known);
          } finally {
            source.close();
            writeFileSync(path.join(copy, part), original!);
          }
        };
        return { name: path.join(path.basename(folder), part), original: original!, bytes, read };
      });
      expect(ends.error).toBeGreaterThan(0);
    },
  );
});
