import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CheckpointError } from '../../src/model/checkpoint';
import { matchSharded, openSharded } from '../../src/model/sharded/open';
import { FileSource } from '../../src/model/source';
import { SEEDS, seeds } from '../support/seeds';
import { checksumFindings } from '../support/verify';

const folder = mkdtempSync(path.join(tmpdir(), 'scour-sharded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = seeds().find(({ file }) => file === 'zip.pth')!.tensors;
const NAMES = Object.keys(expected);

/** An index over `files`, in a folder of its own. */
function index(name: string, map: unknown, files: Readonly<Record<string, Uint8Array | string>>): FileSource {
  const own = path.join(folder, name);
  mkdirSync(own, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(own, file), content);
  const at = path.join(own, 'model.index.json');
  writeFileSync(at, JSON.stringify(map));
  return new FileSource(at);
}

/** A safetensors file of one-element float tensors. */
function shard(...names: string[]): Buffer {
  const entries = names.map((name, i) => [
    name,
    { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  return Buffer.concat([
    Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer),
    header,
    Buffer.from(Float32Array.from(names, (_, i) => i + 1).buffer),
  ]);
}

function caught(source: FileSource): CheckpointError {
  try {
    openSharded(source);
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error('it opened');
}

test('tensors of safetensors shards are joined, the wrapper taken off', () => {
  const map = {
    weight_map: { 'net.a.w': '1.safetensors', 'net.b.w': '1.safetensors', 'net.c.w': '2.safetensors' },
  };
  const files = { '1.safetensors': shard('net.a.w', 'net.b.w'), '2.safetensors': shard('net.c.w') };
  const source = index('good', map, files);
  expect(matchSharded(source)).toBe(true);
  const checkpoint = openSharded(source);
  expect(checkpoint.findings).toEqual([]);
  expect(checkpoint.tensors.map(({ name, path: full }) => [name, full])).toEqual([
    ['a.w', 'net.a.w'],
    ['b.w', 'net.b.w'],
    ['c.w', 'net.c.w'],
  ]);
  expect(checkpoint.tensors.map((tensor) => tensor.values()[0])).toEqual([1, 2, 1]);
  expect(() => checkpoint.edited([], {})).toThrow(/in 2 files/);
  checkpoint.close();
});

test('PyTorch shards have the values that PyTorch reads', () => {
  const source = index('torch', { weight_map: Object.fromEntries(NAMES.map((name) => [name, 'a.bin'])) }, {});
  copyFileSync(path.join(SEEDS, 'zip.pth'), path.join(folder, 'torch/a.bin'));
  const checkpoint = openSharded(source);
  expect(checkpoint.tensors.map((tensor) => [tensor.name, tensor.values().length])).toEqual(
    NAMES.map((name) => [name, expected[name]!.values.length]),
  );
  expect(checksumFindings(checkpoint, source)).toEqual([]);
  checkpoint.close();
});

test('what index and files disagree on is found', () => {
  const map = { weight_map: { a: '1.safetensors', b: '2.safetensors', gone: '2.safetensors' } };
  const source = index('odd', map, {
    '1.safetensors': shard('a', 'b'),
    '2.safetensors': shard('b', 'extra'),
  });
  const checkpoint = openSharded(source);
  expect(checkpoint.findings.map(({ id }) => id)).toEqual([
    'shard-duplicate-tensor',
    'shard-unlisted-tensor',
    'shard-missing-tensor',
  ]);
  checkpoint.close();
});

describe('hostile indexes', () => {
  test.each(['../secret.safetensors', '/etc/passwd', 'C:\\x', 'a\\..\\..\\b', 'link'])(
    '%s is never read',
    (file) => {
      const source = index(`escape-${path.basename(file)}`, { weight_map: { a: file } }, {});
      if (file === 'link') symlinkSync('/etc/passwd', path.join(path.dirname(source.path), 'link'));
      const error = caught(source);
      expect([error.reason, error.findings.map(({ id }) => id)]).toEqual([
        'external-data-escape',
        ['external-data-escape'],
      ]);
    },
  );

  test.each([
    ['no weight_map', {}],
    ['an empty weight_map', { weight_map: {} }],
    ['numbers for files', { weight_map: { a: 1 } }],
    ['a list', []],
    ['nothing', null],
  ])('%s', (name, map) => {
    expect(caught(index(name, map, {})).reason).toBe('malformed');
  });

  test('a file that is not there', () => {
    expect(() => openSharded(index('missing', { weight_map: { a: 'none.safetensors' } }, {}))).toThrow(
      /cannot be read/,
    );
  });

  test('an unsafe pickle in a shard is found although the shard is broken', () => {
    const evil = Buffer.from('cos\nsystem\n(S"id"\ntR\xff', 'latin1');
    const error = caught(index('evil', { weight_map: { a: 'a.bin' } }, { 'a.bin': evil }));
    expect(error.findings.map(({ id }) => id)).toContain('pickle-unsafe-global');
    expect(error.findings[0]!.message).toMatch(/^a\.bin: .*os\.system\('id'\)/);
  });
});
