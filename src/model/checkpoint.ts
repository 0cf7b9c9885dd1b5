import { ModelError, type ModelReason } from '../protocol/errors';
import type { Finding } from '../protocol/findings';
import type { Format } from '../protocol/scan';
import type { CheckpointTensor } from './checkpoint-tensor';
import type { ByteSource } from './source';
import type { NoGraph, WeightedGraph } from './weighted-graph';

/** New values for part of a tensor. */
export interface TensorEdit {
  readonly tensor: CheckpointTensor;
  /** Index of the first element, row-major. */
  readonly start: number;
  /** Converted to the tensor's type; quantised tensors take real values. */
  readonly values: Float32Array | Float64Array;
}

/** A batch norm as a file declares it. γ or β is null where it has none. */
export interface DeclaredNorm {
  readonly name: string;
  readonly gamma: CheckpointTensor | null;
  readonly beta: CheckpointTensor | null;
  readonly mean: CheckpointTensor;
  readonly variance: CheckpointTensor;
  readonly epsilon: number;
}

/** A convolution of a file that holds the network's graph, with the batch norm that its output flows into. */
export interface DeclaredConvolution {
  /** Unique within the file. */
  readonly name: string;
  /** `Conv2D`, `DepthwiseConv2D` … */
  readonly operator: string;
  /** C_out × C_in/groups × kernel, whatever the file's own order is; null where it is missing. */
  readonly weight: CheckpointTensor | null;
  readonly bias: CheckpointTensor | null;
  readonly groups: number;
  readonly norm: DeclaredNorm | null;
  /** What a reader must know of how it was paired; null where it is the plain case. */
  readonly note: string | null;
  /** Why it cannot be scored, or null. */
  readonly problem: string | null;
}

/** Checksums that a file states of its own bytes, compared with them as they pass by. */
export interface Checksums {
  /** Takes the next bytes of the file: all of them, in order. */
  take(bytes: Uint8Array): void;
  /** What does not fit, once all bytes have passed. */
  findings(): Finding[];
}

/** A file of named weights, whatever its format. Values are read when asked for. */
export interface Checkpoint {
  readonly format: Format;
  /** What kind of file it is, for a person: "PyTorch zip checkpoint". */
  readonly variant: string;
  /** In the order of the file. Names are unique. */
  readonly tensors: readonly CheckpointTensor[];
  /** Of a file that holds the graph too. Without it, convolutions are found and paired by names and shapes. */
  readonly convolutions?: readonly DeclaredConvolution[];
  /** Of a file that describes its network: the graph, or why there is none to be made of the description. */
  readonly graph?: () => WeightedGraph | NoGraph;
  /** Other files that hold its weights. */
  readonly parts?: readonly ByteSource[];
  /** What was noticed while opening. */
  readonly findings: readonly Finding[];
  /** What the file says about itself and Scour wrote there (a pruned or cleansed model). */
  readonly provenance: Readonly<Record<string, string>>;
  /** Of formats that have checksums: those of the file itself or of one of its `parts`. */
  checksums?(file: ByteSource): Checksums | undefined;
  /**
   * The bytes of a file that differs from this one in `edits` and the provenance only, in pieces. Formats without a
   * place for provenance leave it out.
   * @throws ModelError `unsupported-type` where a tensor cannot be changed in place.
   */
  edited(edits: readonly TensorEdit[], provenance: Readonly<Record<string, string>>): Iterable<Uint8Array>;
  /** Lets go of what was opened beside the file itself. */
  close?(): void;
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
