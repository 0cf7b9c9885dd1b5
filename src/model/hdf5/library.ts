import type { Attribute, H5Metadata, H5Module } from 'h5wasm';
import { MAX_ATTRIBUTE_BYTES, MAX_DEPTH, MAX_OBJECTS, MAX_TEXT_BYTES, MAX_UNPACKED_BYTES } from './limits';
import type { Hdf5Attributes, Hdf5Dataset, Hdf5Description, Hdf5Group, Hdf5Link } from './messages';
import type { ServedFile } from './served-file';

const CLASS = { integer: 0, float: 1, string: 3, opaque: 5 } as const;

/** The file is beyond the bounds that are read. */
export class TooLarge extends Error {}

/** One open file in the HDF5 library. Used in a thread of its own only. */
export class LibraryFile {
  private readonly library: H5Module;
  private readonly attributeType: typeof Attribute;
  private readonly served: ServedFile;
  private readonly id: bigint;
  private textBytes = 0;

  /** Throws the library's error where the file cannot be opened. */
  constructor(library: H5Module, attributeType: typeof Attribute, served: ServedFile) {
    this.library = library;
    this.attributeType = attributeType;
    this.served = served;
    library.activate_throwing_error_handler();
    served.mount(library, 'model.h5');
    this.id = library.open('/model.h5', library.H5F_ACC_RDONLY, false, -1, -1);
    if (this.id <= 0n) throw new Error('it has no HDF5 superblock that fits the file');
  }

  /** Everything in the file but the values. Links are listed, never followed. */
  describe(): Hdf5Description {
    const groups: Hdf5Group[] = [];
    const datasets: Hdf5Dataset[] = [];
    const links: Hdf5Link[] = [];
    const broken: { path: string; message: string }[] = [];
    let objects = 0;
    const visit = (path: string, depth: number): void => {
      this.served.progress();
      if (++objects > MAX_OBJECTS) throw new TooLarge(`it holds more than ${MAX_OBJECTS} objects`);
      if (depth > MAX_DEPTH) throw new TooLarge(`its groups nest deeper than ${MAX_DEPTH}`);
      try {
        const link = path === '/' ? null : this.linkAt(path);
        if (link) {
          links.push(link);
          return;
        }
        const type = path === '/' ? this.library.H5G_GROUP : this.library.get_type(this.id, path);
        if (type === this.library.H5G_DATASET) {
          datasets.push(this.dataset(path, links));
          return;
        }
        if (type !== this.library.H5G_GROUP) {
          links.push({ path, kind: 'other', target: 'a named type or an unknown object' });
          return;
        }
        groups.push({ path, attributes: this.attributes(path) });
        for (const name of this.library.get_names(this.id, path, false)) {
          visit(path === '/' ? `/${name}` : `${path}/${name}`, depth + 1);
        }
      } catch (error) {
        if (error instanceof TooLarge) throw error;
        broken.push({ path, message: messageOf(error) });
      }
    };
    visit('/', 0);
    return { groups, datasets, links, broken };
  }

  /** The bytes of a dataset in the file's own type, row-major. */
  values(path: string): Uint8Array {
    const { size, total_size: elements } = this.library.get_dataset_metadata(this.id, path);
    const bytes = size * elements;
    if (bytes > MAX_UNPACKED_BYTES)
      throw new TooLarge(`'${path}' unpacks to ${bytes} bytes, more than Scour holds`);
    return this.copyOut(bytes, (address) => {
      this.library.get_dataset_data(this.id, path, null, null, null, address);
    });
  }

  private linkAt(path: string): Hdf5Link | null {
    const soft = this.library.get_symbolic_link(this.id, path);
    if (soft !== null) return { path, kind: 'soft', target: soft };
    const { filename, obj_path: inside } = this.library.get_external_link(this.id, path);
    if (filename === undefined) return null;
    return { path, kind: 'external', target: `${filename}, ${inside ?? ''}` };
  }

