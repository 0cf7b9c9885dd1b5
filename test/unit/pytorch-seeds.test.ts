import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/model/checkpoint';
import { SEEDS, openBytes, seeds } from '../support/seeds';
import { checksumFindings } from '../support/verify';

function open(name: string): Checkpoint {
  return openBytes(name, readFileSync(path.join(SEEDS, name)));
}

function ids(checkpoint: Checkpoint): string[] {
  return checkpoint.findings.map(({ id }) => id);
}

describe('values are those that PyTorch reads', () => {
  test.each(seeds())('$file', ({ file, tensors }) => {
    const checkpoint = open(file);
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(Object.keys(tensors));
    for (const tensor of checkpoint.tensors) {
      const expected = tensors[tensor.name]!;
      expect(tensor.dims, tensor.name).toEqual(expected.dims);
      const values = tensor.values();
      expect(values.length, tensor.name).toBe(expected.values.length);
      expected.values.forEach((value, i) => {
        expect(Math.abs(values[i]! - value), `${tensor.name}[${i}]`).toBeLessThanOrEqual(
          1e-6 * Math.abs(value),
        );
      });
    }
    expect(checksumFindings(checkpoint, readFileSync(path.join(SEEDS, file)))).toEqual([]);
  });
});

test('a slice is that part of the values, whatever the strides', () => {
  for (const tensor of open('views.pth').tensors) {
    const whole = Array.from(tensor.values());
    for (const [start, count] of [
      [0, Math.min(1, whole.length)],
      [Math.floor(whole.length / 2), Math.floor(whole.length / 3)],
    ] as const) {
      expect(Array.from(tensor.slice(start, count)), tensor.name).toEqual(whole.slice(start, start + count));
    }
  }
});

test('entries of the first axis are read as slices are, whatever the strides', () => {
  for (const tensor of open('views.pth').tensors) {
    const [entries = 0] = tensor.dims;
    const read = tensor.entries();
    const size = entries === 0 ? 0 : tensor.elements / entries;
    for (let first = 0; first < entries; first += 2) {
      const count = Math.min(2, entries - first);
      expect(Array.from(read(first, count)), tensor.name).toEqual(
        Array.from(tensor.slice(first * size, count * size)),
      );
      // Element by element, which no shortcut takes.
      for (let i = 0; i < count * size; i++)
        expect(read(first, count)[i], tensor.name).toBe(tensor.slice(first * size + i, 1)[0]);
    }
  }
});

test('what lies beside the weights is named, not scanned', () => {
  const training = open('training.pth');
  expect(ids(training)).toEqual(['checkpoint-other-tensors']);
  expect(training.findings[0]!.message).toContain("'optimizer_state_dict'");
  expect(training.findings[0]!.message).toContain("'ema'");
  expect(training.findings[0]!.message).toContain("'gradient_norms'");
  expect(training.tensors[0]!.path).toBe('model_state_dict → module.conv1.weight');
});

test('a plain pickle says that torch.save did not write it', () => {
  expect(ids(open('numpy2.pkl'))).toEqual(['pickle-not-torch']);
  expect(ids(open('numpy4.pkl'))).toEqual(['pickle-not-torch']);
});

test('a pickled Sequential of layers of PyTorch is a warning', () => {
  const { findings } = open('sequential.pth');
  expect(findings.map(({ id, level }) => [id, level])).toEqual([['pickle-module-object', 'warning']]);
});

test("a frozen TorchScript archive's weights are its constants", () => {
  const frozen = open('frozen.pt');
  expect(ids(frozen)).toEqual([]);
  const script = open('script.pt');
  const conv = frozen.tensors.find(({ dims }) => dims.length === 4)!;
  expect(conv.name).toMatch(/^constants\.\d+$/);
  expect(conv.dims).toEqual(script.tensors[0]!.dims);
});
