import type { ConvolutionLayer } from '../../defenses/clp/layers';
import type { Selection } from '../../defenses/clp/prune-onnx';
import type { Hashes } from '../../model/digest';
import type { Finding } from '../../protocol/findings';
import type { ModelFacts } from '../../protocol/scan';
import type { JobContext } from '../job-context';

/** A model file opened for a job, whatever its format. The caller closes it. */
export interface Subject {
  readonly path: string;
  /** The model file and every file that holds weights of it: none of them may ever be written to. */
  readonly files: readonly string[];
  /** Convolutions to score, in the file's order. */
  readonly layers: readonly ConvolutionLayer[];
  hash(context: JobContext): Promise<Hashes>;
  /** Hashes, and in the same pass over the bytes compares them with the file's own checksums, where it has them. */
  verify(context: JobContext): Promise<{ readonly hashes: Hashes; readonly findings: readonly Finding[] }>;
  facts(hashes: Hashes): ModelFacts;
  /** What was noticed in the file itself, apart from its checksums. */
  findings(): readonly Finding[];
  /**
   * Writes a copy with the selected channels silenced; with `provenance`, it is recorded in the file. Returns what a user
   * must know of the result. Throws OutputError or ModelError; then nothing is left behind.
   */
  writePruned(selection: Selection, target: PruneTarget): Promise<{ sha256: string; notes: string[] }>;
  /** Throws OutputError or ModelError where a copy cannot be written under that name, whatever is selected. */
  checkOutput(output: string): void;
  /** Throws ModelError `changed-while-reading` where the file is no longer what was opened. */
  verifyUnchanged(): void;
  close(): void;
}

export interface PruneTarget {
  readonly output: string;
  readonly force: boolean;
  /** JSON text; null for a temporary copy that nobody keeps. */
  readonly provenance: string | null;
}

export interface SubjectOptions {
  /** Adds each batch norm's ε to its variance; the reference does not. Known where the graph is. */
  readonly withEpsilon: boolean;
}
