import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/model/checkpoint';
import { openPyTorch } from '../../src/model/pytorch/open';
import { matchSafetensors, openSafetensors } from '../../src/model/safetensors/open';
import { FileSource } from '../../src/model/source';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';
import { SEEDS } from '../support/seeds';
import { HAS_TORCH, NEEDS_TORCH, ONE_THREAD, PYTHON } from '../support/torch';

const folder = mkdtempSync(path.join(tmpdir(), 'scour-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(file: string): Checkpoint {
  const source = new FileSource(file);
  return matchSafetensors(source) ? openSafetensors(source) : openPyTorch(source);
}

interface Pruned {
  readonly file: string;
  readonly output: string;
  /** Indexes of the elements that became zero, by tensor. */
  readonly expected: Readonly<Record<string, number[]>>;
}

/** Zeroes channel 2 of some tensors, as pruning does. */
function pruned(file: string, names: readonly string[]): Pruned {
  const checkpoint = open(file);
  const edits = names.map((name) => {
    const tensor = checkpoint.tensors.find((candidate) => candidate.name === name)!;
    const size = tensor.elements / tensor.dims[0]!;
    return { tensor, start: 2 * size, values: new Float32Array(size) };
  });
  const expected: Record<string, number[]> = {};
  for (const { tensor, start, values } of edits) {
    const before = tensor.slice(start, values.length);
    const changed = Array.from(before, (value, i) => (value === 0 ? -1 : start + i)).filter((i) => i >= 0);
    if (changed.length > 0) expected[tensor.name] = changed;
  }
  const output = path.join(folder, path.basename(file));
  const pieces = checkpoint.edited(edits, { 'scour.provenance': '{"u":3}' });
  writeFileSync(output, Buffer.concat([...pieces]));
  return { file, output, expected };
}

const TINY = ['zip.pth', 'legacy.pth', 'tar.pth', 'script.pt', 'training.pth', 'tensors.safetensors'];
const FORMATS = path.join(SHARED, 'models/formats');
const SHARED_FILES = HAS_SHARED
  ? readdirSync(FORMATS).filter((name) => /\.(pth|pt|ckpt|tar|safetensors)$/.test(name))
  : [];

test.skipIf(!HAS_TORCH)(
  `PyTorch loads what Scour exports, changed only where asked${NEEDS_TORCH}${NEEDS_SHARED}`,
  { timeout: 120_000 },
  () => {
    const cases = [
      ...TINY.map((name) => pruned(path.join(SEEDS, name), ['bn1.weight', 'bn1.bias', 'conv1.weight'])),
      ...SHARED_FILES.map((name) =>
        pruned(path.join(FORMATS, name), [
          'layer2.0.bn2.weight',
          'layer2.0.bn2.bias',
          'layer1.0.conv1.weight',
        ]),
      ),
    ];
    const pairs = cases.flatMap(({ file, output }) => [file, output]);
    const printed = execFileSync(PYTHON, [path.join(SEEDS, 'compare.py'), ...pairs], {
      env: ONE_THREAD,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 100_000,
    });
    const found = JSON.parse(printed) as unknown[];
    expect(found.length).toBe(cases.length);
    cases.forEach(({ file, expected }, i) => {
      expect(Object.keys(expected).length, file).toBeGreaterThan(1);
      expect(found[i], file).toEqual(expected);
    });
  },
);
