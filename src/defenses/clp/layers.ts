import type { Confidence } from '../../protocol/scan';
import type { Values } from '../../model/decode';

/** What identifies one convolution in a report, scored or not. */
export interface LayerHead {
  /** Unique within the model. */
  readonly name: string;
  readonly weight: string;
  readonly norm: string | null;
  readonly operator: string;
  readonly kernel: readonly number[];
  readonly groups: number;
  readonly channels: number;
  /** Of a pairing by names and shapes; absent where data flow decided. */
  readonly confidence?: Confidence;
}

/** A convolution that cannot be scored, and why. */
export interface SkippedLayer extends LayerHead {
  readonly status: 'skipped';
  readonly reason: string;
}

/** A convolution whose channels can be scored, whatever file format it comes from. */
export interface ScorableLayer extends LayerHead {
  readonly status: 'scorable';
  /** What a reader must know of how the layer was paired; null where it is the plain case. */
  readonly note: string | null;
  /** C_in / groups. */
  readonly rows: number;
  /** Product of the kernel's sides. */
  readonly taps: number;
  /** Opens the weight; what it returns may hold the whole weight, so let it go when the layer is done. */
  readonly open: () => ReadChannels;
  /** What multiplies each channel after the convolution (γ/√v of a batch norm, a per-channel factor); null = nothing. */
  readonly scale: (() => ChannelScale) | null;
}

/** Weights of `count` output channels from `start` on: count × rows × taps. Throws ModelError where they cannot be read. */
export type ReadChannels = (start: number, count: number) => Values;

/** |γ/√v| of each channel, in the parts that the rules for odd values need. */
export interface ChannelScale {
  readonly gamma: Values;
  /** Running variance; null for a plain factor. Any ε that is wanted is already added. */
  readonly variance: Values | null;
}

export type ConvolutionLayer = ScorableLayer | SkippedLayer;
