import type { CleansingDescription, CleansingLayer, CleansingPreset } from '../../src/protocol/cleansing';
import type { CleansingPlan } from '../../src/protocol/cleansing-panel';
import {
  redrawnShareOf,
  scaledToShare,
  withRatio,
  withRatioHeld,
  type LayerRatios,
} from '../../src/protocol/ratio-editing';
import { DEFAULT_U, outliersAt } from '../../src/protocol/threshold';

/** What one start of a student is drawn with: the part of the plan that undo and redo go over. */
export interface Draft {
  /** One a layer, in the order of the description. */
  readonly ratios: LayerRatios;
  /** Id of the preset that the ratios are of; null where they were moved. */
  readonly preset: string | null;
  /** CLP at this u first; null without. */
  readonly clpU: number | null;
}

/** What a plan says of the start; null until the host knows the model's layers. */
export function draftOf({
  ratios,
  preset,
  clpU,
}: Pick<CleansingPlan, 'ratios' | 'preset' | 'clpU'>): Draft | null {
  return ratios === null ? null : { ratios, preset, clpU };
}

/** A layer and its place among the ratios. */
export interface PlacedLayer {
  readonly layer: CleansingLayer;
  readonly place: number;
}
export interface PlacedStage {
  readonly name: string;
  readonly layers: readonly PlacedLayer[];
}

/** The stages, with the place that each layer's ratio has. */
export function placedStages({ stages }: Pick<CleansingDescription, 'stages'>): PlacedStage[] {
  let place = 0;
  return stages.map(({ name, layers }) => ({
    name,
    layers: layers.map((layer) => ({ layer, place: place++ })),
  }));
}

/** Numbers of weights, one a layer. */
export function weightsOf({ stages }: Pick<CleansingDescription, 'stages'>): number[] {
  return stages.flatMap(({ layers }) => layers.map(({ weights }) => weights));
}

/** Channels of a layer above mean + u · std; null where the layer was not scored. `u` null: the default of CLP. */
export function outliersOf({ scan }: CleansingLayer, u: number | null): number | null {
  return scan === null ? null : outliersAt(scan, u ?? DEFAULT_U).length;
}

export interface DraftEdit {
  readonly draft: Draft;
  /** Set where a held total did not allow the asked ratio: the one that it became. */
  readonly limitedTo: number | null;
}

/** Layers set to one ratio. With `held`, the others make up for it. */
export function withLayers(
  draft: Draft,
  weights: readonly number[],
  places: readonly number[],
  ratio: number,
  held: boolean,
): DraftEdit {
  const { ratios, limitedTo } = held
    ? withRatioHeld(weights, draft.ratios, places, ratio)
    : { ratios: withRatio(draft.ratios, places, ratio), limitedTo: null };
  return { draft: { ...draft, ratios, preset: null }, limitedTo };
}

/** All ratios scaled until this share of the weights is re-drawn. */
export function withShare(draft: Draft, weights: readonly number[], share: number): Draft {
  return { ...draft, ratios: scaledToShare(weights, draft.ratios, share), preset: null };
}

/** A preset in place of what was there; with `held`, scaled to the total that was there. */
export function withPreset(
  draft: Draft,
  weights: readonly number[],
  preset: CleansingPreset,
  held: boolean,
): Draft {
  const { id, ratios, clpU } = preset;
  if (!held) return { ratios, preset: id, clpU };
  const share = redrawnShareOf(weights, draft.ratios);
  return { ratios: scaledToShare(weights, ratios, share), preset: null, clpU };
}

export function withClpU(draft: Draft, clpU: number | null): Draft {
  return draft.clpU === clpU ? draft : { ...draft, clpU, preset: null };
}

/** True where two drafts start the same student (the preset is only a name). */
export function sameStart(a: Omit<Draft, 'preset'>, b: Omit<Draft, 'preset'>): boolean {
  return (
    a.clpU === b.clpU &&
    a.ratios.length === b.ratios.length &&
    a.ratios.every((ratio, at) => ratio === b.ratios[at])
  );
}

/** The one ratio of some layers, or null where they differ. */
export function commonRatio(ratios: LayerRatios, places: readonly number[]): number | null {
  const first = places[0] === undefined ? undefined : ratios[places[0]];
  return first !== undefined && places.every((place) => ratios[place] === first) ? first : null;
}
