import type { DataReason } from '../../protocol/errors';
import type { Preprocessing } from '../../protocol/preprocessing';
import type { Location } from '../dataset';

/** What an image is fitted to before it leaves the worker. */
export type Fit = Pick<Preprocessing, 'width' | 'height' | 'resize' | 'filter'>;

/** Scaled down so that the longer side has at most this many pixels; smaller images stay as they are. */
export interface Within {
  readonly longest: number;
}

/** One batch to decode. The worker answers requests in the order in which they come. */
export interface DecodeRequest {
  readonly locations: readonly Location[];
  readonly fit: Fit | Within;
}

export interface DecodeFailure {
  /** Position in the request. */
  readonly index: number;
  readonly path: string;
  readonly reason: DataReason;
  readonly message: string;
}

export interface DecodeReply {
  /** The images that could be decoded, one after the other: height × width × 3 bytes each, of the size in `sizes`. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Their positions in the request. */
  readonly decoded: readonly number[];
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly failures: readonly DecodeFailure[];
}
