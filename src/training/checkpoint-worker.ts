// The writing thread: a thread that writes checkpoints while onnxruntime keeps the training one.
import { parentPort } from 'node:worker_threads';
import { OutputError } from '../protocol/errors';
import { writeFailed } from '../model/write-failed';
import { writeCheckpoint } from './checkpoint';
import { memoryOf, type WriteReply, type WriteRequest } from './checkpoint-messages';

const port = parentPort;
if (port === null) throw new Error('This file is a worker; it does nothing when it is run by itself.');

async function answer({ path, checkpoint, asBest }: WriteRequest): Promise<WriteReply> {
  const { snapshot } = checkpoint;
  const started = performance.now();
  try {
    const busy = await writeCheckpoint(path, checkpoint, asBest);
    return { busy, took: performance.now() - started, failure: null, snapshot };
  } catch (cause) {
    const error = cause instanceof OutputError ? cause : writeFailed(path, cause);
    const { reason, path: file, message } = error;
    const took = performance.now() - started;
    return { busy: took, took, failure: { reason, path: file, message }, snapshot };
  }
}

port.on('message', (request: WriteRequest) => {
  void answer(request).then((reply) => port.postMessage(reply, memoryOf(reply.snapshot)));
});
