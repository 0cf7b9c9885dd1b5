import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ASSETS } from '../assets';

type CompiledModule = object;
interface ModuleInstance {
  readonly exports: object;
}
/** The part of WebAssembly's interface that is used; Node's types leave it to the DOM's. */
const { Module, Instance } = (
  globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => CompiledModule;
      Instance: new (module: CompiledModule, imports: object) => ModuleInstance;
    };
  }
).WebAssembly;

/** A decoded picture as the codecs return it: RGBA. */
export interface Decoded {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** What the Emscripten factories of the codecs take; their own types know only part of it. */
export interface CodecOptions {
  noInitialRun: boolean;
  instantiateWasm(imports: object, done: (instance: ModuleInstance) => void): object;
  print(line: string): void;
  printErr(line: string): void;
}

/**
 * One codec compiled to WebAssembly: a sandbox of its own memory, so that a file which breaks the decoder breaks
 * nothing else. An instance that failed is thrown away, never used again.
 */
export class WasmCodec<Codec> {
  private readonly file: string;
  private readonly create: (options: CodecOptions) => Promise<Codec>;
  private compiled: CompiledModule | null = null;
  private instance: Promise<Codec> | null = null;
  private complaints: string[] = [];

  /** `file`: name of the .wasm file among the product's assets. */
  constructor(file: string, create: (options: CodecOptions) => Promise<Codec>) {
    this.file = file;
    this.create = create;
  }

  /**
   * Runs one decoding; `complaints` are the lines that the codec wrote meanwhile. `keep` = false frees the memory that
   * a large image made the instance claim. Rejects with CodecFailure where the codec threw.
   */
  async run<T>(
    decode: (codec: Codec) => T,
    keep: boolean,
  ): Promise<{ result: T; complaints: readonly string[] }> {
    const instance = await (this.instance ??= this.instantiate());
    // From here to the return nothing is awaited: the complaints are this decoding's own.
    const complaints: string[] = [];
    this.complaints = complaints;
    try {
      const result = decode(instance);
      if (!keep) this.instance = null;
      return { result, complaints };
    } catch (cause) {
      this.instance = null;
      throw new CodecFailure(complaints, cause);
    }
  }

  private instantiate(): Promise<Codec> {
    this.compiled ??= new Module(readFileSync(path.join(ASSETS, this.file)));
    const compiled = this.compiled;
    const complain = (line: string): void => {
      this.complaints.push(line);
    };
    return this.create({
      noInitialRun: true,
      instantiateWasm: (imports, done) => {
        const instance = new Instance(compiled, imports);
        done(instance);
        return instance.exports;
      },
      print: complain,
      printErr: complain,
    });
  }
}

/** The codec gave up; `message` is what it said. */
export class CodecFailure extends Error {
  constructor(complaints: readonly string[], cause: unknown) {
    super(complaints.at(-1) ?? 'the decoder failed', { cause });
    this.name = 'CodecFailure';
  }
}
