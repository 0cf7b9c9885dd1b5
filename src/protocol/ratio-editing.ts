/**
 * Edits of re-initialisation ratios (BCU, CVPR 2023, §3.2): one ratio a layer, 0 … 1, in the order of the layers. The
 * share re-drawn is weighted by the layers' numbers of weights, and can be held while rows move.
 */
export type LayerRatios = readonly number[];

/** Expected share of all weights that is re-drawn, 0 … 1. `weights` holds the number of weights of each layer. */
export function redrawnShareOf(weights: readonly number[], ratios: LayerRatios): number {
  const total = sum(weights);
  return total === 0 ? 0 : amountOf(weights, ratios) / total;
}

export interface RatioEdit {
  readonly ratios: LayerRatios;
  /** Set where the asked ratio would have broken the held share: the nearest one that does not. */
  readonly limitedTo: number | null;
}

/** Sets layers (by their places) to one ratio, and leaves the others as they are. */
export function withRatio(ratios: LayerRatios, places: readonly number[], ratio: number): LayerRatios {
  const chosen = new Set(places);
  return ratios.map((before, at) => (chosen.has(at) ? within(ratio) : before));
}

/**
 * Sets layers to one ratio and holds the share re-drawn: the other layers grow or shrink in proportion, none beyond 0 or
 * 1. Where they cannot make up for it, the ratio goes as far as they can.
 */
export function withRatioHeld(
  weights: readonly number[],
  ratios: LayerRatios,
  places: readonly number[],
  ratio: number,
): RatioEdit {
  const chosen = new Set(places);
  const others = ratios.map((_, at) => at).filter((at) => !chosen.has(at));
  const own = sum(places.map((at) => weights[at]!));
  const amount = amountOf(weights, ratios);
  if (own === 0) return { ratios: withRatio(ratios, places, ratio), limitedTo: null };
  const room = sum(others.map((at) => weights[at]!));
  const asked = within(ratio);
  // The others can hold between nothing and all of their weights.
  const possible = Math.min(Math.max(asked, (amount - room) / own), amount / own);
  const rest = scaledTo(weights, ratios, others, amount - possible * own);
  const limited = Math.abs(possible - asked) > 1e-9;
  return {
    ratios: ratios.map((_, at) => (chosen.has(at) ? within(possible) : rest.get(at)!)),
    limitedTo: limited ? within(possible) : null,
  };
}

/** Scales all ratios in proportion, none beyond 1, so that `share` (0 … 1) of all weights is re-drawn. */
export function scaledToShare(weights: readonly number[], ratios: LayerRatios, share: number): LayerRatios {
  const all = ratios.map((_, at) => at);
  const scaled = scaledTo(weights, ratios, all, within(share) * sum(weights));
  return all.map((at) => scaled.get(at)!);
}

/**
 * Ratios of some layers, scaled in proportion until `amount` weights of theirs are re-drawn. A layer stops at 1 and the
 * others go on; once all that had a ratio are full, those at 0 take what is left, evenly.
 */
function scaledTo(
  weights: readonly number[],
  ratios: LayerRatios,
  places: readonly number[],
  amount: number,
): Map<number, number> {
  const result = new Map(places.map((at) => [at, 0]));
  let left = Math.max(0, amount);
  const fill = (open: readonly number[], claim: (at: number) => number): void => {
    let growing = open.filter((at) => weights[at]! > 0);
    while (growing.length > 0) {
      const factor = left / sum(growing.map((at) => weights[at]! * claim(at)));
      const full = growing.filter((at) => factor * claim(at) >= 1);
      for (const at of full) {
        result.set(at, 1);
        left = Math.max(0, left - weights[at]!);
      }
      if (full.length === 0) {
        for (const at of growing) result.set(at, within(factor * claim(at)));
        left = 0;
      }
      growing = full.length === 0 ? [] : growing.filter((at) => !full.includes(at));
    }
  };
  fill(
    places.filter((at) => ratios[at]! > 0),
    (at) => ratios[at]!,
  );
  // What is left by rounding alone moves nothing.
  if (left > 1e-9 * Math.max(1, amount))
    fill(
      places.filter((at) => ratios[at] === 0),
      () => 1,
    );
  return result;
}

function amountOf(weights: readonly number[], ratios: LayerRatios): number {
  return weights.reduce((total, count, at) => total + count * (ratios[at] ?? 0), 0);
}

function within(ratio: number): number {
  return Math.min(Math.max(ratio, 0), 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
