import type { KnownImages } from '../../data/preprocessing';
import type { Hashes } from '../../model/digest';
import type { OnnxModel } from '../../model/onnx/graph';
import { openOnnx, type OnnxFile } from '../../model/onnx/open';
import { replacementEdits } from '../../model/onnx/replacement';
import { hashOnnx } from '../../report/onnx-facts';
import type { JobContext } from '../job-context';
import { knownOf } from './known-images';
import { closeModelGraph, openModelGraph } from './model-graph';
import { filesOf, writeOnnxResult } from './onnx-subject';
import { outputKind } from './output-format';
import type { PruneTarget } from './subject';
import { trainableCheckpoint } from './trainable-checkpoint';

/** What training made of a model. */
export interface Trained {
  /** The ONNX file that the training graph was derived from: the model, or a pruned copy of it. */
  readonly base: OnnxFile;
  /** Its model with trained values (`Trainer.exportModel`). */
  readonly model: OnnxModel;
  /** Steps that changed running statistics. */
  readonly steps: number;
}

/** A model of any format opened to train a student of it. The caller closes it. */
export interface Trainable {
  /** Graph and weights; of a checkpoint, a temporary ONNX file made of it. */
  readonly file: OnnxFile;
  /** The ONNX file that runs. */
  readonly onnx: string;
  readonly known: KnownImages;
  /** The model file and every file that holds weights of it: none of them may ever be written to. */
  readonly files: readonly string[];
  /** What a user must know of how it was opened. */
  readonly notes: readonly string[];
  hash(context: JobContext): Promise<Hashes>;
  /** Throws OutputError or ModelError where a student cannot be written under that name: before the training. */
  checkOutput(output: string): void;
  /**
   * Writes the student: the model's own file with other weights, or ONNX where the output's name says so. Returns what a
   * user must know of it. Throws OutputError or ModelError; then nothing is left behind.
   */
  write(trained: Trained, target: PruneTarget): Promise<{ sha256: string; notes: string[] }>;
  close(): void;
}

/** Throws as `openModelGraph` does. */
export function openTrainable(path: string, purpose: string): Trainable {
  const opened = openModelGraph(path, purpose);
  if (opened.kind === 'checkpoint') {
    try {
      return trainableCheckpoint(opened);
    } catch (error) {
      closeModelGraph(opened);
      throw error;
    }
  }
  const file = openOnnx(opened.source);
  const files = filesOf(file);
  return {
    file,
    onnx: path,
    known: knownOf(file.model),
    files,
    notes: [],
    hash: (context) => hashOnnx(file, (done) => context.tick('Hashing', done)),
    checkOutput: (output) => void outputKind({ path, format: 'onnx' }, output),
    write: ({ base, model }, target) => {
      file.verifyUnchanged();
      return writeOnnxResult(base, replacementEdits(base, model), { ...target, files });
    },
    close: () => file.close(),
  };
}
