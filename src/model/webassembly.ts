import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ASSETS } from './assets';

/** Compiled code, of which any number of instances can be made, in any thread. */
export type CompiledModule = object;

export interface ModuleInstance {
  readonly exports: object;
}

/** What an instance works in; it grows in pages of 64 KiB. */
export interface ModuleMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export const MEMORY_PAGE_BYTES = 65_536;

/** The part of WebAssembly's interface that is used; Node's types leave it to the DOM's. */
const { Module, Instance } = (
  globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => CompiledModule;
      Instance: new (module: CompiledModule, imports: object) => ModuleInstance;
    };
  }
).WebAssembly;

/** What the factories that Emscripten makes take; their own types know only part of it. */
export interface FactoryOptions {
  noInitialRun: boolean;
  instantiateWasm(imports: object, done: (instance: ModuleInstance, module: CompiledModule) => void): object;
  print(line: string): void;
  printErr(line: string): void;
}

/** Compiles a .wasm file among the product's assets. */
export function compileAsset(file: string): CompiledModule {
  return new Module(readFileSync(path.join(ASSETS, file)));
}

/**
 * Makes a new instance: a sandbox of its own memory. `print` is given every line that its code writes, `made` the
 * instance before any of its code runs.
 */
export function instanceOptions(
  compiled: CompiledModule,
  print: (line: string) => void,
  made?: (instance: ModuleInstance) => void,
): FactoryOptions {
  return {
    noInitialRun: true,
    instantiateWasm: (imports, done) => {
      const instance = new Instance(compiled, imports);
      made?.(instance);
      done(instance, compiled);
      return instance.exports;
    },
    print,
    printErr: print,
  };
}
