import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/model/checkpoint';
import { matchPyTorch, openPyTorch } from '../../src/model/pytorch/open';
import { matchSafetensors, openSafetensors } from '../../src/model/safetensors/open';
import { FileSource } from '../../src/model/source';
import { SHARED } from '../support/paths';
import { checksumFindings } from '../support/verify';

/** Name, shape, type, sum, absolute sum, first and last value; from PyTorch, by test/fixtures/checkpoints/expect.py. */
type Expected = [string, number[], string, number, number, number, number];

const FORMATS = path.join(SHARED, 'models/formats');
const [head, ...lists] = readFileSync(
  path.join(import.meta.dirname, '../fixtures/checkpoints/expected.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as unknown);
const { files } = head as { files: Record<string, number> };

function expectSame(checkpoint: Checkpoint, expected: readonly Expected[]): void {
  expect(checkpoint.tensors.map(({ name }) => name)).toEqual(expected.map(([name]) => name));
  checkpoint.tensors.forEach((tensor, i) => {
    const [, dims, dtype, sum, absolute, first, last] = expected[i]!;
    expect(tensor.dims, tensor.name).toEqual(dims);
    expect(tensor.dtype, tensor.name).toBe(dtype);
    const values = tensor.values();
    let total = 0;
    let totalAbsolute = 0;
    for (const value of values) {
      total += value;
      totalAbsolute += Math.abs(value);
    }
    expect(total, tensor.name).toBeCloseTo(sum, 9);
    expect(totalAbsolute, tensor.name).toBeCloseTo(absolute, 9);
    expect([values[0], values.at(-1)], tensor.name).toEqual([first, last]);
  });
}

describe.skipIf(!existsSync(FORMATS))(
  `one net saved in many ways (skipped where ${FORMATS} is absent)`,
  () => {
    test.each(Object.keys(files))('%s has the tensors that PyTorch reads from it', (name) => {
      const source = new FileSource(path.join(FORMATS, name));
      expect(matchPyTorch(source)).toBe(true);
      expect(matchSafetensors(source)).toBe(false);
      const checkpoint = openPyTorch(source);
      expectSame(checkpoint, lists[files[name]!] as Expected[]);
      expect(checksumFindings(checkpoint, source)).toEqual([]);
      if (name !== 'full_module.pth') expect(checkpoint.findings).toEqual([]);
      source.close();
    });

    test('model.safetensors has the same tensors', () => {
      const source = new FileSource(path.join(FORMATS, 'model.safetensors'));
      expect(matchSafetensors(source)).toBe(true);
      expect(matchPyTorch(source)).toBe(false);
      const checkpoint = openSafetensors(source);
      expectSame(checkpoint, lists[files['state_dict.pth']!] as Expected[]);
      expect(checkpoint.findings).toEqual([]);
      source.close();
    });

    test('a whole pickled module is read, and reported with what loading it would call', () => {
      const source = new FileSource(path.join(FORMATS, 'full_module.pth'));
      const { findings } = openPyTorch(source);
      expect(findings.map(({ id, level }) => [id, level])).toEqual([
        ['pickle-unsafe-global', 'error'],
        ['pickle-unsafe-global', 'error'],
        ['pickle-module-object', 'warning'],
      ]);
      expect(findings[0]!.message).toContain("imports 'net' and calls net.ResNet18()");
      source.close();
    });

    test('ONNX files are not taken for checkpoints', () => {
      const source = new FileSource(path.join(FORMATS, 'model.onnx'));
      expect(matchPyTorch(source)).toBe(false);
      expect(matchSafetensors(source)).toBe(false);
      source.close();
    });

    test('channels can be read one by one, contiguous or not', () => {
      for (const name of ['state_dict.pth', 'channels_last.pth', 'shared_storage.pth']) {
        const source = new FileSource(path.join(FORMATS, name));
        const weight = openPyTorch(source).tensors.find((tensor) => tensor.name === 'layer1.0.conv1.weight')!;
        const size = weight.elements / weight.dims[0]!;
        const whole = Array.from(weight.values());
        const pieces = Array.from({ length: weight.dims[0]! }, (_, k) =>
          Array.from(weight.slice(k * size, size)),
        );
        expect(pieces.flat()).toEqual(whole);
        source.close();
      }
    });
  },
);
