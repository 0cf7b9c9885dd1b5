import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkpointLayers } from '../../src/defenses/clp/checkpoint-layers';
import { checkpointEdits } from '../../src/defenses/clp/prune-checkpoint';
import { FileSource } from '../../src/model/source';
import { ModelError } from '../../src/protocol/errors';
import { KERAS, openModel, scoresOf } from '../support/keras';

const root = mkdtempSync(path.join(tmpdir(), 'scour-tfjs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let copies = 0;

interface Model {
  modelTopology: unknown;
  weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: object }[];
  }[];
}

/** A copy of the layers model with its JSON and its folder changed. */
function copy(change: (model: Model, folder: string) => void): string {
  const folder = path.join(root, `${copies++}`);
  cpSync(path.join(KERAS, 'tfjs'), folder, { recursive: true });
  const file = path.join(folder, 'model.json');
  const model = JSON.parse(readFileSync(file, 'utf8')) as Model;
  change(model, folder);
  writeFileSync(file, JSON.stringify(model));
  return file;
}

function reasonOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof ModelError) return error.reason;
    throw error;
  }
  return 'opened';
}

describe('TensorFlow.js models', () => {
  test('quantised weights are restored as the library restores them', () => {
    const { convolutions, parts } = openModel(new FileSource(path.join(KERAS, 'tfjs/model.json')));
    const quantised = convolutions!.find(({ name }) => name === 'conv2')!.weight!;
    const manifest = JSON.parse(readFileSync(path.join(KERAS, 'tfjs/model.json'), 'utf8')) as Model;
    const { scale, min } = manifest.weightsManifest[1]!.weights.find(({ name }) => name === 'conv2/kernel')!
      .quantization as { scale: number; min: number };
    const bytes = readFileSync(path.join(KERAS, 'tfjs/group2-shard1of1.bin'));
    const stored = bytes.subarray(bytes.length - 60);
    // The view is C_out × C_in × kernel; the file is kernel × C_in × C_out.
    const values = quantised.values();
    for (let tap = 0; tap < 3; tap++)
      for (let input = 0; input < 4; input++)
        for (let output = 0; output < 5; output++)
          expect(values[(output * 4 + input) * 3 + tap]).toBeCloseTo(
            stored[(tap * 4 + input) * 5 + output]! * scale + min,
            5,
          );
    expect(parts!.map((part) => path.basename(part.path))).toEqual([
      'group1-shard1of2.bin',
      'group1-shard2of2.bin',
      'group2-shard1of1.bin',
    ]);
  });

  test.each<[string, (model: Model, folder: string) => void, string]>([
    [
      'a shard is missing',
      (_model, folder) => rmSync(path.join(folder, 'group1-shard2of2.bin')),
      'external-data-missing',
    ],
    [
      'a shard is too short',
      (_model, folder) => truncateSync(path.join(folder, 'group1-shard2of2.bin'), 5),
      'external-data-short',
    ],
    [
      'a shape of 10^15 elements',
      (model) => (model.weightsManifest[0]!.weights[0]!.shape = [1e8, 1e7]),
      'external-data-short',
    ],
    [
      'a shape beyond any number',
      (model) => (model.weightsManifest[0]!.weights[0]!.shape = new Array<number>(40).fill(9e15)),
      'external-data-short',
    ],
    ['a negative shape', (model) => (model.weightsManifest[0]!.weights[0]!.shape = [-1]), 'malformed'],
    ['an unknown type', (model) => (model.weightsManifest[0]!.weights[0]!.dtype = 'float8'), 'malformed'],
    ['no paths', (model) => (model.weightsManifest[0]!.paths = []), 'malformed'],
    ['no manifest to speak of', (model) => Object.assign(model, { weightsManifest: 3 }), 'malformed'],
    [
      'strings that run past the end',
      (model) => (model.weightsManifest[0]!.weights[0]!.dtype = 'string'),
      'malformed',
    ],
  ])('%s', (_what, change, reason) => {
    const file = copy(change);
    expect(reasonOf(() => openModel(new FileSource(file)))).toBe(reason);
  });

  test.each([
    '../outside.bin',
    '/etc/passwd',
    'a/../../outside.bin',
    'C:\\outside.bin',
    '..\\outside.bin',
    'link.bin',
  ])('weights at %s are not read', async (name) => {
    writeFileSync(path.join(root, 'outside.bin'), Buffer.alloc(4096));
    const file = copy((model, folder) => {
      symlinkSync('../outside.bin', path.join(folder, 'link.bin'));
      model.weightsManifest[0]!.paths = [name];
    });
    const checkpoint = openModel(new FileSource(file));
    expect(checkpoint.findings.map(({ id, level }) => [id, level])).toEqual([
      ['external-data-escape', 'error'],
    ]);
    expect(checkpoint.tensors.map(({ name: tensor }) => tensor)).toEqual(['conv1/kernel', 'conv2/kernel']);
    const { layers } = await scoresOf(checkpoint);
    expect(layers.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
  });

  test('a scale that restores nothing, and kernels of layers that are not read, are said to be skipped', async () => {
    const file = copy((model) => {
      const [, group] = model.weightsManifest;
      group!.weights[1]!.quantization = { dtype: 'uint8', scale: 0, min: 0 };
      const text = JSON.stringify(model.modelTopology).replace('"class_name": "Conv1D"', '');
      model.modelTopology = JSON.parse(text.replace('"Conv1D"', '"MyBlock"'));
    });
    const { layers } = await scoresOf(openModel(new FileSource(file)));
    const found = Object.fromEntries(
      layers.map(({ name, status, reason }) => [name, `${status}: ${reason ?? ''}`]),
    );
    expect(found['conv2']).toMatch(/^skipped: .*quantised without a usable scale/);
    expect(found['conv1/kernel']).toMatch(/^skipped: .*belong to a layer that Scour does not read/);
  });

  test('cannot be pruned in place, and says what to do', async () => {
    const checkpoint = openModel(new FileSource(path.join(KERAS, 'tfjs/model.json')));
    const edits = checkpointEdits(checkpointLayers(checkpoint), new Map([['conv1', [0]]]));
    expect(() => [...checkpoint.edited(edits, {})]).toThrow(/export it to ONNX/);
    await Promise.resolve();
  });

  test('nesting and cycles in the topology', () => {
    const folder = path.join(root, 'deep');
    cpSync(path.join(KERAS, 'tfjs'), folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'model.json'),
      `{"weightsManifest": [], "a": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
    );
    expect(reasonOf(() => openModel(new FileSource(path.join(folder, 'model.json'))))).toBe('malformed');
    const inbound = (from: string) => [[[from, 0, 0, {}]]];
    const file = copy((model) => {
      const layers = [
        { class_name: 'ReLU', name: 'a', config: {}, inbound_nodes: inbound('b') },
        { class_name: 'ReLU', name: 'b', config: {}, inbound_nodes: inbound('a') },
      ];
      model.modelTopology = { model_config: { class_name: 'Functional', config: { layers } } };
    });
    expect(openModel(new FileSource(file)).findings.map(({ id }) => id)).toEqual([
      'keras-config-cyclic-graph',
    ]);
  });
});
