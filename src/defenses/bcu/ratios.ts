import { UsageError } from '../../protocol/errors';
import { redrawnShareOf } from '../../protocol/ratio-editing';
import { checkedRatio, parseRatioFile } from '../../protocol/ratio-file';
import { count } from '../../protocol/wording';
import type { Stage } from './stages';

/** Share of each layer's weights that is re-drawn, by layer name; 0 … 1. */
export type Ratios = ReadonlyMap<string, number>;

/** METHODS.md §2: 0.01 in the stem, then three times as much a stage, up to 0.27; 0.10 in the classifier. */
const SHALLOWEST = 0.01;
const DEEPEST = 0.27;
const CLASSIFIER = 0.1;

/** The paper's increasing schedule (CVPR 2023, §4.1), stretched over as many stages as the network has: one ratio a stage. */
export function defaultStageRatios(stages: readonly Stage[]): number[] {
  const inner = stages.filter(({ name }) => name !== 'stem' && name !== 'classifier').length;
  return stages.map(({ name }, i) => {
    if (name === 'stem') return SHALLOWEST;
    if (name === 'classifier') return CLASSIFIER;
    const first = stages[0]?.name === 'stem' ? 1 : 0;
    const depth = inner === 1 ? 0.5 : (i - first) / (inner - 1);
    return Number((SHALLOWEST * (DEEPEST / SHALLOWEST) ** depth).toPrecision(3));
  });
}

/** One ratio a stage, as given with --ratios. Throws UsageError `bad-value` for a wrong count or a ratio outside 0 … 1. */
export function ratiosByStage(stages: readonly Stage[], ratios: readonly number[]): Ratios {
  if (ratios.length !== stages.length) {
    const names = stages.map(({ name }) => name).join(', ');
    throw new UsageError(
      'bad-value',
      `--ratios takes ${count(stages.length, 'value')} for this model (${names}), not ${ratios.length}.`,
    );
  }
  return new Map(
    stages.flatMap(({ name, layers }, i) => {
      const ratio = checkedRatio(ratios[i], name);
      return layers.map((layer) => [layer.name, ratio] as const);
    }),
  );
}

/**
 * Ratios by layer, from the content of a JSON file: an object of layer names and numbers. Layers that it does not name
 * keep the default. Throws UsageError `bad-value` for anything else, naming what is wrong.
 */
export function ratiosByLayer(stages: readonly Stage[], json: string, file: string): Ratios {
  const defaults = ratiosByStage(stages, defaultStageRatios(stages));
  const names = [...defaults.keys()];
  const ratios = parseRatioFile(json, file, names, [...defaults.values()]);
  return new Map(names.map((name, i) => [name, ratios[i]!]));
}

/** One ratio a layer, stage after stage; 0 for a layer that is not named. */
export function ratioList(stages: readonly Stage[], ratios: Ratios): number[] {
  return stages.flatMap(({ layers }) => layers.map(({ name }) => ratios.get(name) ?? 0));
}

/** The reverse of `ratioList`. Throws UsageError `bad-value` where the count is wrong. */
export function ratiosFromList(stages: readonly Stage[], list: readonly number[]): Ratios {
  const names = stages.flatMap(({ layers }) => layers.map(({ name }) => name));
  if (names.length !== list.length)
    throw new UsageError(
      'bad-value',
      `The model has ${count(names.length, 'layer')} to re-draw, but ${count(list.length, 'ratio')} were given: it may have changed meanwhile.`,
    );
  return new Map(names.map((name, i) => [name, checkedRatio(list[i], name)]));
}

/** Expected share of the layers' weights that is re-drawn, 0 … 1. */
export function redrawnShare(stages: readonly Stage[], ratios: Ratios): number {
  const layers = stages.flatMap((stage) => stage.layers);
  return redrawnShareOf(
    layers.map(({ elements }) => elements),
    layers.map(({ name }) => ratios.get(name) ?? 0),
  );
}
