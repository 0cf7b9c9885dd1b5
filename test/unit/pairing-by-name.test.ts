import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { onnxLayers } from '../../src/defenses/clp/onnx-layers';
import { pairByName } from '../../src/defenses/clp/pairing-by-name';
import type { NamedShape } from '../../src/defenses/clp/parameter-groups';
import { openOnnx } from '../../src/model/onnx/open';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

const GOLDEN = path.join(SHARED, 'golden');
const NETS = HAS_SHARED ? readdirSync(GOLDEN).filter((name) => name.endsWith('.onnx')) : [];

function sorted(tensors: readonly NamedShape[]): NamedShape[] {
  return [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `conv1 8 3` is a 3 × 3 convolution from 3 to 8 channels, `bn1 8` a batch norm; in the order of definition. */
function net(...modules: string[]): NamedShape[] {
  return modules.flatMap((text) => {
    const [name, channels, inputs] = text.split(' ') as [string, string, string | undefined];
    if (inputs !== undefined)
      return [{ name: `${name}.weight`, dims: [Number(channels), Number(inputs), 3, 3] }];
    return ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) => ({
      name: `${name}.${leaf}`,
      dims: [Number(channels)],
    }));
  });
}

/** `conv1 → bn1 (high)`. */
function shown(tensors: readonly NamedShape[]): string[] {
  return pairByName(tensors).map(
    ({ convolution, norm, confidence }) =>
      `${convolution.module} → ${norm?.module ?? 'none'} (${confidence})`,
  );
}

describe.skipIf(!HAS_SHARED)(`names agree with the data flow of ten families${NEEDS_SHARED}`, () => {
  test.each(NETS)('%s, in order of definition and sorted by name', (name) => {
    const file = openOnnx(path.join(GOLDEN, name));
    const truth = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon: false }).map(
      ({ target }) => {
        const gamma = target?.pairing?.kind === 'batch-norm' ? target.pairing.node.inputs[1] : null;
        return [target?.weight.tensor.name, gamma] as const;
      },
    );
    expect(truth.length).toBeGreaterThan(0);
    const tensors: NamedShape[] = [...file.model.graph.initializers.values()];
    for (const list of [tensors, sorted(tensors)]) {
      const found = pairByName(list).map(
        ({ convolution, norm }) => [convolution.weight.name, norm?.weight?.name ?? null] as const,
      );
      expect(new Map(found)).toEqual(new Map(truth));
    }
    file.close();
  });
});

describe('a pre-activation block', () => {
  const blocks = net(
    ...['conv1 64 3', 'layer1.0.bn1 64', 'layer1.0.conv1 64 64', 'layer1.0.bn2 64', 'layer1.0.conv2 64 64'],
    ...['layer2.0.bn1 64', 'layer2.0.conv1 128 64', 'layer2.0.bn2 128', 'layer2.0.conv2 128 128'],
    'layer2.0.shortcut.0 128 64',
  );
  const pairs = (tensors: readonly NamedShape[]) =>
    Object.fromEntries(
      pairByName(tensors).map(({ convolution, norm }) => [convolution.module, norm?.module ?? null]),
    );
  const truth = {
    conv1: null,
    'layer1.0.conv1': 'layer1.0.bn2',
    'layer1.0.conv2': null,
    'layer2.0.conv1': 'layer2.0.bn2',
    'layer2.0.conv2': null,
    'layer2.0.shortcut.0': null,
  };

  test('in order of definition: the norm after the convolution, never the one before', () => {
    expect(pairs(blocks)).toEqual(truth);
  });

  test('sorted by name: the block that changes its width shows it', () => {
    expect(pairs(sorted(blocks))).toEqual(truth);
  });
});

test('convolutions defined before their batch norms are paired by number, with less confidence', () => {
  expect(shown(net('a.conv1 8 3', 'a.conv2 8 8', 'a.bn1 8', 'a.bn2 8'))).toEqual([
    'a.conv1 → a.bn1 (medium)',
    'a.conv2 → a.bn2 (medium)',
  ]);
});

test('in a Sequential, what lies between lowers the confidence', () => {
  expect(shown(net('f.0 8 3', 'f.1 8', 'f.3 8 8', 'f.5 8', 'f.6 8 8', 'f.7 16'))).toEqual([
    'f.0 → f.1 (high)',
    'f.3 → f.5 (medium)',
    'f.6 → none (medium)',
  ]);
});

describe('a batch norm within the convolution’s own module', () => {
  test('is its own, surely where a module that changes its channels shows that the norm has those of its output', () => {
    const detectron = net(
      ...['stem.conv1 8 3', 'stem.conv1.norm 8', 'res2.0.conv1 8 8', 'res2.0.conv1.norm 8'],
      ...['res2.0.conv3 16 8', 'res2.0.conv3.norm 16', 'res2.0.shortcut 16 8', 'res2.0.shortcut.norm 16'],
      'fpn 4 16',
    );
    const truth = [
      'stem.conv1 → stem.conv1.norm (high)',
      'res2.0.conv1 → res2.0.conv1.norm (high)',
      'res2.0.conv3 → res2.0.conv3.norm (high)',
      'res2.0.shortcut → res2.0.shortcut.norm (high)',
      'fpn → none (medium)',
    ];
    expect(shown(detectron)).toEqual(truth);
    expect(shown(sorted(detectron)).sort()).toEqual(truth.sort());
  });

  test('with less confidence where no module changes its channels, or each has one input a channel', () => {
    expect(shown(net('a.conv 8 8', 'a.conv.bn 8', 'b.conv 8 1', 'b.conv.bn 8'))).toEqual([
      'a.conv → a.conv.bn (medium)',
      'b.conv → b.conv.bn (medium)',
    ]);
  });

  test('comes before it where any module built alike has as many channels as its input', () => {
    expect(shown(net('a.conv 8 8', 'a.conv.bn 8', 'b.conv 16 8', 'b.conv.bn 8'))).toEqual([
      'a.conv → none (low)',
      'b.conv → none (medium)',
    ]);
  });

  test('is left alone beside a second one', () => {
    expect(shown(net('a.conv 8 3', 'a.conv.norm1 8', 'a.conv.norm2 8'))).toEqual(['a.conv → none (low)']);
  });

  test('is not taken for that of a convolution beside it', () => {
    expect(shown(net('a.conv1 8 3', 'a.conv1.bn 8', 'a.conv2 8 8', 'a.bn2 8'))).toEqual([
      'a.conv1 → a.conv1.bn (high)',
      'a.conv2 → a.bn2 (high)',
    ]);
  });
});

test('without batch norms the weight stands alone, surely', () => {
  expect(shown(net('f.0 8 3', 'f.2 8 8'))).toEqual(['f.0 → none (high)', 'f.2 → none (high)']);
});

test('embeddings and tokens are no convolutions', () => {
  const tensors = [
    { name: 'cls_token', dims: [1, 1, 8] },
    { name: 'pos_embed', dims: [1, 17, 8] },
    { name: 'patch_embed.proj.weight', dims: [8, 3, 4, 4] },
  ];
  expect(shown(tensors)).toEqual(['patch_embed.proj → none (high)']);
});
