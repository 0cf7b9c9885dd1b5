import { workerData, type MessagePort } from 'node:worker_threads';
import { LibraryInstance } from './instance';
import { LibraryFile, messageOf } from './library';
import { TooLarge } from './limits';
import { STATE, WORD, type Hdf5Opening, type Hdf5Reply, type Hdf5Request, type Hdf5Start } from './messages';
import { ServedFile } from './served-file';

// The thread that runs the HDF5 library. Every file has it as if it were the first: what a hostile one does to it, it
// does to no other.

const { start, port } = workerData as { start: Hdf5Start; port: MessagePort };
const words = new Int32Array(start.control);

let instance: LibraryInstance | null = null;
let file: LibraryFile | null = null;

port.on('message', (request: Hdf5Opening | Hdf5Request) => {
  void answer(request).then((reply) => {
    port.postMessage(reply, reply.kind === 'values' ? [reply.bytes.buffer as ArrayBuffer] : []);
    Atomics.store(words, WORD.grown, instance?.hasGrown ? 1 : 0);
    Atomics.store(words, WORD.state, STATE.done);
    Atomics.notify(words, WORD.state);
  });
});

async function answer(request: Hdf5Opening | Hdf5Request): Promise<Hdf5Reply> {
  try {
    if (request.kind === 'open') {
      file = null;
      if (instance) instance.reset();
      else instance = await LibraryInstance.start(request.library);
      file = new LibraryFile(instance, new ServedFile(start, request.size));
      return { kind: 'opened' };
    }
    if (file === null) throw new Error('no file is open');
    if (request.kind === 'values') return file.values(request.path, request.row);
    return { kind: 'description', description: file.describe() };
  } catch (error) {
    instance?.unwind();
    const reason = error instanceof TooLarge || error instanceof RangeError ? 'too-large' : 'malformed';
    return { kind: 'failed', reason, message: messageOf(error) };
  }
}
