import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ASSETS } from '../model/assets';
import { OutputError, messageOf } from '../protocol/errors';
import { memoryOf, type WriteReply, type WriteRequest } from './checkpoint-messages';
import type { TrainingSnapshot } from './state';

/**
 * Writes checkpoints in a thread of its own, one at a time: onnxruntime blocks the training thread while it computes, so
 * that nothing there could write meanwhile.
 */
export class CheckpointWriter {
  private readonly worker: Worker;
  /** Ends the write at hand; null while there is none. */
  private finish: ((end: WriteReply | Error) => void) | null = null;
  private whenDone: Promise<void> = Promise.resolve();
  private failure: Error | null = null;
  private spare: TrainingSnapshot | null = null;
  private lastCost = { busy: 0, took: 0 };

  constructor() {
    this.worker = new Worker(path.join(ASSETS, 'checkpoint-worker.js'));
    this.worker.on('message', (reply: WriteReply) => this.end(reply));
    this.worker.on('messageerror', (error) => this.die(error));
    this.worker.on('error', (error) => this.die(error));
    this.worker.on('exit', (code) => this.die(new Error(`it ended with code ${code}`)));
  }

  /** True while a checkpoint is being written; known once the event loop has turned. */
  get outstanding(): boolean {
    return this.finish !== null;
  }

  /** What the last checkpoint written took, in milliseconds: of a processor, and from its beginning to its end. */
  get cost(): { readonly busy: number; readonly took: number } {
    return this.lastCost;
  }

  /** The memory of a snapshot that was written, for the next one; undefined where there is none. */
  takeSpare(): TrainingSnapshot | undefined {
    const { spare } = this;
    this.spare = null;
    return spare ?? undefined;
  }

  /** Begins to write, as `writeCheckpoint` does. The snapshot's memory is gone from this thread. None may be outstanding. */
  start(request: WriteRequest): void {
    if (this.finish !== null) throw new Error('A checkpoint is being written already.');
    this.whenDone = new Promise((resolve, reject) => {
      this.finish = (end) => {
        this.finish = null;
        if (end instanceof Error) {
          reject(failed(request.path, end));
          return;
        }
        this.lastCost = end;
        this.spare = end.snapshot;
        if (end.failure === null) resolve();
        else reject(new OutputError(end.failure.reason, end.failure.path, end.failure.message));
      };
    });
    this.whenDone.catch(() => undefined); // met by whoever asks for it
    if (this.failure === null) this.worker.postMessage(request, memoryOf(request.checkpoint.snapshot));
    else this.end(this.failure);
  }

  /** Once the last checkpoint begun is on the disk. Rejects with OutputError `write-failed` where it is not: the one before then still is. */
  settled(): Promise<void> {
    return this.whenDone;
  }

  /** Ends the thread, after what it is writing. */
  async close(): Promise<void> {
    await this.whenDone.catch(() => undefined);
    await this.worker.terminate();
  }

  private die(cause: unknown): void {
    this.failure ??= new Error(`the thread that writes failed: ${messageOf(cause)}`, { cause });
    this.end(this.failure);
  }

  private end(how: WriteReply | Error): void {
    this.finish?.(how);
  }
}

function failed(file: string, cause: Error): OutputError {
  return new OutputError('write-failed', file, `${file} cannot be written: ${cause.message}`, { cause });
}
