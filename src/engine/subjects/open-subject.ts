import { FileSource } from '../../model/source';
import { checkpointSubject } from './checkpoint-subject';
import { kindOf } from './kind';
import { onnxSubject } from './onnx-subject';
import type { Subject, SubjectOptions } from './subject';

/**
 * Opens a model file of any format that Scour reads, recognised by content. Throws ModelError `empty` or
 * `unsupported-format` where there is nothing to read, and what the reader of the format throws.
 */
export function openSubject(path: string, options: SubjectOptions): Subject {
  const source = new FileSource(path);
  try {
    const kind = kindOf(source);
    return kind === 'onnx' ? onnxSubject(source, options) : checkpointSubject(source, kind(source), options);
  } catch (error) {
    source.close();
    throw error;
  }
}
