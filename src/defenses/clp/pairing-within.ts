import type { Confidence } from '../../protocol/scan';
import type { NamedConvolution, NamedNorm, NamedShape } from './parameter-groups';

/** A batch norm that is part of the convolution's own module, and how sure it is that it follows the convolution. */
export interface InnerNorm<T extends NamedShape> {
  readonly convolution: NamedConvolution<T>;
  readonly norm: NamedNorm<T>;
  readonly confidence: Confidence;
  readonly reason: string;
}

/**
 * Batch norms inside convolution modules, as detectron2 and others write them: `conv1.weight` with `conv1.norm.weight`.
 * Usually such a module normalises what it computed. Where it changes the number of channels its shape shows whether it
 * does; all modules whose inner norms have one name are taken to be built alike, so that one that normalises its input
 * speaks against all of them.
 */
export function normsWithin<T extends NamedShape>(
  convolutions: readonly NamedConvolution<T>[],
  norms: readonly NamedNorm<T>[],
): InnerNorm<T>[] {
  const inside = new Map<string, NamedNorm<T>[]>();
  for (const norm of norms) {
    const siblings = inside.get(norm.parent);
    if (siblings) siblings.push(norm);
    else inside.set(norm.parent, [norm]);
  }
  const alike = new Map<string, (readonly [NamedConvolution<T>, NamedNorm<T>])[]>();
  for (const convolution of convolutions) {
    const [norm, second] = inside.get(convolution.module) ?? [];
    // Of several, names do not say which comes when.
    if (convolution.module === '' || norm === undefined || second !== undefined) continue;
    alike.set(norm.leaf, [...(alike.get(norm.leaf) ?? []), [convolution, norm]]);
  }
  return [...alike].flatMap(([leaf, pairs]) => {
    if (pairs.some(([convolution, norm]) => norm.channels !== convolution.channels)) return [];
    const shown = pairs.some(([{ weight, channels }]) => isUngrouped(weight) && weight.dims[1] !== channels);
    return pairs.map(([convolution, norm]) => ({
      convolution,
      norm,
      confidence: shown ? ('high' as const) : ('medium' as const),
      reason: `${leaf} lies within its module${shown ? '' : '; that it does not come before it is not shown by their sizes'}.`,
    }));
  });
}

/** False for one input a channel, which says nothing of how many inputs there are in all. */
function isUngrouped({ dims }: NamedShape): boolean {
  return dims[1]! > 1;
}
