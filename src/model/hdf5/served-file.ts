import type { H5Module } from 'h5wasm/library';
import { OFFSET, PAGE_BYTES, STATE, WORD, type Hdf5Start } from './messages';

/** A stretch of the file that the library read. */
export interface Served {
  readonly offset: number;
  readonly length: number;
}

/** ENOENT as Emscripten numbers it. */
const NO_SUCH_FILE = 44;
/** Bytes fetched at once: HDF5 reads its structures in pieces of a few hundred bytes that lie close together. */
const BLOCK = 64 * 1024;
const BLOCKS_KEPT = 64;

/** The model's bytes as the library's thread sees them: fetched from the asking thread, block by block. */
export class ServedFile {
  readonly size: number;
  private readonly words: Int32Array;
  private readonly offsets: Float64Array;
  private readonly page: Uint8Array;
  private readonly blocks = new Map<number, Uint8Array>();
  private trace: Served[] = [];

  constructor({ control, page }: Hdf5Start, size: number) {
    this.size = size;
    this.words = new Int32Array(control);
    this.offsets = new Float64Array(control);
    this.page = new Uint8Array(page);
  }

  /**
   * Puts the file into the library's file system, which holds nothing else. It is there to be opened once: external
   * links and external storage lead nowhere, not back to it either.
   */
  mount({ FS }: H5Module, path: string): void {
    const node = FS.createFile('/', path.slice(1), {}, true, false);
    let isOpen = false;
    node.usedBytes = this.size;
    node.stream_ops = {
      ...node.stream_ops,
      open: () => {
        if (isOpen) throw new FS.ErrnoError(NO_SUCH_FILE);
        isOpen = true;
      },
      read: (_stream, buffer, offset, length, position) => {
        const count = Math.max(0, Math.min(length, this.size - position));
        this.trace.push({ offset: position, length: count });
        this.copy(position, buffer.subarray(offset, offset + count));
        return count;
      },
    };
  }

  /** What the library read while `work` ran. */
  traced(work: () => void): readonly Served[] {
    this.trace = [];
    work();
    return this.trace;
  }

  /** Says that the library has started, or that another object is about to be read, so that work goes on. */
  progress(): void {
    Atomics.add(this.words, WORD.progress, 1);
  }

  private copy(position: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const at = position + done;
      const rest = into.length - done;
      if (rest >= BLOCK) {
        const length = Math.min(rest, PAGE_BYTES);
        into.set(this.fetch(at, length), done);
        done += length;
        continue;
      }
      const first = Math.floor(at / BLOCK) * BLOCK;
      const block = this.block(first);
      const piece = block.subarray(at - first, at - first + rest);
      into.set(piece, done);
      done += piece.length;
    }
  }

  private block(first: number): Uint8Array {
    let block = this.blocks.get(first);
    if (!block) {
      block = this.fetch(first, Math.min(BLOCK, this.size - first)).slice();
      if (this.blocks.size >= BLOCKS_KEPT) this.blocks.delete(this.blocks.keys().next().value!);
      this.blocks.set(first, block);
    }
    return block;
  }

  /** A view of the page, good until the next fetch. */
  private fetch(offset: number, length: number): Uint8Array {
    this.offsets[OFFSET] = offset;
    Atomics.store(this.words, WORD.length, length);
    Atomics.store(this.words, WORD.state, STATE.wants);
    Atomics.notify(this.words, WORD.state);
    Atomics.wait(this.words, WORD.state, STATE.wants);
    return this.page.subarray(0, length);
  }
}