  private dataset(path: string, links: Hdf5Link[]): Hdf5Dataset {
    const meta = this.library.get_dataset_metadata(this.id, path);
    const kind =
      meta.type === CLASS.float
        ? 'float'
        : meta.type === CLASS.integer
          ? 'integer'
          : meta.type === CLASS.opaque
            ? 'opaque'
            : 'other';
    const described = {
      path,
      dims: meta.shape ?? [0],
      type: { kind, bytes: meta.size, bigEndian: !meta.littleEndian && meta.size > 1, signed: meta.signed },
      attributes: this.attributes(path),
    } as const;
    const [source] = meta.virtual_sources ?? [];
    if (meta.virtual_sources) {
      links.push({ path, kind: 'virtual', target: source ? `${source.file_name}, ${source.dset_name}` : '' });
      return { ...described, fileOffset: null, problem: 'is virtual: its values lie in other datasets' };
    }
    if (kind === 'other' || meta.total_size === 0 || meta.chunks)
      return { ...described, fileOffset: null, problem: null };
    try {
      return { ...described, fileOffset: this.placeOf(path, meta), problem: null };
    } catch (error) {
      return { ...described, fileOffset: null, problem: `cannot be read: ${messageOf(error)}` };
    }
  }

  /**
   * Where a dataset's elements begin in the file, by watching where the library reads them: its first and its last
   * element must come from places as far apart as they are, and hold what the library returns. Null where the elements
   * do not lie flat in the file (compact, never written).
   */
  private placeOf(path: string, meta: H5Metadata): number | null {
    const dims = meta.shape ?? [];
    const total = meta.size * meta.total_size;
    const first = dims.map(() => 0n);
    const last = dims.map((dim) => BigInt(dim - 1));
    // The first read also fetches the dataset's header; once that is known, only elements are read.
    this.element(path, meta.size, first);
    const begin = this.watched(path, meta.size, first);
    const end = this.watched(path, meta.size, last);
    if (!begin || !end) return null;
    const offset = begin.offset;
    const lastAt = offset + total - meta.size;
    const fits = end.offset <= lastAt && end.offset + end.length >= lastAt + meta.size;
    return fits && end.offset >= offset && lastAt + meta.size <= this.served.size ? offset : null;
  }

  private watched(
    path: string,
    size: number,
    at: readonly bigint[],
  ): { offset: number; length: number } | null {
    const reads = this.served.traced(() => void this.element(path, size, at));
    const [only] = reads;
    return reads.length === 1 && only && only.length >= size ? only : null;
  }

  private element(path: string, size: number, at: readonly bigint[]): Uint8Array {
    const ones = at.map(() => 1n);
    return this.copyOut(size, (address) => {
      if (at.length === 0) this.library.get_dataset_data(this.id, path, null, null, null, address);
      else this.library.get_dataset_data(this.id, path, ones, at, ones, address);
    });
  }

  private copyOut(bytes: number, fill: (address: bigint) => void): Uint8Array {
    const address = this.library._malloc(Math.max(1, bytes));
    if (address === 0) throw new TooLarge(`${bytes} bytes do not fit into the HDF5 library's memory`);
    try {
      fill(BigInt(address));
      return this.library.HEAPU8.slice(address, address + bytes);
    } finally {
      this.library._free(address);
    }
  }

  private attributes(path: string): Hdf5Attributes {
    const found: [string, string | readonly string[]][] = [];
    for (const name of this.library.get_attribute_names(this.id, path)) {
      const meta = this.library.get_attribute_metadata(this.id, path, name);
      if (meta.type !== CLASS.string) continue;
      const bytes = meta.vlen ? meta.total_size : meta.size * meta.total_size;
      if (bytes > MAX_ATTRIBUTE_BYTES)
        throw new TooLarge(`attribute '${name}' of '${path}' has ${bytes} bytes`);
      const { value } = new this.attributeType(this.id, path, name);
      const texts = Array.isArray(value) ? value : [value];
      if (!texts.every((text): text is string => typeof text === 'string')) continue;
      this.textBytes += texts.reduce((sum, text) => sum + text.length, 0);
      if (this.textBytes > MAX_TEXT_BYTES) throw new TooLarge('it has too much text in its attributes');
      found.push([name, Array.isArray(value) ? texts : texts[0]!]);
    }
    return Object.fromEntries(found);
  }
}

/** The library's words: the innermost of its stack of complaints, on one line. */
export function messageOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const complaints = [...text.matchAll(/in H5\w+\(\): (.*?) major:/g)];
  return (complaints.at(-1)?.[1] ?? text).slice(0, 200);
}
