import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/model/checkpoint';
import { openPyTorch } from '../../src/model/pytorch/open';
import { matchSafetensors, openSafetensors } from '../../src/model/safetensors/open';
import { FileSource } from '../../src/model/source';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';
import { SEEDS } from '../support/seeds';
import { HAS_TORCH, NEEDS_TORCH, PYTHON } from '../support/torch';

const folder = mkdtempSync(path.join(tmpdir(), 'scour-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(file: string): Checkpoint {
  const source = new FileSource(file);
  return matchSafetensors(source) ? openSafetensors(source) : openPyTorch(source);
}

/** Zeroes channel 2 of some tensors, as pruning does, and asks PyTorch what changed. */
function prunedByPyTorch(file: string, names: readonly string[]): { found: unknown; expected: unknown } {
  const checkpoint = open(file);
  const provenance = { 'scour.provenance': '{"u":3}' };
  const edits = names.map((name) => {
    const tensor = checkpoint.tensors.find((candidate) => candidate.name === name)!;
    const size = tensor.elements / tensor.dims[0]!;
    return { tensor, start: 2 * size, values: new Float32Array(size) };
  });
  const expected = Object.fromEntries(
    edits
      .map(({ tensor, start, values }) => {
        const before = tensor.slice(start, values.length);
        const indexes = Array.from(before, (value, i) => (value === 0 ? -1 : start + i));
        return [tensor.name, indexes.filter((index) => index >= 0)] as const;
      })
      .filter(([, indexes]) => indexes.length > 0),
  );
  const output = path.join(folder, path.basename(file));
  writeFileSync(output, Buffer.concat([...checkpoint.edited(edits, provenance)]));
  const script = path.join(SEEDS, 'compare.py');
  const printed = execFileSync(PYTHON, [script, file, output], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  return { found: JSON.parse(printed), expected };
}

describe.skipIf(!HAS_TORCH)(
  `PyTorch loads what Scour exports, changed only where asked${NEEDS_TORCH}`,
  () => {
    test.each(['zip.pth', 'legacy.pth', 'tar.pth', 'script.pt', 'training.pth', 'tensors.safetensors'])(
      '%s',
      (name) => {
        const { found, expected } = prunedByPyTorch(path.join(SEEDS, name), [
          'bn1.weight',
          'bn1.bias',
          'conv1.weight',
        ]);
        expect(found).toEqual(expected);
      },
    );

    const shared = [
      ...[
        'attack_result.pt',
        'bfloat16.pth',
        'channels_last.pth',
        'dataparallel.pth.tar',
        'double.pth',
        'half.pth',
      ],
      ...[
        'full_module.pth',
        'lightning.ckpt',
        'nested_model.pth',
        'shared_storage.pth',
        'state_dict.legacy.pth',
      ],
      ...['state_dict.pth', 'torchscript_scripted.pt', 'torchscript_traced.pt', 'model.safetensors'],
    ];
    test.skipIf(!HAS_SHARED).each(shared)(`../shared/models/formats/%s${NEEDS_SHARED}`, (name) => {
      const file = path.join(SHARED, 'models/formats', name);
      expect(existsSync(file)).toBe(true);
      const { found, expected } = prunedByPyTorch(file, [
        'layer2.0.bn2.weight',
        'layer2.0.bn2.bias',
        'layer1.0.conv1.weight',
      ]);
      expect(found).toEqual(expected);
    });
  },
);
