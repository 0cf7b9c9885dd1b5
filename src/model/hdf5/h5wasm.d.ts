/* eslint-disable @typescript-eslint/consistent-type-imports, no-restricted-exports -- an ambient declaration cannot import, nor choose how a package exports */
// h5wasm's own types refer to the DOM's; these say what the product uses of its C++ layer (0.10.3), which
// scripts/hdf5-library.mjs takes out of the package.

declare module 'h5wasm/library' {
  export interface H5Metadata {
    /** H5T_class_t: 0 integer, 1 float, 3 string, 5 opaque, … */
    readonly type: number;
    /** Bytes of an element. */
    readonly size: number;
    /** Number of elements. */
    readonly total_size: number;
    readonly shape: readonly number[] | null;
    readonly chunks: readonly number[] | null;
    readonly littleEndian: boolean;
    readonly signed: boolean;
    readonly vlen: boolean;
    readonly virtual_sources?: readonly { readonly file_name: string; readonly dset_name: string }[];
  }

  export interface StreamOperations {
    /** Throws ErrnoError where the file is not to be opened. */
    open?(stream: object): void;
    read(stream: object, buffer: Uint8Array, offset: number, length: number, position: number): number;
  }

  export interface FileNode {
    usedBytes: number;
    stream_ops: StreamOperations;
  }

  /** The C++ layer. Paths are absolute within the file; errors are thrown once the throwing handler is on. */
  export interface H5Module {
    readonly FS: {
      readonly ErrnoError: new (code: number) => Error;
      createFile(
        parent: string,
        name: string,
        properties: object,
        canRead: boolean,
        canWrite: boolean,
      ): FileNode;
      /** By descriptor, with holes. */
      readonly streams: readonly ({ readonly fd: number } | null | undefined)[];
      closeStream(fd: number): void;
      analyzePath(path: string): { readonly exists: boolean };
      unlink(path: string): void;
    };
    readonly HEAPU8: Uint8Array;
    readonly H5F_ACC_RDONLY: number;
    readonly H5G_GROUP: number;
    readonly H5G_DATASET: number;
    /** `-1` for the bounds: the library's own. */
    open(file: string, mode: number, trackOrder: boolean, oldest: number, newest: number): bigint;
    activate_throwing_error_handler(): number;
    get_names(file: bigint, path: string, recursive: boolean): string[];
    get_type(file: bigint, path: string): number;
    get_symbolic_link(file: bigint, path: string): string | null;
    get_external_link(file: bigint, path: string): { readonly filename?: string; readonly obj_path?: string };
    get_attribute_names(file: bigint, path: string): string[];
    get_attribute_metadata(file: bigint, path: string, name: string): H5Metadata;
    get_attribute_data(file: bigint, path: string, name: string, to: bigint): number;
    /** Frees the texts that an attribute's data, once read, point to. */
    reclaim_vlen_memory(file: bigint, path: string, name: string, data: bigint): number;
    get_dataset_metadata(file: bigint, path: string): H5Metadata;
    get_dataset_data(
      file: bigint,
      path: string,
      count: readonly bigint[] | null,
      offset: readonly bigint[] | null,
      strides: readonly bigint[] | null,
      to: bigint,
    ): number;
    _malloc(bytes: number): number;
    _free(address: number): void;
  }

  const start: (options: import('../webassembly').FactoryOptions) => Promise<H5Module>;
  export default start;
}
