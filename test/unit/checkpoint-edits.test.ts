import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, TensorEdit } from '../../src/model/checkpoint';
import { decodeValues } from '../../src/model/decode';
import { encodeValues } from '../../src/model/encode-values';
import { SEEDS, openBytes } from '../support/seeds';
import { checksumFindings } from '../support/verify';

function bytesOf(name: string): Uint8Array {
  return readFileSync(path.join(SEEDS, name));
}

function apply(checkpoint: Checkpoint, edits: TensorEdit[], provenance: Record<string, string> = {}): Buffer {
  return Buffer.concat([...checkpoint.edited(edits, provenance)]);
}

function valuesByName(checkpoint: Checkpoint): Map<string, number[]> {
  return new Map(checkpoint.tensors.map((tensor) => [tensor.name, Array.from(tensor.values())]));
}

/** Zeroes channel 1 of a tensor: its second slice along the first dimension. */
function zeroChannel(checkpoint: Checkpoint, name: string): TensorEdit {
  const tensor = checkpoint.tensors.find((candidate) => candidate.name === name)!;
  const size = tensor.elements / tensor.dims[0]!;
  return { tensor, start: size, values: new Float32Array(size) };
}

describe('an edited file holds the new values, every other value, and checksums that fit', () => {
  const files = [
    ['zip.pth', ['bn1.weight', 'bn1.bias']],
    ['legacy.pth', ['bn1.weight', 'bn1.bias']],
    ['tar.pth', ['bn1.weight', 'bn1.bias']],
    ['script.pt', ['bn1.weight', 'conv1.weight']],
    ['tensors.safetensors', ['bn1.weight', 'conv1.weight']],
    ['training.pth', ['bn1.weight', 'bn1.bias']],
    ['sequential.pth', ['0.weight', '1.bias']],
    ['views.pth', ['half', 'bfloat16', 'double', 'qtensor', 'qchannel']],
    ['views.legacy.pth', ['half', 'double']],
    ['numpy4.pkl', ['conv.weight', 'fortran']],
  ] as const;
  test.each(files)('%s', (file, names) => {
    const original = openBytes(file, bytesOf(file));
    const edits = names.map((name) => zeroChannel(original, name));
    const output = apply(original, edits);
    const edited = openBytes(file, output);
    const expected = valuesByName(original);
    for (const { tensor, start, values } of edits) {
      expected.set(tensor.name, expected.get(tensor.name)!.fill(0, start, start + values.length));
    }
    expect(valuesByName(edited)).toEqual(expected);
    expect(checksumFindings(edited, output)).toEqual([]);
    expect(edited.findings).toEqual(original.findings);
    // In place: nothing moves.
    expect(output.length).toBe(bytesOf(file).length);
  });
});

test('without edits the bytes are the same', () => {
  for (const file of ['zip.pth', 'legacy.pth', 'tensors.safetensors']) {
    expect(apply(openBytes(file, bytesOf(file)), [])).toEqual(bytesOf(file));
  }
});

describe('provenance travels with the file', () => {
  test.each(['zip.pth', 'script.pt', 'tensors.safetensors', 'sequential.pth'])('%s', (file) => {
    const original = openBytes(file, bytesOf(file));
    const made = { 'scour.provenance': '{"by":"Scour","u":3,"name":"ünï \\"x\\""}' };
    const onceBytes = apply(original, [], made);
    const once = openBytes(file, onceBytes);
    expect(once.provenance).toEqual(made);
    expect(once.findings.map(({ id }) => id)).toEqual([
      ...original.findings.map(({ id }) => id),
      'made-by-scour',
    ]);
    expect(valuesByName(once)).toEqual(valuesByName(original));
    expect(checksumFindings(once, onceBytes)).toEqual([]);
    const againBytes = Buffer.concat([...once.edited([], { 'scour.provenance': 'second' })]);
    const again = openBytes(file, againBytes);
    expect(Object.values(again.provenance)).toContain('second');
    expect(checksumFindings(again, againBytes)).toEqual([]);
    expect(again.findings.map(({ id }) => id)).toEqual(once.findings.map(({ id }) => id));
  });

  test('safetensors without metadata get some', () => {
    const header = Buffer.from('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
    const file = Buffer.concat([
      Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer),
      header,
      Buffer.alloc(4, 1),
    ]);
    const made = openBytes('a.safetensors', apply(openBytes('a.safetensors', file), [], { 'scour.x': 'y' }));
    expect(made.provenance).toEqual({ 'scour.x': 'y' });
    expect(made.tensors.map(({ name }) => name)).toEqual(['a']);
  });
});

test('part of a tensor that does not lie in one piece', () => {
  const original = openBytes('views.pth', bytesOf('views.pth'));
  const tensor = original.tensors.find(({ name }) => name === 'channels_last')!;
  const output = apply(original, [{ tensor, start: 5, values: Float32Array.of(-1, -2, -3) }]);
  const edited = openBytes('views.pth', output);
  const expected = valuesByName(original);
  expected.get('channels_last')!.splice(5, 3, -1, -2, -3);
  expect(valuesByName(edited)).toEqual(expected);
  expect(checksumFindings(edited, output)).toEqual([]);
});

test('a tensor that is seen through another view is not changed behind its back', () => {
  const views = openBytes('views.pth', bytesOf('views.pth'));
  expect(() => apply(views, [zeroChannel(views, 'transposed')])).toThrow(
    /shares values with '(middle|expanded)'/,
  );
});

test('a compressed tensor cannot be changed in place, and says so', () => {
  const numpy = openBytes('numpy2.pkl', bytesOf('numpy2.pkl'));
  expect(() => apply(numpy, [zeroChannel(numpy, 'conv.weight')])).toThrow(/cannot be changed in this file/);
});

describe('encoding is the inverse of decoding', () => {
  test('every float16 and bfloat16 survives, and values between round to even', () => {
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
      const values = decodeValues(dtype, new Uint8Array(codes.buffer), codes.length);
      const encoded = new Uint16Array(encodeValues(dtype, values).buffer);
      const wrong = codes.filter((code, i) => !Number.isNaN(values[i]!) && encoded[i] !== code);
      expect(wrong, dtype).toEqual(new Uint16Array(0));
      // Half-way between neighbours, the even one wins; a little above, the upper one.
      const finite = codes.filter(
        (code) => code < 0x7bff && Number.isFinite(values[code]!) && Number.isFinite(values[code + 1]!),
      );
      const middle = Float64Array.from(finite, (code) => (values[code]! + values[code + 1]!) / 2);
      const rounded = new Uint16Array(encodeValues(dtype, middle).buffer);
      expect(
        finite.filter((code, i) => rounded[i] !== code + (code & 1)),
        dtype,
      ).toEqual(new Uint16Array(0));
    }
  });

  test('values beyond the range become infinite, integers are clamped', () => {
    expect(
      new Uint16Array(encodeValues('float16', Float64Array.of(65519, 65520, -1e9, 1e-9)).buffer),
    ).toEqual(Uint16Array.of(0x7bff, 0x7c00, 0xfc00, 0));
    expect(encodeValues('uint8', Float64Array.of(-3, 2.5, 3.5, 999))).toEqual(Uint8Array.of(0, 2, 4, 255));
  });
});
