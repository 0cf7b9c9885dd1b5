import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { DataError, messageOf } from '../../protocol/errors';
import { ASSETS } from '../../model/assets';
import type { DecodeReply, DecodeRequest } from './messages';

interface Waiting {
  resolve: (reply: DecodeReply) => void;
  reject: (reason: Error) => void;
}

/** A thread that decodes images. Requests are answered in order. */
export class DecodeWorker {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private failed: Error | null = null;

  constructor() {
    this.worker = new Worker(path.join(ASSETS, 'decode-worker.js'));
    this.worker.on('message', (reply: DecodeReply) => this.waiting.shift()?.resolve(reply));
    this.worker.on('messageerror', (error) => this.fail(error));
    this.worker.on('error', (error) => this.fail(error));
    this.worker.on('exit', (code) => this.fail(new Error(`it ended with code ${code}`)));
  }

  /** Rejects with DataError where the worker itself fails; images that cannot be read are part of the reply. */
  decode(request: DecodeRequest): Promise<DecodeReply> {
    if (this.failed) return Promise.reject(this.failed);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request);
    });
  }

  /** Ends the thread, also in the middle of an image. */
  async stop(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(cause: unknown): void {
    this.failed ??= new DataError(
      'unreadable-image',
      '',
      `The thread that decodes images failed: ${messageOf(cause)}.`,
      { cause },
    );
    for (const { reject } of this.waiting.splice(0)) reject(this.failed);
  }
}
