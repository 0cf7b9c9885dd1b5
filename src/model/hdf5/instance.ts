import type { H5Module } from 'h5wasm/library';
import startLibrary from 'h5wasm/library';
import { MEMORY_PAGE_BYTES, instanceOptions, type CompiledModule, type ModuleMemory } from '../webassembly';
import { MAX_LIBRARY_BYTES } from './limits';

/** The HDF5 library as it is before it has seen a file. It writes nothing anywhere, and its memory is bounded. */
export async function newLibrary(compiled: CompiledModule): Promise<H5Module> {
  const library = await startLibrary(
    instanceOptions(
      compiled,
      () => undefined,
      ({ exports }) => boundMemory((exports as { memory: ModuleMemory }).memory),
    ),
  );
  library.activate_throwing_error_handler();
  return library;
}

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
