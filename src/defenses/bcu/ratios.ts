import { UsageError } from '../../protocol/errors';
import { count, listShort, visible } from '../../protocol/wording';
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
      const ratio = checked(ratios[i], name);
      return layers.map((layer) => [layer.name, ratio] as const);
    }),
  );
}

/**
 * Ratios by layer, from the content of a JSON file: an object of layer names and numbers. Layers that it does not name
 * keep the default. Throws UsageError `bad-value` for anything else, naming what is wrong.
 */
export function ratiosByLayer(stages: readonly Stage[], json: string, file: string): Ratios {
  const where = visible(file, 120);
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (cause) {
    throw new UsageError('bad-value', `${where} is not JSON.`, { cause });
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new UsageError('bad-value', `${where} must hold an object: {"layer name": ratio, …}.`);
  const ratios = new Map(ratiosByStage(stages, defaultStageRatios(stages)));
  const unknown = Object.keys(given).filter((name) => !ratios.has(name));
  if (unknown.length > 0) {
    const listed = (names: Iterable<string>): string =>
      listShort(
        Array.from(names, (name) => `'${visible(name, 60)}'`),
        6,
      );
    throw new UsageError(
      'bad-value',
      `${where} names layers that the model does not have: ${listed(unknown)}. It has ${listed(ratios.keys())}.`,
    );
  }
  for (const [name, ratio] of Object.entries(given)) ratios.set(name, checked(ratio, name));
  return ratios;
}

/** Expected share of the layers' weights that is re-drawn, 0 … 1. */
export function redrawnShare(stages: readonly Stage[], ratios: Ratios): number {
  const layers = stages.flatMap((stage) => stage.layers);
  const total = layers.reduce((sum, { elements }) => sum + elements, 0);
  const redrawn = layers.reduce((sum, { name, elements }) => sum + elements * (ratios.get(name) ?? 0), 0);
  return total === 0 ? 0 : redrawn / total;
}

function checked(ratio: unknown, what: string): number {
  if (typeof ratio === 'number' && ratio >= 0 && ratio <= 1) return ratio;
  const shown = visible(JSON.stringify(ratio ?? null), 40);
  throw new UsageError(
    'bad-value',
    `The ratio of ${visible(what, 80)} must be a number from 0 to 1, not ${shown}.`,
  );
}
