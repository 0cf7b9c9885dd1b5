import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { ModelError } from '../../protocol/errors';
import { ASSETS } from '../assets';
import type { ByteSource } from '../source';
import { compileAsset, type CompiledModule } from '../webassembly';
import { MAX_THREAD_FILES, STALL_MS, START_MS, TOTAL_MS } from './limits';
import {
  CONTROL_BYTES,
  OFFSET,
  PAGE_BYTES,
  STATE,
  WORD,
  type Hdf5Opening,
  type Hdf5Reply,
  type Hdf5Request,
  type Hdf5Start,
} from './messages';

/**
 * Work that a function of the library does before V8 optimises it, as V8 counts. With V8's own figure the optimising
 * compiler takes more time than all else that opening a file does; what unpacks weights still gets optimised.
 */
const OPTIMISE_AFTER = 100_000_000;

/** Compiled once a process: every thread makes its instances of it. */
let compiled: CompiledModule | null = null;

function compiledLibrary(): CompiledModule {
  if (compiled === null) {
    setFlagsFromString(`--wasm-tiering-budget=${OPTIMISE_AFTER}`);
    compiled = compileAsset('hdf5.wasm');
  }
  return compiled;
}

/** A thread that runs the HDF5 library, for one file after the other. Calls block. */
export class LibraryThread {
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly words: Int32Array;
  private readonly offsets: Float64Array;
  private readonly page: Uint8Array;
  private source: ByteSource | null = null;
  private files = 0;
  private stopped = false;

  constructor() {
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    const page = new SharedArrayBuffer(PAGE_BYTES);
    const start: Hdf5Start = { control, page };
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.words = new Int32Array(control);
    this.offsets = new Float64Array(control);
    this.page = new Uint8Array(page);
    this.worker = new Worker(path.join(ASSETS, 'hdf5-worker.js'), {
      workerData: { start, port: port2 },
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    // Neither a thread that waits nor one that died may keep the process, or end it.
    this.worker.unref();
    this.worker.on('error', () => undefined);
    this.port.unref();
  }

  /** True once it has hung or was stopped: it answers no more. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /**
   * True where another thread should read the next file: memory that has grown does not shrink, and what embind holds for
   * code that did not return is only given up with the thread.
   */
  get isWorn(): boolean {
    return this.files >= MAX_THREAD_FILES || Atomics.load(this.words, WORD.grown) !== 0;
  }

  /** Opens a file and forgets the one before. Throws as `ask` does. */
  open(source: ByteSource): Hdf5Reply {
    this.source = source;
    this.files++;
    // While the thread starts.
    const library = compiledLibrary();
    return this.exchange(source, { kind: 'open', size: source.size, library });
  }

  /**
   * Waits for the reply and serves the ranges of the file that the library wants meanwhile. Throws ModelError
   * `malformed` where it hangs, and what reading the file throws; the thread is stopped then.
   */
  ask(request: Hdf5Request): Hdf5Reply {
    if (this.source === null) throw new RangeError('no file is open');
    return this.exchange(this.source, request);
  }

  /** Ends the thread, whatever it does. */
  stop(): void {
    this.stopped = true;
    void this.worker.terminate();
    this.port.close();
  }

  private exchange(source: ByteSource, request: Hdf5Opening | Hdf5Request): Hdf5Reply {
    try {
      Atomics.store(this.words, WORD.state, STATE.working);
      this.port.postMessage(request);
      this.serve(source);
      return receiveMessageOnPort(this.port)?.message as Hdf5Reply;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Until the thread is done. */
  private serve(source: ByteSource): void {
    const began = Date.now();
    let patience = START_MS;
    let progress = Atomics.load(this.words, WORD.progress);
    let since = began;
    for (;;) {
      Atomics.wait(this.words, WORD.state, STATE.working, 250);
      const state = Atomics.load(this.words, WORD.state);
      if (state === STATE.done) return;
      if (state === STATE.wants) {
        const length = Math.min(Atomics.load(this.words, WORD.length), PAGE_BYTES);
        this.page.set(source.read(this.offsets[OFFSET]!, length));
        Atomics.store(this.words, WORD.state, STATE.working);
        Atomics.notify(this.words, WORD.state);
      }
      const now = Date.now();
      const reached = Atomics.load(this.words, WORD.progress);
      if (reached !== progress) {
        since = now;
        patience = STALL_MS;
      }
      progress = reached;
      if (now - since > patience || now - began > TOTAL_MS) {
        throw new ModelError(
          'malformed',
          source.path,
          `${source.path} keeps the HDF5 library busy without an end; it was stopped after ${Math.round((now - began) / 1000)} s.`,
        );
      }
    }
  }
}
