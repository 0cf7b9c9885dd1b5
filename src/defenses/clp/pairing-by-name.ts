import type { Confidence } from '../../protocol/scan';
import { normsWithin } from './pairing-within';
import {
  shapesOf,
  type NamedConvolution,
  type NamedNorm,
  type NamedShape,
  type Parameters,
} from './parameter-groups';

/** A convolution of a checkpoint, with the batch norm that its name and shape say normalises it. */
export interface NamedPairing<T extends NamedShape> {
  readonly convolution: NamedConvolution<T>;
  readonly norm: NamedNorm<T> | null;
  readonly confidence: Confidence;
  /** Why, for a person. */
  readonly reason: string;
}

/**
 * Pairs convolutions with batch norms from names, shapes and order alone: for checkpoints of unknown architecture,
 * which hold no graph. Data flow decides in truth (METHODS.md §1), so each pair says how sure it is.
 *
 * A batch norm can only be a convolution's if it has as many channels and lies in the same block, or in the convolution's
 * own module (`normsWithin`). Within a block:
 * 1. in a Sequential, the first batch norm after the convolution, before the next convolution;
 * 2. otherwise, where the file keeps the order of definition, the batch norm defined right after the convolution. This
 *    holds for `conv1, bn1, conv2, bn2` as for pre-activation blocks (`bn1, conv1, bn2, conv2`), in which bn2 normalises
 *    what conv1 computes and nothing normalises conv2's output. Not so where a norm of its own number follows later;
 * 3. otherwise by number: `conv1` with `bn1` if all blocks built alike allow it, else with `bn2`.
 */
export function pairByName<T extends NamedShape>(tensors: readonly T[]): NamedPairing<T>[] {
  const { convolutions, norms, inOrder } = shapesOf(tensors);
  const pairs = new Map<NamedConvolution<T>, NamedPairing<T>>();
  const taken = new Set<NamedNorm<T>>();
  const blocks = blocksOf(convolutions, norms);
  const pair = (
    convolution: NamedConvolution<T>,
    norm: NamedNorm<T> | undefined,
    confidence: Confidence,
    reason: string,
  ): void => {
    if (norm?.channels !== convolution.channels || taken.has(norm) || pairs.has(convolution)) return;
    taken.add(norm);
    pairs.set(convolution, { convolution, norm, confidence, reason });
  };
  for (const { convolution, norm, confidence, reason } of normsWithin(convolutions, norms))
    pair(convolution, norm, confidence, reason);
  for (const block of blocks) {
    for (const convolution of block.convolutions) {
      if (convolution.number !== null && convolution.stem === '') {
        const norm = nextInSequential(convolution, block);
        if (!norm) continue;
        const near = norm.number === convolution.number + 1;
        const place = `${norm.leaf} of the same Sequential comes after it`;
        pair(
          convolution,
          norm,
          near ? 'high' : 'medium',
          near ? `${place} directly.` : `${place}; what lies between is not known.`,
        );
      } else if (inOrder) {
        const next = block.norms.find(({ group }) => group === convolution.group + 1);
        const namesake = block.norms.find(
          ({ number, group }) =>
            number !== null && number === convolution.number && group > convolution.group,
        );
        // Where all convolutions are defined before their norms, what comes next is another one's.
        const norm = namesake === undefined || namesake === next ? next : undefined;
        if (!norm) continue;
        const agrees = norm.number === convolution.number || block.convolutions.length === 1;
        pair(
          convolution,
          norm,
          agrees ? 'high' : 'medium',
          `${norm.leaf} is defined right after it${agrees ? '' : ', though their names differ: probably a pre-activation block'}.`,
        );
      }
    }
  }
  pairByNumber(blocks, inOrder, pair);
  return convolutions.map((convolution) => pairs.get(convolution) ?? unpaired(convolution, norms, taken));
}

/** The convolutions and batch norms of one module, whatever lies deeper left out. */
interface Block<T extends NamedShape> {
  readonly parent: string;
  readonly convolutions: NamedConvolution<T>[];
  readonly norms: NamedNorm<T>[];
}

