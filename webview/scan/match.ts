import type { Layer } from '../../src/protocol/scan';
import type { AuditAtU, LayerAtU } from './at-u';

/** Layers of two models that have the same name; a layer that only one of them has stands alone. */
export interface LayerPair {
  readonly name: string;
  readonly left: LayerAtU | null;
  readonly right: LayerAtU | null;
}

/** Matches layers by name: in the left model's order, then what only the right one has. */
export function matchLayers(left: AuditAtU, right: AuditAtU): LayerPair[] {
  const rightByName = new Map(right.layers.map((layer) => [layer.layer.name, layer]));
  const leftNames = new Set(left.layers.map(({ layer }) => layer.name));
  return [
    ...left.layers.map((layer) => ({
      name: layer.layer.name,
      left: layer,
      right: rightByName.get(layer.layer.name) ?? null,
    })),
    ...right.layers
      .filter(({ layer }) => !leftNames.has(layer.name))
      .map((layer) => ({ name: layer.layer.name, left: null, right: layer })),
  ];
}

/** Why the channels of a pair cannot be compared one by one, or null where they can. */
export function incomparable({ left, right }: LayerPair): string | null {
  if (left === null) return 'only in B';
  if (right === null) return 'only in A';
  if (left.layer.status === 'skipped' || right.layer.status === 'skipped') return 'not scored in both';
  if (left.layer.channels !== right.layer.channels) return 'different numbers of channels';
  return null;
}

/** A channel whose UCLC differs between the two models. */
export interface ChannelDifference {
  readonly layer: string;
  readonly channel: number;
  readonly left: number | null;
  readonly right: number | null;
  /** right − left, or null where one of them is not finite. */
  readonly delta: number | null;
  readonly kind: 'zero in A' | 'zero in B' | 'changed';
}

/** Relative difference below which two UCLC are the same: both are computed in float64 from float32 weights. */
const SAME = 1e-6;

function isSame(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b));
}

/** Channels that differ, of the layers whose channels can be compared. A channel that became 0 was pruned. */
export function changedChannels(pairs: readonly LayerPair[]): ChannelDifference[] {
  return pairs
    .filter((pair) => incomparable(pair) === null)
    .flatMap(({ name, left, right }) => differences(name, left!.layer, right!.layer));
}

function differences(name: string, left: Layer, right: Layer): ChannelDifference[] {
  const found: ChannelDifference[] = [];
  left.uclc.forEach((a, channel) => {
    const b = right.uclc[channel] ?? null;
    if (isSame(a, b)) return;
    const kind = b === 0 ? 'zero in B' : a === 0 ? 'zero in A' : 'changed';
    found.push({
      layer: name,
      channel,
      left: a,
      right: b,
      delta: a === null || b === null ? null : b - a,
      kind,
    });
  });
  return found;
}
