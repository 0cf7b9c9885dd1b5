import { UsageError } from './errors';
import type { LayerRatios } from './ratio-editing';
import { listShort, visible } from './wording';

/**
 * Ratios by layer from the content of a JSON file: an object of layer names and numbers. Layers that it does not name
 * keep their default. `names` and `defaults` hold one entry a layer, and so does the result.
 * Throws UsageError `bad-value` for anything else, naming what is wrong.
 */
export function parseRatioFile(
  json: string,
  file: string,
  names: readonly string[],
  defaults: LayerRatios,
): LayerRatios {
  const where = visible(file, 120);
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (cause) {
    throw new UsageError('bad-value', `${where} is not JSON.`, { cause });
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new UsageError('bad-value', `${where} must hold an object: {"layer name": ratio, …}.`);
  const byName = new Map<string, unknown>(Object.entries(given));
  const known = new Set(names);
  const unknown = [...byName.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new UsageError(
      'bad-value',
      `${where} names layers that the model does not have: ${quoted(unknown)}. It has ${quoted(names)}.`,
    );
  }
  return names.map((name, at) =>
    byName.has(name) ? checkedRatio(byName.get(name), name) : (defaults[at] ?? 0),
  );
}

/** The file that `parseRatioFile`, and `scour cleanse --ratios`, read back. */
export function ratioFile(names: readonly string[], ratios: LayerRatios): string {
  const byName = Object.fromEntries(names.map((name, at) => [name, ratios[at] ?? 0]));
  return `${JSON.stringify(byName, null, 2)}\n`;
}

/** A ratio that was given for something: a number from 0 to 1. Throws UsageError `bad-value`. */
export function checkedRatio(ratio: unknown, what: string): number {
  if (typeof ratio === 'number' && ratio >= 0 && ratio <= 1) return ratio;
  const shown = visible(JSON.stringify(ratio ?? null), 40);
  throw new UsageError(
    'bad-value',
    `The ratio of ${visible(what, 80)} must be a number from 0 to 1, not ${shown}.`,
  );
}

function quoted(names: readonly string[]): string {
  return listShort(
    names.map((name) => `'${visible(name, 60)}'`),
    6,
  );
}
