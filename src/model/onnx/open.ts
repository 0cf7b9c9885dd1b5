import { FileSource, type ByteSource } from '../source';
import { ConstantEvaluator } from './constant';
import { ExternalFiles } from './external';
import type { OnnxModel } from './graph';
import { GraphIndex } from './graph-index';
import { parseModel } from './parse';
import { TensorReader } from './tensor-data';

/** An ONNX file opened for reading: its structure in memory, its weights on disk until asked for. */
export interface OnnxFile {
  readonly source: ByteSource;
  readonly external: ExternalFiles;
  readonly model: OnnxModel;
  readonly index: GraphIndex;
  readonly reader: TensorReader;
  readonly evaluator: ConstantEvaluator;
  /** Throws ModelError `changed-while-reading` where the file or its external data is no longer what was opened. */
  verifyUnchanged(): void;
  close(): void;
}

/**
 * Opens an ONNX file, a path or a source that is open already, and checks its structure. Throws ModelError; the caller
 * closes what it is given, and the source with it.
 */
export function openOnnx(file: string | ByteSource): OnnxFile {
  const source = typeof file === 'string' ? new FileSource(file) : file;
  const { path } = source;
  try {
    const model = parseModel(source);
    const index = new GraphIndex(model.graph, path);
    const external = new ExternalFiles(path);
    const reader = new TensorReader(source, external);
    return {
      source,
      external,
      model,
      index,
      reader,
      evaluator: new ConstantEvaluator(index, reader),
      verifyUnchanged: () => {
        source.verifyUnchanged();
        external.verifyUnchanged();
      },
      close: () => {
        external.close();
        source.close();
      },
    };
  } catch (error) {
    source.close();
    throw error;
  }
}
