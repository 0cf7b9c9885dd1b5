// The decoding worker: a thread that turns image files into pixels while the model runs on another.
import { parentPort } from 'node:worker_threads';
import { decodeBatch } from './decode-batch';
import type { DecodeRequest } from './messages';

const port = parentPort;
if (port === null) throw new Error('This file is a worker; it does nothing when it is run by itself.');

let last = Promise.resolve();
port.on('message', (request: DecodeRequest) => {
  last = last.then(async () => {
    const reply = await decodeBatch(request);
    port.postMessage(reply, [reply.pixels.buffer]);
  });
});
