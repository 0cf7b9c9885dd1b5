import type { H5Module } from 'h5wasm/library';
import { TooLarge } from './limits';

/** Lends `bytes` of the library's memory to `use`, by their address. Throws TooLarge where there are not so many. */
export function withScratch<T>(library: H5Module, bytes: number, use: (address: number) => T): T {
  const address = library._malloc(Math.max(1, bytes));
  if (address === 0) throw new TooLarge(`${bytes} bytes do not fit into the HDF5 library's memory`);
  try {
    return use(address);
  } finally {
    library._free(address);
  }
}
