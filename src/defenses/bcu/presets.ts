import { UsageError } from '../../protocol/errors';
import { listShort, visible } from '../../protocol/wording';
import { redrawnShareOf, scaledToShare } from '../../protocol/ratio-editing';
import { COMBINED_U } from '../../protocol/threshold';
import { defaultStageRatios, ratiosByStage, redrawnShare, type Ratios } from './ratios';
import type { Stage } from './stages';

/** A named choice of ratios for one network. */
export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly ratios: Ratios;
  /** CLP at this u first, its channels held at zero; null without. */
  readonly clpU: number | null;
}

/** Share (0…1) of each layer's channels that a scan flagged, by layer name; layers that were not scored are absent. */
export type OutlierShares = ReadonlyMap<string, number>;

/** `--preset` and panels start with this one: what the paper does. */
export const DEFAULT_PRESET = 'increasing';
/** No layer is re-drawn further than this: something must be left to distil into. */
const MOST = 0.9;
/** Weight of a layer without outliers beside one with all its channels flagged. */
const FLOOR = 0.005;

/**
 * The presets for a network. All re-draw the same share of its weights as the paper's increasing schedule (a single
 * stage may be too small for that: at most 90 % of it), but for the decreasing one, which is that schedule back to front.
 */
export function presetsOf(stages: readonly Stage[], outliers: OutlierShares): Preset[] {
  const byStage = defaultStageRatios(stages);
  const increasing = ratiosByStage(stages, byStage);
  const total = redrawnShare(stages, increasing);
  const weighted = (claim: (layer: string, stage: number) => number): Ratios =>
    withShare(stages, total, claim);
  const inner = byStage.slice(0, -1).reverse();
  const flagged = [...outliers.values()].some((share) => share > 0);
  return [
    {
      id: 'increasing',
      label: 'Increasing (paper)',
      description: 'Few weights of the first stages, more of the later ones: the default of the BCU paper.',
      ratios: increasing,
      clpU: null,
    },
    {
      id: 'uniform',
      label: 'Uniform',
      description: 'The same share of every layer.',
      ratios: weighted(() => 1),
      clpU: null,
    },
    {
      id: 'decreasing',
      label: 'Decreasing',
      description: 'The paper’s ratios back to front. In the paper it costs the most accuracy.',
      ratios: ratiosByStage(stages, [...inner, ...byStage.slice(-1)]),
      clpU: null,
    },
    ...stages.map(({ name }, stage): Preset => ({
      id: `single:${name}`,
      label: `Single: ${name}`,
      description: `Weights of ${name} alone.`,
      ratios: weighted((_, of) => Number(of === stage)),
      clpU: null,
    })),
    {
      id: 'from-scan',
      label: 'From the scan',
      description: flagged
        ? 'More where the scan found outliers: in proportion to the share of channels that it flagged.'
        : 'The scan found no outliers, so this is uniform.',
      ratios: weighted((layer) => (outliers.get(layer) ?? 0) + FLOOR),
      clpU: null,
    },
    {
      id: 'clp+bcu',
      label: 'CLP + BCU',
      description: `Prunes with CLP at u = ${COMBINED_U} and holds those channels at zero while the rest is distilled, at the paper’s ratios.`,
      ratios: increasing,
      clpU: COMBINED_U,
    },
  ];
}

/** The preset called `id`. Throws UsageError `bad-value`, naming those that there are. */
export function presetNamed(presets: readonly Preset[], id: string): Preset {
  const preset = presets.find((each) => each.id === id);
  if (preset !== undefined) return preset;
  throw new UsageError(
    'bad-value',
    `'${visible(id, 60)}' is no preset for this model; it has ${listShort(
      presets.map((each) => each.id),
      presets.length,
    )}.`,
  );
}

/** Ratios in proportion to `claim` (0 … 1 a layer) that re-draw `share` of all weights, or 90 % of the layers that claim any. */
function withShare(
  stages: readonly Stage[],
  share: number,
  claim: (layer: string, stage: number) => number,
): Ratios {
  const layers = stages.flatMap((stage, at) => stage.layers.map((layer) => ({ ...layer, stage: at })));
  const weights = layers.map(({ elements }) => elements);
  const claims = layers.map(({ name, stage }) => claim(name, stage));
  const most = redrawnShareOf(
    weights,
    claims.map((each) => (each > 0 ? MOST : 0)),
  );
  const ratios = scaledToShare(weights, claims, Math.min(share, most));
  return new Map(
    layers.map(({ name }, i) => [name, Number(Math.min(MOST, ratios[i]!).toPrecision(3))] as const),
  );
}
