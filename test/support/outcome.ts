import { CheckpointError } from '../../src/model/checkpoint';
import { weightedGraph } from '../../src/model/weighted-graph';
import { ModelError } from '../../src/protocol/errors';
import type { Finding } from '../../src/protocol/findings';
import { openBytes } from './seeds';
import { checksumFindings } from './verify';

export interface Outcome {
  /** Reason of the error that opening the file ended with, or null. */
  readonly error: string | null;
  readonly findings: readonly Finding[];
  /** Of every error, those of tensors that cannot be read included. */
  readonly messages: readonly string[];
  /** Values by tensor name; null for those that cannot be read. */
  readonly tensors: ReadonlyMap<string, Float32Array | Float64Array | null>;
}

/** Opens a file, verifies it and reads every tensor, as a scan would. Anything but a ModelError escapes. */
export function outcomeOf(file: string, bytes: Uint8Array): Outcome {
  const tensors = new Map<string, Float32Array | Float64Array | null>();
  try {
    const checkpoint = openBytes(file, bytes);
    const findings = [...checkpoint.findings, ...checksumFindings(checkpoint, bytes)];
    // Recognition is given whatever names and shapes a file has.
    weightedGraph(checkpoint);
    const messages: string[] = [];
    for (const tensor of checkpoint.tensors) {
      try {
        tensors.set(tensor.name, tensor.values());
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        tensors.set(tensor.name, null);
        messages.push(error.message);
      }
    }
    return { error: null, findings, messages, tensors };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const findings = error instanceof CheckpointError ? error.findings : [];
    return { error: error.reason, findings, messages: [error.message], tensors };
  }
}
