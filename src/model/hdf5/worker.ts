import { workerData, type MessagePort } from 'node:worker_threads';
import { LibraryFile, TooLarge, messageOf } from './library';
import { MAX_LIBRARY_BYTES } from './limits';
import type { Hdf5Reply, Hdf5Request, Hdf5Start } from './messages';
import { ServedFile } from './served-file';

// The thread that runs the HDF5 library, one file a thread: what a hostile file does to it, it does to nothing else.

const { start, port } = workerData as { start: Hdf5Start; port: MessagePort };
const served = new ServedFile(start);
boundMemory();
// The library's own complaints go to the console, which belongs to the product's own messages.
Object.assign(console, { log: () => undefined, error: () => undefined });

let file: LibraryFile | null = null;

port.on('message', (request: Hdf5Request) => {
  void answer(request).then((reply) => {
    port.postMessage(reply, reply.kind === 'values' ? [reply.bytes.buffer as ArrayBuffer] : []);
    served.done();
  });
});

async function answer(request: Hdf5Request): Promise<Hdf5Reply> {
  try {
    served.progress();
    file ??= await open();
    served.progress();
    if (request.kind === 'values') return { kind: 'values', bytes: file.values(request.path) };
    return { kind: 'description', description: file.describe() };
  } catch (error) {
    const reason = error instanceof TooLarge || error instanceof RangeError ? 'too-large' : 'malformed';
    return { kind: 'failed', reason, message: messageOf(error) };
  }
}

async function open(): Promise<LibraryFile> {
  // Imported late, when the console is quiet and memory bounded.
  const { ready, Attribute } = await import('h5wasm');
  return new LibraryFile(await ready, Attribute, served);
}

interface GrowingMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Lets WebAssembly's memory grow up to the limit; beyond it the library's allocations fail. */
function boundMemory(): void {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: GrowingMemory } } })
    .WebAssembly;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its memory below
  const { grow } = Memory.prototype;
  Memory.prototype.grow = function (this: GrowingMemory, pages: number): number {
    if (this.buffer.byteLength + pages * 65536 > MAX_LIBRARY_BYTES) {
      throw new RangeError('the HDF5 library needs more memory than it is given');
    }
    return grow.call(this, pages);
  };
}
