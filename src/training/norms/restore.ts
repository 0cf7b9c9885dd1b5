import type { ForwardModel } from '../forward/forward-model';
import { probe, type Shapes } from '../forward/probe';
import { channelStatistics, type ImageBatch } from './channel-statistics';
import { restoreNorms, type RestoredNorm } from './restored-norms';
import { bareConvolutions, type BareConvolution } from './without-norm';

/** Elements of parameters that stay zero: 1 where trained, 0 where held. */
type Masks = ReadonlyMap<string, Float32Array>;

interface RestoreOptions {
  readonly isFrozen: (parameter: string) => boolean;
  readonly masks: Masks;
  readonly threads: number;
}

export interface Restored {
  readonly forward: ForwardModel;
  readonly shapes: Shapes;
  readonly norms: readonly RestoredNorm[];
  /** Those given, and the same channels of the norms. */
  readonly masks: Masks;
}

/**
 * A graph with batch norms put back behind its bare convolutions. Left alone are those whose weight or bias is frozen,
 * or has a bias held at zero in a channel that is not silent, since folding could not keep these. Throws as
 * `channelStatistics` does.
 */
export async function withRestoredNorms(
  plain: ForwardModel,
  shapes: Shapes,
  batches: AsyncIterable<ImageBatch>,
  { isFrozen, masks, threads }: RestoreOptions,
): Promise<Restored> {
  const bare = bareConvolutions(plain).filter(
    (each) => !isFrozen(each.weight) && !isFrozen(each.bias) && holdsWholeChannels(each, masks),
  );
  if (bare.length === 0) return { forward: plain, shapes, norms: [], masks };
  const outputs = bare.map(({ node }) => node.outputs[0]!);
  const statistics = await channelStatistics(plain, shapes, outputs, batches, threads);
  const { forward, norms } = restoreNorms(plain, bare, statistics);
  const image = shapes.typeOf(plain.input.name, 1).shape.slice(1);
  // The shift takes the place of the bias: a silent channel needs it at zero.
  const shifts = norms.flatMap(({ bias, shift }) => {
    const mask = masks.get(bias);
    return mask ? [[shift, mask] as const] : [];
  });
  return { forward, norms, shapes: await probe(forward, image), masks: new Map([...masks, ...shifts]) };
}

function holdsWholeChannels({ weight, bias }: BareConvolution, masks: Masks): boolean {
  const [ofWeight, ofBias] = [masks.get(weight), masks.get(bias)];
  if (!ofBias) return true;
  const size = (ofWeight?.length ?? 0) / ofBias.length;
  return ofBias.every(
    (kept, k) => kept !== 0 || ofWeight?.subarray(k * size, (k + 1) * size).every((each) => each === 0),
  );
}
