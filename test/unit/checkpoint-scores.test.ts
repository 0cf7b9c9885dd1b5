import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkpointLayers } from '../../src/defenses/clp/checkpoint-layers';
import { checkpointEdits } from '../../src/defenses/clp/prune-checkpoint';
import { scoreLayers, type Scores } from '../../src/defenses/clp/score';
import type { Checkpoint } from '../../src/model/checkpoint';
import { openPyTorch } from '../../src/model/pytorch/open';
import { FileSource } from '../../src/model/source';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';
import { openBytes } from '../support/seeds';
import { checksumFindings } from '../support/verify';

const MODELS = path.join(SHARED, 'models');
const FORMATS = path.join(MODELS, 'formats');
const FILES = HAS_SHARED
  ? readdirSync(FORMATS).filter((name) => /\.(pth|pt|ckpt|tar|safetensors)$/.test(name))
  : [];
/** Element types of less than 24 bits of precision change the weights themselves. */
const ROUNDED: Readonly<Record<string, number>> = { 'bfloat16.pth': 2e-2, 'half.pth': 2e-3 };

function open(file: string): Checkpoint {
  const source = new FileSource(file);
  return file.endsWith('.pth') ? openPyTorch(source) : openBytes(file, source.read(0, source.size));
}

async function scores(checkpoint: Checkpoint, u = 3): Promise<Scores> {
  return await scoreLayers(
    checkpointLayers(checkpoint).map(({ layer }) => layer),
    u,
    () => Promise.resolve(),
  );
}

interface Reference {
  readonly layers: readonly {
    readonly conv: string;
    readonly norm: string;
    readonly uclc: readonly number[];
    readonly outliers: readonly number[];
  }[];
}

describe.skipIf(!HAS_SHARED)(`scores of checkpoints${NEEDS_SHARED}`, () => {
  const reference = () =>
    JSON.parse(readFileSync(path.join(MODELS, 'badnets.clp.json'), 'utf8')) as Reference;

  test('badnets.pth has the UCLC and outliers of the reference', async () => {
    const { layers, findings } = await scores(open(path.join(MODELS, 'badnets.pth')));
    const expected = reference().layers;
    expect(layers.map(({ name, norm }) => [name, norm])).toEqual(
      expected.map(({ conv, norm }) => [conv, norm]),
    );
    expect(layers.map(({ outliers }) => outliers.map(({ channel }) => channel))).toEqual(
      expected.map(({ outliers }) => outliers),
    );
    layers.forEach(({ uclc }, i) => {
      uclc.forEach((value, k) => {
        expect(Math.abs(value! / expected[i]!.uclc[k]! - 1)).toBeLessThan(1e-4);
      });
    });
    expect(findings).toEqual([]);
  });

  test('badnets.pth pruned at u = 3 differs in γ and β of the reference outliers and in nothing else', async () => {
    const original = open(path.join(MODELS, 'badnets.pth'));
    const { layers } = await scores(original);
    const selection = new Map(
      layers.map(({ name, outliers }) => [name, outliers.map(({ channel }) => channel)]),
    );
    const edits = checkpointEdits(checkpointLayers(original), selection);
    const bytesOfPruned = Buffer.concat([...original.edited(edits, {})]);
    const pruned = openBytes('pruned.pth', bytesOfPruned);
    const expected = new Map(original.tensors.map((tensor) => [tensor.name, tensor.values().slice()]));
    for (const { norm, outliers } of reference().layers) {
      for (const channel of outliers) {
        expected.get(`${norm}.weight`)![channel] = 0;
        expected.get(`${norm}.bias`)![channel] = 0;
      }
    }
    const bytes = (values: Float32Array | Float64Array) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const differing = pruned.tensors.filter(
      (tensor) => !bytes(tensor.values().slice()).equals(bytes(expected.get(tensor.name)!)),
    );
    expect(differing.map(({ name }) => name)).toEqual([]);
    expect(pruned.tensors.map(({ name }) => name)).toEqual([...expected.keys()]);
    expect(checksumFindings(pruned, bytesOfPruned)).toEqual([]);
  });

  test.each(FILES)('%s has the UCLC of the state dict', async (name) => {
    const truth = await scores(open(path.join(FORMATS, 'state_dict.pth')));
    const found = await scores(open(path.join(FORMATS, name)));
    expect(found.layers.map((layer) => [layer.weight, layer.norm])).toEqual(
      truth.layers.map((layer) => [layer.weight, layer.norm]),
    );
    found.layers.forEach((layer, i) => {
      layer.uclc.forEach((value, k) => {
        const expected = truth.layers[i]!.uclc[k]!;
        expect(Math.abs(value! - expected) / expected).toBeLessThan(ROUNDED[name] ?? 1e-6);
      });
    });
  });
});
