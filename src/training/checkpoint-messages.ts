import type { OutputReason } from '../protocol/errors';
import type { Checkpoint } from './checkpoint';
import type { TrainingSnapshot } from './state';

/** One checkpoint to write: see `writeCheckpoint`. */
export interface WriteRequest {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  readonly asBest: string | null;
}

export interface WriteReply {
  /** Milliseconds that it kept a processor busy. */
  readonly busy: number;
  /** Milliseconds from its beginning to its end. */
  readonly took: number;
  /** Why it is not written, or null. */
  readonly failure: { readonly reason: OutputReason; readonly path: string; readonly message: string } | null;
  /** What was written, whose memory may be used again. */
  readonly snapshot: TrainingSnapshot;
}

/** The memory of a snapshot, to be handed from thread to thread instead of copied. */
export function memoryOf({ tensors }: TrainingSnapshot): ArrayBuffer[] {
  const buffers = new Set([...tensors.values()].map(({ data }) => data.buffer));
  return [...buffers].filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
}
