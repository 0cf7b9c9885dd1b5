import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkpointLayers } from '../../src/defenses/clp/checkpoint-layers';
import { checkpointEdits } from '../../src/defenses/clp/prune-checkpoint';
import type { Checkpoint } from '../../src/model/checkpoint';
import { ModelError } from '../../src/protocol/errors';
import { KERAS, openBytes, openFixture } from '../support/keras';
import { checksumFindings } from '../support/verify';

const PYTHON = '/usr/bin/python3';
const HAS_H5PY = spawnSync(PYTHON, ['-c', 'import h5py']).status === 0;
const folder = mkdtempSync(path.join(tmpdir(), 'scour-keras-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SELECTION = new Map([
  ['stem', [2, 5]],
  ['conv_b', [1]],
  ['depth', [11]],
  ['sep/pointwise', [0]],
  ['up', [3]],
]);

function pruned(checkpoint: Checkpoint, made: Record<string, string> = {}): Buffer {
  const edits = checkpointEdits(checkpointLayers(checkpoint), SELECTION);
  return Buffer.concat([...checkpoint.edited(edits, made)]);
}

/** Names of changed tensors, with the elements that became zero where they were not. */
function changes(before: Checkpoint, after: Checkpoint): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  before.tensors.forEach((tensor, i) => {
    const [old, now] = [tensor.values(), after.tensors[i]!.values()];
    const changed = Array.from(old.keys()).filter((k) => old[k] !== now[k]);
    expect(changed.every((k) => now[k] === 0)).toBe(true);
    if (changed.length > 0) found[shortName(tensor.name)] = changed;
  });
  return found;
}

/** `stem/kernel` of `stem/stem/kernel:0`; numbered weights keep their whole path. */
function shortName(name: string): string {
  return name.includes('/vars/') ? name : name.replace(/:0$/, '').split('/').slice(-2).join('/');
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

describe('pruning Keras files in place', () => {
  test('functional.h5: γ and β where there is a norm, else all that makes the output', () => {
    const before = openFixture('functional.h5');
    const bytes = pruned(before);
    expect(bytes.length).toBe(readFileSync(path.join(KERAS, 'functional.h5')).length);
    expect(changes(before, openBytes('pruned.h5', bytes))).toEqual({
      'bn_stem/gamma': [2, 5],
      'bn_stem/beta': [2, 5],
      // No γ to set: the convolution, μ and β instead. Elements are those of C_out × C_in/groups × kernel.
      'conv_b/kernel': range(1 * 4 * 9, 4 * 9),
      'bn_b/beta': [1],
      'bn_b/moving_mean': [1],
      'bn_depth/gamma': [11],
      'bn_sep/gamma': [0],
      'bn_sep/beta': [0],
      'up/kernel': range(3 * 5 * 9, 5 * 9),
      'up/bias': [3],
    });
  });

  test('functional.keras: the archive stays whole, with provenance and checksums', () => {
    const before = openFixture('functional.keras');
    const bytes = pruned(before, { 'scour.provenance': '{"u":3}' });
    const after = openBytes('pruned.keras', bytes);
    expect(Object.keys(changes(before, after))).toHaveLength(10);
    expect(after.provenance).toEqual({ 'scour.provenance': '{"u":3}' });
    expect(after.findings.map(({ id }) => id)).toEqual(['made-by-scour']);
    expect(checksumFindings(after, bytes)).toEqual([]);
  });

  test.each(['compressed.h5', 'deflated.keras'])('%s cannot be changed in place, and says so', (file) => {
    expect(() => pruned(openFixture(file))).toThrow(ModelError);
    expect(() => pruned(openFixture(file))).toThrow(/compressed in the file/);
  });

  test.skipIf(!HAS_H5PY)('h5py reads the same changes at the same places (needs python3-h5py)', () => {
    const file = path.join(folder, 'pruned.h5');
    writeFileSync(file, pruned(openFixture('functional.h5')));
    const script = `
import h5py, json, sys
import numpy as np
a, b = (h5py.File(p, 'r') for p in sys.argv[1:3])
out = {}
def visit(name, x):
    if not isinstance(x, h5py.Dataset): return
    different = np.argwhere(x[()] != b[name][()])
    if len(different): out[name.split('/')[-2] + '/' + name.split('/')[-1][:-2]] = sorted({tuple(int(i) for i in d) for d in different})
a.visititems(visit)
assert all(a.attrs[k] == b.attrs[k] for k in a.attrs)
print(json.dumps(out))`;
    const { stdout, stderr, status } = spawnSync(
      PYTHON,
      ['-c', script, path.join(KERAS, 'functional.h5'), file],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as Record<string, number[][]>;
    expect(found['bn_stem/gamma']).toEqual([[2], [5]]);
    expect(found['conv_b/kernel']!.map(([, , , out]) => out)).toEqual(new Array(36).fill(1));
    expect(found['up/kernel']!.map(([, , out]) => out)).toEqual(new Array(45).fill(3));
    expect(Object.keys(found)).toHaveLength(10);
  });
});
