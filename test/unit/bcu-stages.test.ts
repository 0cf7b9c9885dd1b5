import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  defaultStageRatios,
  ratiosByLayer,
  ratiosByStage,
  redrawnShare,
} from '../../src/defenses/bcu/ratios';
import { stagesOf, type Stage } from '../../src/defenses/bcu/stages';
import { openOnnx } from '../../src/model/onnx/open';
import { MemorySource } from '../../src/model/source';
import { GOLDEN } from '../support/training';
import { HAS_SHARED, NEEDS_SHARED, ROOT, SHARED } from '../support/paths';
import { smallNetBytes } from '../support/models';

function stagesIn(file: string): Stage[] {
  const open = openOnnx(file);
  try {
    return stagesOf(open);
  } finally {
    open.close();
  }
}

const weightsOf = ({ layers }: Stage): string[] => layers.map(({ weight }) => weight);

describe('stages of the sample, a CIFAR ResNet-18', () => {
  const stages = stagesIn(path.join(ROOT, 'samples/badnets.onnx'));

  it("are the paper's: stem, four stages of two blocks with their shortcuts, linear", () => {
    expect(stages.map(({ name, layers }) => [name, layers.length])).toEqual([
      ['stem', 1],
      ['stage 1', 4],
      ['stage 2', 5],
      ['stage 3', 5],
      ['stage 4', 5],
      ['classifier', 1],
    ]);
    expect(defaultStageRatios(stages)).toEqual([0.01, 0.01, 0.03, 0.09, 0.27, 0.1]);
  });

  it('re-draw 22.1 % of all weights by default', () => {
    const share = redrawnShare(stages, ratiosByStage(stages, defaultStageRatios(stages)));
    expect(share).toBeCloseTo(0.221, 3);
  });

  it('refuse a wrong number of ratios, and say how many and which', () => {
    expect(() => ratiosByStage(stages, [0.1, 0.2])).toThrow(
      '--ratios takes 6 values for this model (stem, stage 1, stage 2, stage 3, stage 4, classifier), not 2.',
    );
    expect(() => ratiosByStage(stages, [0, 0, 0, 0, 0, 1.01])).toThrow('from 0 to 1, not 1.01');
    expect(() => ratiosByStage(stages, [0, 0, 0, 0, 0, NaN])).toThrow('from 0 to 1');
  });

  it('take ratios by layer, the default where a layer is not named', () => {
    const layer = stages[4]!.layers[0]!.name;
    const ratios = ratiosByLayer(stages, JSON.stringify({ [layer]: 0.5 }), 'r.json');
    expect(ratios.get(layer)).toBe(0.5);
    expect(ratios.get(stages[4]!.layers[1]!.name)).toBe(0.27);
    expect(ratios.size).toBe(21);
    for (const bad of ['[', '[]', 'null', '{"no such\\u0000layer": 0.1}', JSON.stringify({ [layer]: '1' })])
      expect(() => ratiosByLayer(stages, bad, 'r.json'), bad).toThrow(/r\.json|from 0 to 1/);
  });
});

describe.skipIf(!HAS_SHARED)(`stages of ${GOLDEN}${NEEDS_SHARED}`, () => {
  const files = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((file) => file.endsWith('.onnx')) : [];

  for (const file of files) {
    it(`${file}: a stem, growing ratios, the classifier last`, () => {
      const stages = stagesIn(path.join(GOLDEN, file));
      const ratios = defaultStageRatios(stages);
      expect(stages[0]!.name).toBe('stem');
      expect(weightsOf(stages[0]!)).toHaveLength(1);
      expect(weightsOf(stages[0]!)[0]).toMatch(/^(features\.(0|conv0)|conv1|conv_proj)/);
      expect(weightsOf(stages.at(-1)!).at(-1)).toMatch(/^(fc|classifier|heads)/);
      const inner = ratios.slice(0, -1);
      expect(inner).toEqual([...inner].sort((a, b) => a - b));
      expect([inner[0], inner.at(-1), ratios.at(-1)]).toEqual([0.01, 0.27, 0.1]);
      expect(stages.length).toBeGreaterThanOrEqual(5);
      const all = stages.flatMap(weightsOf);
      expect(new Set(all).size).toBe(all.length);
    });
  }

  it('keep what shrinks together: a block, its shortcut, its squeeze-and-excitation', () => {
    const dense = stagesIn(path.join(GOLDEN, 'densenet.onnx'));
    for (const stage of [1, 2, 3, 4])
      expect(weightsOf(dense[stage]!).filter((name) => name.includes('denseblock'))).toEqual(
        weightsOf(dense[stage]!).filter((name) => name.includes(`denseblock${stage}.`)),
      );
    const mobile = stagesIn(path.join(GOLDEN, 'mobilenet_v3_large.onnx'));
    expect(weightsOf(mobile.at(-1)!)).toEqual(['classifier.0.weight', 'classifier.3.weight']);
    expect(weightsOf(mobile.at(-2)!)).toContain('features.13.block.2.fc1.weight');
    const vgg = stagesIn(path.join(GOLDEN, 'vgg_bn.onnx'));
    expect(weightsOf(vgg.at(-1)!)).toEqual(['classifier.0.weight', 'classifier.3.weight']);
  });

  it('are the same whether batch norm is kept or folded', () => {
    const sizes = (file: string): number[] =>
      stagesIn(path.join(SHARED, 'models', file)).map(({ layers }) => layers.length);
    expect(sizes('badnets.folded.onnx')).toEqual(sizes('badnets.onnx'));
  });
});

it('divides a net of two layers into stem and classifier', () => {
  const stages = stagesOf(openOnnx(new MemorySource('net.onnx', smallNetBytes())));
  expect(stages.map(({ name }) => name)).toEqual(['stem', 'classifier']);
  expect(defaultStageRatios(stages)).toEqual([0.01, 0.1]);
});
