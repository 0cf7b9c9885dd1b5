import { ModelError, type ModelReason } from '../protocol/errors';
import type { Finding } from '../protocol/findings';
import type { Format } from '../protocol/scan';
import type { CheckpointTensor } from './checkpoint-tensor';

/** New values for part of a tensor. */
export interface TensorEdit {
  readonly tensor: CheckpointTensor;
  /** Index of the first element, row-major. */
  readonly start: number;
  /** Converted to the tensor's type; quantised tensors take real values. */
  readonly values: Float32Array | Float64Array;
}

/** A file of named weights, whatever its format. Values are read when asked for. */
export interface Checkpoint {
  readonly format: Format;
  /** What kind of file it is, for a person: "PyTorch zip checkpoint". */
  readonly variant: string;
  /** In the order of the file. Names are unique. */
  readonly tensors: readonly CheckpointTensor[];
  /** What was noticed while opening. */
  readonly findings: readonly Finding[];
  /** What the file says about itself and Scour wrote there (a pruned or cleansed model). */
  readonly provenance: Readonly<Record<string, string>>;
  /** Reads every stored byte and compares it with the file's checksums, where the format has them. */
  verify(): Finding[];
  /**
   * The bytes of a file that differs from this one in `edits` and the provenance only, in pieces. Formats without a
   * place for provenance leave it out.
   * @throws ModelError `unsupported-type` where a tensor cannot be changed in place.
   */
  edited(edits: readonly TensorEdit[], provenance: Readonly<Record<string, string>>): Iterable<Uint8Array>;
}

/**
 * A checkpoint that cannot be read to its end, with what was noticed before: a file may run code in Python first and
 * break afterwards.
 */
export class CheckpointError extends ModelError {
  readonly findings: readonly Finding[];

  constructor(
    reason: ModelReason,
    path: string,
    message: string,
    findings: readonly Finding[],
    options?: ErrorOptions,
  ) {
    super(reason, path, message, options);
    this.findings = findings;
  }
}