function blocksOf<T extends NamedShape>(
  convolutions: readonly NamedConvolution<T>[],
  norms: readonly NamedNorm<T>[],
): Block<T>[] {
  const blocks = new Map<string, Block<T>>();
  const blockOf = (parent: string): Block<T> => {
    let block = blocks.get(parent);
    if (!block) blocks.set(parent, (block = { parent, convolutions: [], norms: [] }));
    return block;
  };
  for (const convolution of convolutions) blockOf(convolution.parent).convolutions.push(convolution);
  for (const norm of norms) blockOf(norm.parent).norms.push(norm);
  return [...blocks.values()];
}

/** Of modules called by number, which run in that order: the first batch norm before the next convolution. */
function nextInSequential<T extends NamedShape>(
  convolution: NamedConvolution<T>,
  block: Block<T>,
): NamedNorm<T> | undefined {
  const after = (other: Parameters): boolean =>
    other.stem === '' && other.number !== null && other.number > convolution.number!;
  const norms = block.norms.filter(after).sort((a, b) => a.number! - b.number!);
  const next = block.convolutions.filter(after).map(({ number }) => number!);
  const [norm] = norms;
  return norm && next.every((number) => number > norm.number!) ? norm : undefined;
}

/**
 * conv1 with bn1 or with bn2, the same for all blocks whose parts have the same names: a pre-activation block that
 * changes its width shows that bn1 has the channels of its input.
 */
function pairByNumber<T extends NamedShape>(
  blocks: readonly Block<T>[],
  inOrder: boolean,
  pair: (
    convolution: NamedConvolution<T>,
    norm: NamedNorm<T> | undefined,
    confidence: Confidence,
    reason: string,
  ) => void,
): void {
  const families = new Map<string, Block<T>[]>();
  for (const block of blocks) {
    const leaves = [...block.convolutions, ...block.norms].map(({ leaf }) => leaf).sort();
    const family = leaves.join(' ');
    families.set(family, [...(families.get(family) ?? []), block]);
  }
  for (const family of families.values()) {
    const fits = (shift: number): boolean =>
      family.every((block) =>
        block.convolutions.every((convolution) => {
          const norm = numbered(block, convolution, shift);
          return (
            !norm || (norm.channels === convolution.channels && (!inOrder || norm.group > convolution.group))
          );
        }),
      );
    const shift = fits(0) ? 0 : fits(1) ? 1 : null;
    if (shift === null) continue;
    // A family of one width fits both ways: then only the usual order of names speaks for conv1 with bn1.
    const sure = shift === 1 || !fits(1) || inOrder;
    for (const block of family) {
      for (const convolution of block.convolutions) {
        const norm = numbered(block, convolution, shift);
        pair(
          convolution,
          norm,
          sure ? 'medium' : 'low',
          `${norm?.leaf ?? ''} is the one that its number points to, in all ${family.length} blocks built like this one.`,
        );
      }
    }
  }
}

function numbered<T extends NamedShape>(
  block: Block<T>,
  convolution: NamedConvolution<T>,
  shift: number,
): NamedNorm<T> | undefined {
  if (convolution.stem === '') return undefined;
  if (convolution.number === null) {
    return shift === 0 && block.convolutions.length === 1 && block.norms.length === 1
      ? block.norms[0]
      : undefined;
  }
  return block.norms.find(({ number }) => number === convolution.number! + shift);
}

function unpaired<T extends NamedShape>(
  convolution: NamedConvolution<T>,
  norms: readonly NamedNorm<T>[],
  taken: ReadonlySet<NamedNorm<T>>,
): NamedPairing<T> {
  if (norms.length === 0) {
    return {
      convolution,
      norm: null,
      confidence: 'high',
      reason: 'The file holds no batch norm (or it was folded into the weights).',
    };
  }
  const free = norms.some(
    (norm) =>
      (norm.parent === convolution.parent || norm.parent === convolution.module) &&
      norm.channels === convolution.channels &&
      !taken.has(norm),
  );
  return {
    convolution,
    norm: null,
    confidence: free ? 'low' : 'medium',
    reason: free
      ? 'Names do not say whether a batch norm of its block normalises it.'
      : 'No batch norm of its block is left that has its number of channels.',
  };
}
