import type { CompiledModule } from '../webassembly';

/**
 * What the thread that runs the HDF5 library and the thread that asks it say to each other. The asking thread waits with
 * `Atomics.wait` and meanwhile serves the byte ranges that the library wants: the library never opens a file itself.
 */

/** Indices into the shared control words; `grown` is 1 once the library took more memory than it began with. */
export const WORD = { state: 0, length: 1, progress: 2, grown: 3 } as const;
/** Index of the wanted offset in the control block, as a float64: files may be larger than 2 GiB. */
export const OFFSET = 2;
export const CONTROL_BYTES = 24;
/** Most bytes served at once. */
export const PAGE_BYTES = 1024 * 1024;

export const STATE = {
  /** The library's thread works. */
  working: 0,
  /** It waits for `length` bytes from the offset, to be put into the page. */
  wants: 1,
  /** It has posted its reply. */
  done: 2,
} as const;

/** Handed to the thread when it starts. */
export interface Hdf5Start {
  readonly control: SharedArrayBuffer;
  readonly page: SharedArrayBuffer;
}

/** Asks for another file, of so many bytes, in the library as it is when it starts. What was open is forgotten. */
export interface Hdf5Opening {
  readonly kind: 'open';
  readonly size: number;
  readonly library: CompiledModule;
}

/** `values`: the bytes of a dataset as the file's type has them, filters undone, from row `row` of its first axis on. */
export type Hdf5Request =
  { readonly kind: 'describe' } | { readonly kind: 'values'; readonly path: string; readonly row: number };

export type Hdf5Reply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'description'; readonly description: Hdf5Description }
  | Hdf5Rows
  | Hdf5Failure;

/** As many rows as were unpacked at once. */
export interface Hdf5Rows {
  readonly kind: 'values';
  readonly bytes: Uint8Array;
  /** The next row to ask for; null after the last. */
  readonly next: number | null;
  /** Bytes of the whole dataset. */
  readonly total: number;
}

export interface Hdf5Failure {
  readonly kind: 'failed';
  readonly reason: 'malformed' | 'too-large';
  readonly message: string;
}

/** Text attributes only: what Keras writes of a model. */
export type Hdf5Attributes = Readonly<Record<string, string | readonly string[]>>;

export interface Hdf5Group {
  /** `/model_weights/conv2d`. */
  readonly path: string;
  readonly attributes: Hdf5Attributes;
}

export interface Hdf5Dataset {
  readonly path: string;
  readonly dims: readonly number[];
  /** HDF5's class of the elements, their bytes, and how they are to be read. */
  readonly type: {
    readonly kind: 'float' | 'integer' | 'opaque' | 'other';
    readonly bytes: number;
    readonly bigEndian: boolean;
    readonly signed: boolean;
  };
  readonly attributes: Hdf5Attributes;
  /** Where its elements lie in the file, one after the other; null where they are in chunks, packed or elsewhere. */
  readonly fileOffset: number | null;
  /** Why it cannot be read, or null. */
  readonly problem: string | null;
}

/** Something that is neither a group nor a dataset of this file and was not followed. */
export interface Hdf5Link {
  readonly path: string;
  readonly kind: 'soft' | 'external' | 'virtual' | 'other';
  /** Where it points, for a person. */
  readonly target: string;
}

export interface Hdf5Description {
  /** In the order of the file where it keeps one, else by name; the root first. */
  readonly groups: readonly Hdf5Group[];
  readonly datasets: readonly Hdf5Dataset[];
  readonly links: readonly Hdf5Link[];
  /** What could not be read: path and the library's words. */
  readonly broken: readonly { readonly path: string; readonly message: string }[];
}
