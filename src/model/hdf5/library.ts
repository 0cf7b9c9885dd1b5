import type { H5Metadata, H5Module } from 'h5wasm/library';
import { MODEL_FILE, type LibraryInstance } from './instance';
import { MAX_DEPTH, MAX_OBJECTS, MAX_UNPACKED_BYTES, TooLarge, UNPACK_STEP_BYTES } from './limits';
import type { Hdf5Dataset, Hdf5Description, Hdf5Group, Hdf5Link, Hdf5Rows } from './messages';
import type { Served, ServedFile } from './served-file';
import { withScratch } from './scratch';
import { TextAttributes } from './texts';

const CLASS = { integer: 0, float: 1, opaque: 5 } as const;

/** A corner and the sides of a block of elements. */
interface Block {
  readonly at: readonly number[];
  readonly sides: readonly number[];
}

/** One open file in the HDF5 library. Used in a thread of its own only. */
export class LibraryFile {
  private readonly instance: LibraryInstance;
  private readonly library: H5Module;
  private readonly served: ServedFile;
  private readonly id: bigint;
  private readonly texts: TextAttributes;

  /** Throws the library's error where the file cannot be opened. */
  constructor(instance: LibraryInstance, served: ServedFile) {
    const { library } = instance;
    this.instance = instance;
    this.library = library;
    this.served = served;
    served.progress();
    served.mount(library, MODEL_FILE);
    this.id = library.open(MODEL_FILE, library.H5F_ACC_RDONLY, false, -1, -1);
    if (this.id <= 0n) throw new Error('it has no HDF5 superblock that fits the file');
    this.texts = new TextAttributes(library, this.id);
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
        const soft = path === '/' ? null : this.library.get_symbolic_link(this.id, path);
        if (soft !== null) {
          links.push({ path, kind: 'soft', target: soft });
          return;
        }
        // Of a link that leads out of the file this is the link's own type, for there is nowhere to follow it to.
        const type = path === '/' ? this.library.H5G_GROUP : this.library.get_type(this.id, path);
        if (type === this.library.H5G_DATASET) {
          datasets.push(this.dataset(path, links));
          return;
        }
        if (type !== this.library.H5G_GROUP) {
          links.push(this.oddLink(path));
          return;
        }
        groups.push({ path, attributes: this.texts.of(path) });
        for (const name of this.library.get_names(this.id, path, false)) {
          visit(path === '/' ? `/${name}` : `${path}/${name}`, depth + 1);
        }
      } catch (error) {
        if (error instanceof TooLarge) throw error;
        this.instance.unwind();
        broken.push({ path, message: messageOf(error) });
      }
    };
    visit('/', 0);
    return { groups, datasets, links, broken };
  }

  /** Rows of a dataset in the file's own type, row-major, from row `row` on; whole chunks, so that none is unpacked twice. */
  values(path: string, row: number): Hdf5Rows {
    this.served.progress();
    const { size, total_size: elements, shape, chunks } = this.library.get_dataset_metadata(this.id, path);
    const total = size * elements;
    if (total > MAX_UNPACKED_BYTES)
      throw new TooLarge(`'${path}' unpacks to ${total} bytes, more than Scour holds`);
    if (total === 0) return { kind: 'values', bytes: new Uint8Array(0), next: null, total };
    const [rows = 1, ...inner] = shape ?? [];
    const rowBytes = total / rows;
    const side = chunks?.[0] ?? rows;
    const step = side * Math.max(1, Math.floor(UNPACK_STEP_BYTES / (side * rowBytes)));
    const count = Math.min(step, rows - row);
    const isWhole = count >= rows;
    const bytes = isWhole
      ? this.read(path, total, null)
      : this.read(path, count * rowBytes, { at: [row, ...inner.map(() => 0)], sides: [count, ...inner] });
    return { kind: 'values', bytes, next: row + count < rows ? row + count : null, total };
  }

  /** Something that is no soft link and leads to no object of the file. */
  private oddLink(path: string): Hdf5Link {
    const { filename, obj_path: inside } = this.library.get_external_link(this.id, path);
    return filename === undefined
      ? { path, kind: 'other', target: 'a named type or an unknown object' }
      : { path, kind: 'external', target: `${filename}, ${inside ?? ''}` };
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
      // Keras names the type of elements that HDF5 does not know.
      attributes: kind === 'opaque' ? this.texts.of(path) : {},
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
      this.instance.unwind();
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
    const first = dims.map(() => 0);
    const last = dims.map((dim) => dim - 1);
    const places = (): [Served | null, Served | null] => [
      this.watched(path, meta.size, first),
      this.watched(path, meta.size, last),
    ];
    // The first read may also fetch the dataset's header; once that is known, only elements are read.
    let [begin, end] = places();
    if (!begin || !end) [begin, end] = places();
    if (!begin || !end) return null;
    const offset = begin.offset;
    const lastAt = offset + total - meta.size;
    const fits = end.offset <= lastAt && end.offset + end.length >= lastAt + meta.size;
    return fits && end.offset >= offset && lastAt + meta.size <= this.served.size ? offset : null;
  }

  private watched(path: string, size: number, at: readonly number[]): Served | null {
    const reads = this.served.traced(() => void this.element(path, size, at));
    const [only] = reads;
    return reads.length === 1 && only && only.length >= size ? only : null;
  }

  private element(path: string, size: number, at: readonly number[]): Uint8Array {
    return this.read(path, size, at.length === 0 ? null : { at, sides: at.map(() => 1) });
  }

  /** A block of a dataset's elements; null: all of them. */
  private read(path: string, bytes: number, block: Block | null): Uint8Array {
    const [sides, at] = [block?.sides.map(BigInt) ?? null, block?.at.map(BigInt) ?? null];
    const steps = at?.map(() => 1n) ?? null;
    return withScratch(this.library, bytes, (address) => {
      this.library.get_dataset_data(this.id, path, sides, at, steps, BigInt(address));
      return this.library.HEAPU8.slice(address, address + bytes);
    });
  }
}

/** The library's words: the innermost of its stack of complaints, on one line. */
export function messageOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const complaints = [...text.matchAll(/in H5\w+\(\): (.*?) major:/g)];
  return (complaints.at(-1)?.[1] ?? text).slice(0, 200);
}
