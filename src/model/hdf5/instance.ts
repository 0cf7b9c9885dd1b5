import type { H5Module } from 'h5wasm/library';
import startLibrary from 'h5wasm/library';
import { MEMORY_PAGE_BYTES, instanceOptions, type CompiledModule, type ModuleMemory } from '../webassembly';
import { MAX_LIBRARY_BYTES } from './limits';

/** Where the library finds the file at hand. */
export const MODEL_FILE = '/model.h5';

interface Exports {
  readonly memory: ModuleMemory;
  /** Address of the address where memory that was never given out begins. */
  emscripten_get_sbrk_ptr(): number;
  emscripten_stack_get_current(): number;
  _emscripten_stack_restore(to: number): void;
}

/**
 * An instance of the HDF5 library. It writes nothing anywhere, its memory is bounded, and it can be put back to the
 * state in which it had not seen a file yet: it has no other state than its memory, its stack pointer and open files.
 */
export class LibraryInstance {
  readonly library: H5Module;
  private readonly exports: Exports;
  /** Memory before the first file, up to where it was never used. */
  private readonly pristine: Uint8Array;
  private readonly size: number;
  private readonly stack: number;

  private constructor(library: H5Module, exports: Exports) {
    this.library = library;
    this.exports = exports;
    const { buffer } = exports.memory;
    const used = new DataView(buffer).getUint32(exports.emscripten_get_sbrk_ptr(), true);
    this.pristine = library.HEAPU8.slice(0, used);
    this.size = buffer.byteLength;
    this.stack = exports.emscripten_stack_get_current();
  }

  static async start(compiled: CompiledModule): Promise<LibraryInstance> {
    let made: Exports | null = null;
    const library = await startLibrary(
      instanceOptions(
        compiled,
        () => undefined,
        (instance) => {
          made = instance.exports as Exports;
          boundMemory(made.memory);
        },
      ),
    );
    library.activate_throwing_error_handler();
    return new LibraryInstance(library, made!);
  }

  /** True once its memory has grown: it does not shrink again. */
  get hasGrown(): boolean {
    return this.exports.memory.buffer.byteLength > this.size;
  }

  /** Makes it ready for another file. */
  reset(): void {
    const { FS, HEAPU8 } = this.library;
    this.unwind();
    HEAPU8.set(this.pristine);
    HEAPU8.fill(0, this.pristine.length);
    for (const stream of FS.streams) if (stream && stream.fd > STANDARD_ERROR) FS.closeStream(stream.fd);
    if (FS.analyzePath(MODEL_FILE).exists) FS.unlink(MODEL_FILE);
  }

  /** After an error, which leaves the library's stack as high as it was when it was thrown. */
  unwind(): void {
    this.exports._emscripten_stack_restore(this.stack);
  }
}

const STANDARD_ERROR = 2;

/** Lets memory grow up to the limit; beyond it the library's allocations fail. */
function boundMemory(memory: ModuleMemory): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * MEMORY_PAGE_BYTES > MAX_LIBRARY_BYTES) {
      throw new RangeError('the HDF5 library needs more memory than it is given');
    }
    return grow(pages);
  };
}
