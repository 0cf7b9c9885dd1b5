import type { H5Metadata, H5Module } from 'h5wasm/library';
import { MAX_ATTRIBUTE_BYTES, MAX_TEXTS, MAX_TEXT_BYTES, TooLarge } from './limits';
import type { Hdf5Attributes } from './messages';
import { withScratch } from './scratch';

/** H5T_STRING of H5T_class_t. */
const STRING_CLASS = 3;

/** Reads the attributes of a file's objects that hold text, with bounds on each and on all together. */
export class TextAttributes {
  private readonly library: H5Module;
  private readonly file: bigint;
  private bytes = 0;
  private count = 0;

  constructor(library: H5Module, file: bigint) {
    this.library = library;
    this.file = file;
  }

  /** Throws TooLarge beyond the bounds, else the library's errors. */
  of(path: string): Hdf5Attributes {
    const found: [string, string | readonly string[]][] = [];
    for (const name of this.library.get_attribute_names(this.file, path)) {
      const meta = this.library.get_attribute_metadata(this.file, path, name);
      if (meta.type !== STRING_CLASS || meta.shape === null) continue;
      const stored = meta.size * meta.total_size;
      if (stored > MAX_ATTRIBUTE_BYTES)
        throw new TooLarge(`attribute '${name}' of '${path}' has ${stored} bytes`);
      this.count += meta.total_size;
      if (this.count > MAX_TEXTS) throw new TooLarge(`it has more than ${MAX_TEXTS} texts in its attributes`);
      const texts = this.read(path, name, stored, meta);
      const [only = ''] = texts;
      found.push([name, meta.shape.length === 0 ? only : texts]);
    }
    return Object.fromEntries(found);
  }

  private read(path: string, name: string, stored: number, meta: H5Metadata): string[] {
    return withScratch(this.library, stored, (address) => {
      this.library.get_attribute_data(this.file, path, name, BigInt(address));
      const memory = this.library.HEAPU8;
      const at = (i: number): number => address + i * meta.size;
      const texts = Array.from({ length: meta.total_size }, (_, i) => {
        if (!meta.vlen) return this.text(memory, at(i), at(i) + meta.size);
        const pointer = new DataView(memory.buffer).getUint32(at(i), true);
        return pointer === 0 ? '' : this.text(memory, pointer, memory.length);
      });
      // The library allocated each of them.
      if (meta.vlen) this.library.reclaim_vlen_memory(this.file, path, name, BigInt(address));
      return texts;
    });
  }

  /** Up to the first zero. Keras writes UTF-8 whatever character set the file names. */
  private text(memory: Uint8Array, begin: number, limit: number): string {
    const zero = memory.subarray(begin, limit).indexOf(0);
    const length = zero < 0 ? limit - begin : zero;
    this.bytes += length;
    if (this.bytes > MAX_TEXT_BYTES) throw new TooLarge('it has too much text in its attributes');
    return Buffer.from(memory.buffer, begin, length).toString('utf8');
  }
}
