import path from 'node:path';
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { ModelError } from '../../protocol/errors';
import { visible } from '../../protocol/wording';
import { ASSETS } from '../assets';
import type { ByteSource } from '../source';
import { STALL_MS, START_MS, TOTAL_MS } from './limits';
import {
  CONTROL_BYTES,
  OFFSET,
  PAGE_BYTES,
  STATE,
  WORD,
  type Hdf5Description,
  type Hdf5Reply,
  type Hdf5Request,
  type Hdf5Start,
} from './messages';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const MAX_USER_BLOCK = 1024 * 1024;

/**
 * Where a file has HDF5's signature: at its beginning, or after a user block of 512, 1024, 2048 … bytes. Null where it
 * has none.
 */
export function hdf5Start(source: ByteSource): number | null {
  for (
    let at = 0;
    at + SIGNATURE.length <= source.size && at <= MAX_USER_BLOCK;
    at = at === 0 ? 512 : at * 2
  ) {
    const head = source.read(at, SIGNATURE.length);
    if (SIGNATURE.every((byte, i) => head[i] === byte)) return at;
  }
  return null;
}

/**
 * An HDF5 file read by the real library, compiled to WebAssembly, in a thread of its own. The library is given the
 * file's bytes and no file system, so links, external storage and virtual datasets lead nowhere; its memory is bounded,
 * and it is stopped where it hangs. Calls block.
 */
export class Hdf5File {
  readonly description: Hdf5Description;
  private readonly source: ByteSource;
  private library: LibraryThread | null = null;
  /** The dataset unpacked last: a large weight is asked for in pieces. */
  private last: { readonly dataset: string; readonly bytes: Uint8Array } | null = null;

  /** Throws ModelError `malformed`, `truncated` or `too-large` where the file cannot be read. */
  constructor(source: ByteSource) {
    this.source = source;
    let needsLibrary = false;
    try {
      const reply = this.ask({ kind: 'describe' });
      if (reply.kind !== 'description') throw unexpected(source.path);
      this.description = reply.description;
      needsLibrary = reply.description.datasets.some(
        ({ fileOffset, problem, dims }) => fileOffset === null && problem === null && dims.length > 1,
      );
    } finally {
      // Most files need it no more: their weights lie flat and are read by range. To start it again takes a moment.
      if (!needsLibrary) this.close();
    }
  }

  /** All bytes of a dataset in the file's own type, filters undone. Throws ModelError where it cannot be read. */
  values(dataset: string): Uint8Array {
    if (this.last?.dataset === dataset) return this.last.bytes;
    this.last = null;
    const reply = this.ask({ kind: 'values', path: dataset });
    if (reply.kind !== 'values') throw unexpected(this.source.path);
    this.last = { dataset, bytes: reply.bytes };
    return reply.bytes;
  }

  /** Ends the thread; it starts again when it is needed. */
  close(): void {
    this.library?.stop();
    this.library = null;
    this.last = null;
  }

  private ask(request: Hdf5Request): Hdf5Reply {
    this.library ??= new LibraryThread(this.source);
    let reply: Hdf5Reply;
    try {
      reply = this.library.ask(request);
    } catch (error) {
      this.close();
      throw error;
    }
    if (reply.kind !== 'failed') return reply;
    throw new ModelError(
      reply.reason,
      this.source.path,
      `${this.source.path} is no HDF5 file that can be read: ${visible(reply.message)}.`,
    );
  }
}

class LibraryThread {
  private readonly source: ByteSource;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly words: Int32Array;
  private readonly offsets: Float64Array;
  private readonly page: Uint8Array;
  private started = false;

  constructor(source: ByteSource) {
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    const page = new SharedArrayBuffer(PAGE_BYTES);
    const start: Hdf5Start = { control, page, size: source.size };
    const { port1, port2 } = new MessageChannel();
    this.source = source;
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

  stop(): void {
    void this.worker.terminate();
    this.port.close();
  }

  /** Waits for the reply and serves the ranges that the library wants meanwhile. Throws ModelError where it hangs. */
  ask(request: Hdf5Request): Hdf5Reply {
    const began = Date.now();
    Atomics.store(this.words, WORD.state, STATE.working);
    this.port.postMessage(request);
    let progress = Atomics.load(this.words, WORD.progress);
    let since = began;
    for (;;) {
      Atomics.wait(this.words, WORD.state, STATE.working, 250);
      const state = Atomics.load(this.words, WORD.state);
      if (state === STATE.done) {
        this.started = true;
        return receiveMessageOnPort(this.port)?.message as Hdf5Reply;
      }
      if (state === STATE.wants) this.serve();
      const now = Date.now();
      const reached = Atomics.load(this.words, WORD.progress);
      if (reached !== progress) since = now;
      progress = reached;
      const patience = this.started || reached > 1 ? STALL_MS : START_MS;
      if (now - since > patience || now - began > TOTAL_MS) {
        throw new ModelError(
          'malformed',
          this.source.path,
          `${this.source.path} keeps the HDF5 library busy without an end; it was stopped after ${Math.round((now - began) / 1000)} s.`,
        );
      }
    }
  }

  private serve(): void {
    const length = Atomics.load(this.words, WORD.length);
    this.page.set(this.source.read(this.offsets[OFFSET]!, Math.min(length, PAGE_BYTES)));
    Atomics.store(this.words, WORD.state, STATE.working);
    Atomics.notify(this.words, WORD.state);
  }
}

function unexpected(file: string): ModelError {
  return new ModelError('malformed', file, `${file}: the HDF5 library's thread gave no answer.`);
}
