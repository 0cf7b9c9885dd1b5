import { Random } from './random';

/** Where the picture of one sample lies. Plain data: it travels to the decoding worker. */
export type Location = FileLocation | MemberLocation | PixelsLocation | CellLocation;

/** An image file. */
export interface FileLocation {
  readonly kind: 'file';
  readonly path: string;
}

/** An image file within an archive. */
export interface MemberLocation {
  readonly kind: 'member';
  /** Of the archive. */
  readonly path: string;
  /** Within the archive. */
  readonly name: string;
  /** The archive's unpacked content where it is compressed as a whole; `offset` then counts from its beginning. */
  readonly unpacked: SharedArrayBuffer | null;
  readonly offset: number;
  /** As it lies in the archive, in bytes. */
  readonly length: number;
  readonly packing: 'stored' | 'deflated';
  /** Unpacked, in bytes. */
  readonly size: number;
  /** CRC-32 of the unpacked bytes, or null where the archive does not say. */
  readonly crc: number | null;
}

/** How bytes are pixels: grey; R, G, B of each pixel in turn; or a plane of each. */
export type PixelOrder = 'grey' | 'interleaved' | 'planar';

/** Uncompressed pixels, one byte a channel, in a file or in memory that threads share. */
export interface PixelsLocation {
  readonly kind: 'pixels';
  /** File the pixels come from. */
  readonly path: string;
  /** The file's unpacked content where it is compressed; `offset` then counts from its beginning. */
  readonly unpacked: SharedArrayBuffer | null;
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly order: PixelOrder;
}

/** An image file in a cell of a Parquet file's column. */
export interface CellLocation {
  readonly kind: 'cell';
  /** Of the Parquet file. */
  readonly path: string;
  readonly column: string;
  readonly group: number;
  /** Within the row group. */
  readonly row: number;
}

/** One picture of a dataset. */
export interface Sample {
  /** Unique within the dataset and readable, e.g. `cat/0001.png`. Untrusted text. */
  readonly name: string;
  /** Index into `Dataset.classes`, or null where the dataset has no labels. */
  readonly label: number | null;
  readonly location: Location;
}

/** Something in a dataset that is not used, and why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** Which part of a dataset is meant where its folder holds several. */
export type DatasetPart = 'train' | 'test';

/** A list of pictures; none is read before it is needed. */
export interface Dataset {
  /** What the user named. */
  readonly root: string;
  /** Class names in the order of their numbers, or null for unlabelled images. Untrusted text. */
  readonly classes: readonly string[] | null;
  readonly samples: readonly Sample[];
  readonly skipped: readonly Skipped[];
}

/**
 * At most `limit` samples, spread evenly over the list: one drawn from each of `limit` stretches of equal length. A
 * labelled set, sorted by class, thus keeps the shares of its classes. Order is kept.
 */
export function sampleEvenly(samples: readonly Sample[], limit: number, seed: number): readonly Sample[] {
  if (samples.length <= limit) return samples;
  const random = new Random(seed);
  return Array.from({ length: limit }, (_, i) => {
    const start = Math.floor((i * samples.length) / limit);
    const end = Math.floor(((i + 1) * samples.length) / limit);
    return samples[start + random.integer(end - start)]!;
  });
}

/** Order of Unicode code points, as Python's `sorted` has it (JavaScript's own differs above U+FFFF). */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
  }
  return a.length - b.length;
}
