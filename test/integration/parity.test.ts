import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareModels } from '../../src/engine/jobs/preview';
import { pruneModel } from '../../src/engine/jobs/prune';
import type { Layer } from '../../src/protocol/scan';
import { outliersAt } from '../../src/protocol/threshold';
import { inTemporaryFolder, quiet, scan } from '../support/jobs';
import { HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

interface ClpReference {
  u: number;
  layers: {
    conv: string;
    norm: string;
    mean: number;
    std: number;
    threshold: number;
    uclc: number[];
    outliers: number[];
  }[];
}
interface EvalReference {
  pruned: Record<string, { channels: number; agreement: number }>;
}

const reference = (name: string): unknown =>
  JSON.parse(readFileSync(path.join(SHARED, 'models', name), 'utf8'));
const closeTo = (value: number, wanted: number, tolerance: number): boolean =>
  Math.abs(value - wanted) <= tolerance * Math.abs(wanted);

/** PyTorch in float64, ../shared/README.md. */
describe.skipIf(!HAS_SHARED)(`UCLC equals the PyTorch reference${NEEDS_SHARED}`, () => {
  it.each(['badnets', 'clean', 'badnets.folded'])('%s', async (name) => {
    const { u, layers } = reference(`${name}.clp.json`) as ClpReference;
    const report = await scan(path.join(SHARED, 'models', `${name}.onnx`), { u });
    expect(report.layers.length).toBe(layers.length);
    layers.forEach((wanted, i) => {
      // The folded file has other names; its layers are in the same order (../shared/models/badnets.folded.clp.json).
      const byName = report.layers.find(({ weight }) => weight === `${wanted.conv}.weight`);
      const layer: Layer = name.includes('folded') ? report.layers[i]! : byName!;
      expect(layer.norm === null).toBe(name.includes('folded'));
      layer.uclc.forEach((value, k) => expect(closeTo(value!, wanted.uclc[k]!, 1e-4)).toBe(true));
      expect(closeTo(layer.mean!, wanted.mean, 1e-5) && closeTo(layer.std!, wanted.std, 1e-5)).toBe(true);
      expect(closeTo(layer.threshold!, wanted.threshold, 1e-5)).toBe(true);
      expect(layer.outliers.map(({ channel }) => channel)).toEqual(wanted.outliers);
      expect(outliersAt(layer, u)).toEqual(layer.outliers);
    });
  });
});

describe.skipIf(!HAS_SHARED)(
  `a pruned model agrees with the original as often as PyTorch's${NEEDS_SHARED}`,
  () => {
    const cases = ['badnets', 'clean'].flatMap((name) => ['2', '3', '4'].map((u) => [name, u] as const));
    it.each(cases)('%s at u = %s', { timeout: 300_000 }, async (name, u) => {
      const wanted = (reference(`${name}.eval.json`) as EvalReference).pruned[u]!;
      const input = path.join(SHARED, 'models', `${name}.onnx`);
      await inTemporaryFolder(async (folder) => {
        const output = path.join(folder, 'pruned.onnx');
        const report = await pruneModel(input, { u: Number(u), output, force: false }, quiet());
        expect(report.channels).toBe(wanted.channels);
        const preprocessing = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] };
        const images = path.join(SHARED, 'data/cifar10/test');
        const run = { device: 'cpu', threads: 2 } as const;
        const { agreement, n, skipped } = await compareModels(
          { path: input, images, preprocessing, limit: 5000 },
          output,
          run,
          quiet(),
        );
        expect({ n, skipped }).toEqual({ n: 5000, skipped: [] });
        expect(Math.abs(agreement - wanted.agreement)).toBeLessThanOrEqual(0.1);
      });
    });
  },
);

describe.skipIf(!HAS_SHARED)(`every file of ../shared/golden is scanned${NEEDS_SHARED}`, () => {
  it.each([
    'convnext',
    'densenet',
    'efficientnet',
    'mobilenet_v2',
    'mobilenet_v3_large',
    'resnet18',
    'shufflenet_v2',
    'squeezenet',
    'vgg_bn',
  ])('%s', async (name) => {
    const report = await scan(path.join(SHARED, 'golden', `${name}.onnx`));
    expect(report.summary.skipped).toBe(0);
    expect(report.layers.length).toBe(report.model.operators!.find(([operator]) => operator === 'Conv')![1]);
    // Where a family normalises after each convolution, all are paired; elsewhere the rest says why it is scored alone.
    const norms = report.model.operators!.find(([operator]) => operator === 'BatchNormalization')?.[1] ?? 0;
    const paired = new Set(report.layers.flatMap(({ norm }) => (norm === null ? [] : [norm])));
    expect(paired.size).toBeLessThanOrEqual(norms);
    for (const layer of report.layers)
      if (layer.norm === null) expect(layer.reason).toContain('weight alone');
    expect(layersWithNaN(report.layers)).toEqual([]);
  });

  it('vit has only its patch embedding to score', async () => {
    const report = await scan(path.join(SHARED, 'golden/vit.onnx'));
    expect(report.summary).toMatchObject({ layers: 1, scored: 1 });
  });
});

function layersWithNaN(layers: readonly Layer[]): string[] {
  return layers.filter(({ uclc }) => uclc.includes(null)).map(({ name }) => name);
}
