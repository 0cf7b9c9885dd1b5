import type { ModelReason } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import { CheckpointError } from '../checkpoint';
import { runPickle, type PickleDialect, type PickleResult } from '../pickle/machine';
import type { PickleValue } from '../pickle/values';
import type { ByteSource } from '../source';
import { pickleFindings, type PicklePlace } from './pickle-findings';

/** A pickle that was read to its STOP. */
export interface WholePickle extends PickleResult {
  readonly root: PickleValue;
}

/**
 * Reads a pickle of `file` and adds what it would do to `findings`.
 * `apart`: a global that the caller reports itself, once the pickle has been read to its end.
 * @throws CheckpointError, with all findings, where it cannot be read to its end.
 */
export function readPickle(
  source: ByteSource,
  start: number,
  dialect: PickleDialect,
  place: PicklePlace,
  findings: Finding[],
  file = source.path,
  apart?: string,
): WholePickle {
  const result = runPickle(source, start, source.size, dialect);
  const { fault, root } = result;
  findings.push(...pickleFindings(result, place, fault ? undefined : apart));
  if (fault || root === undefined) {
    const reason: ModelReason = fault && fault.reason !== 'unknown-opcode' ? fault.reason : 'malformed';
    throw new CheckpointError(
      reason,
      file,
      `${source.path} cannot be read as a pickle past byte ${result.end}: ${fault?.message ?? 'it holds nothing'}. Do not load it in Python; ask for the file again, or for safetensors.`,
      findings,
    );
  }
  return { ...result, root };
}
