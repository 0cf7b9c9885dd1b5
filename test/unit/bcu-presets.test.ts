import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetNamed, presetsOf, type Preset } from '../../src/defenses/bcu/presets';
import { redrawnShare, ratiosFromList, ratioList } from '../../src/defenses/bcu/ratios';
import { stagesOf, type Stage } from '../../src/defenses/bcu/stages';
import { unstudied } from '../../src/defenses/bcu/studied';
import { describeCleansing } from '../../src/engine/jobs/describe-cleansing';
import { openOnnx } from '../../src/model/onnx/open';
import { outliersAt } from '../../src/protocol/threshold';
import { quiet, scan } from '../support/jobs';
import { HAS_SHARED, NEEDS_SHARED, ROOT, SHARED } from '../support/paths';

const MODEL = path.join(ROOT, 'samples/badnets.onnx');

function using<T>(file: string, use: (stages: Stage[], open: ReturnType<typeof openOnnx>) => T): T {
  const open = openOnnx(file);
  try {
    return use(stagesOf(open), open);
  } finally {
    open.close();
  }
}

/** The ratios that occur in each stage. */
const byStage = (stages: readonly Stage[], { ratios }: Preset): number[][] =>
  stages.map(({ layers }) => [...new Set(layers.map(({ name }) => ratios.get(name)!))]);

describe('presets of the sample, a CIFAR ResNet-18', () => {
  const stages = using(MODEL, (all) => all);
  const layer = stages[2]!.layers[1]!.name;
  const presets = presetsOf(stages, new Map([[layer, 0.05]]));
  const preset = (id: string): Preset => presetNamed(presets, id);
  const total = redrawnShare(stages, preset('increasing').ratios);

  it('hold what the paper studies, each named once', () => {
    const ids = presets.map(({ id }) => id);
    expect(ids).toEqual([
      'increasing',
      'uniform',
      'decreasing',
      ...['stem', 'stage 1', 'stage 2', 'stage 3', 'stage 4', 'classifier'].map((name) => `single:${name}`),
      'from-scan',
      'clp+bcu',
    ]);
    expect(() => preset('best')).toThrow("'best' is no preset for this model; it has increasing, uniform");
  });

  it('re-draw as much as the paper’s, in other places', () => {
    expect(byStage(stages, preset('increasing'))).toEqual([[0.01], [0.01], [0.03], [0.09], [0.27], [0.1]]);
    expect(byStage(stages, preset('decreasing'))).toEqual([[0.27], [0.09], [0.03], [0.01], [0.01], [0.1]]);
    expect(byStage(stages, preset('uniform'))).toEqual(Array(6).fill([Number(total.toPrecision(3))]));
    for (const id of ['uniform', 'from-scan', 'single:stage 4'])
      expect(redrawnShare(stages, preset(id).ratios), id).toBeCloseTo(total, 2);
    const [stem, ...others] = byStage(stages, preset('single:stem'));
    expect([stem, ...others]).toEqual([[0.9], [0], [0], [0], [0], [0]]);
  });

  it('re-draw more where the scan found outliers, or evenly where it found none', () => {
    const { ratios } = preset('from-scan');
    const others = [...ratios].filter(([name]) => name !== layer).map(([, ratio]) => ratio);
    expect(new Set(others).size).toBe(1);
    expect(ratios.get(layer)! / others[0]!).toBeGreaterThan(4);
    const none = presetsOf(stages, new Map([[layer, 0]]));
    expect(presetNamed(none, 'from-scan').ratios).toEqual(presetNamed(none, 'uniform').ratios);
  });

  it('prune first in CLP + BCU alone', () => {
    expect(presets.filter(({ clpU }) => clpU !== null).map(({ id, clpU }) => [id, clpU])).toEqual([
      ['clp+bcu', 2],
    ]);
    expect(preset('clp+bcu').ratios).toEqual(preset('increasing').ratios);
  });

  it('pass through a list of one ratio a layer', () => {
    const { ratios } = preset('from-scan');
    expect(ratiosFromList(stages, ratioList(stages, ratios))).toEqual(ratios);
    expect(() => ratiosFromList(stages, [0.1])).toThrow('21 layers to re-draw, but 1 ratio');
  });
});

describe('description of a model for cleansing', () => {
  it('names stages, layers and what the scan says of them', async () => {
    const description = await describeCleansing(MODEL, quiet());
    const report = await scan(MODEL);
    expect(description).toMatchObject({ studied: true, notes: [] });
    const layers = description.stages.flatMap((stage) => stage.layers);
    expect(layers).toHaveLength(21);
    const found = layers.flatMap(({ name, scan: statistics }) =>
      statistics === null ? [] : outliersAt(statistics, 3).map(({ channel }) => `${name} ${channel}`),
    );
    const expected = report.layers.flatMap(({ name, outliers }) =>
      outliers.map(({ channel }) => `${name} ${channel}`),
    );
    expect(found.sort()).toEqual(expected.sort());
    expect(layers.at(-1)).toMatchObject({ kind: 'linear', scan: null });
    for (const { ratios } of description.presets) expect(ratios).toHaveLength(21);
  });

  it.skipIf(!HAS_SHARED)(
    `exists for every architecture, and says what the paper did not study${NEEDS_SHARED}`,
    () => {
      const folder = path.join(SHARED, 'golden');
      const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
      const notes = files.map((name) =>
        using(path.join(folder, name), (stages, open) => {
          for (const { id, ratios } of presetsOf(stages, new Map()))
            for (const [layer, ratio] of ratios)
              expect(ratio >= 0 && ratio <= 0.9, `${name} ${id} ${layer} ${ratio}`).toBe(true);
          return [name, unstudied(open).length] as const;
        }),
      );
      expect(notes.filter(([, count]) => count > 0).map(([name]) => name)).toEqual([
        'convnext.onnx',
        'squeezenet.onnx',
        'vit.onnx',
      ]);
    },
  );
});
