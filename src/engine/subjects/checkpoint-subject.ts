import nodePath from 'node:path';
import { checkpointLayers } from '../../defenses/clp/checkpoint-layers';
import { checkpointEdits } from '../../defenses/clp/prune-checkpoint';
import { writeAtomically } from '../../model/atomic-write';
import type { Checkpoint } from '../../model/checkpoint';
import { combinedKey, sha256Of } from '../../model/digest';
import { isFloat } from '../../model/dtype';
import { PROVENANCE_KEY } from '../../model/onnx/facts';
import type { ByteSource } from '../../model/source';
import type { Finding } from '../../protocol/findings';
import type { ModelFacts } from '../../protocol/scan';
import type { Hashes } from '../../report/scan-report';
import type { JobContext } from '../job-context';
import type { Subject } from './subject';

/** A file of weights, opened by the reader of its format without running anything in it; closing it closes the source. */
export function checkpointSubject(source: ByteSource, checkpoint: Checkpoint): Subject {
  const { path } = source;
  const parts = checkpoint.parts ?? [];
  const files = [path, ...parts.map((part) => part.path)];
  const close = (): void => {
    checkpoint.close?.();
    source.close();
  };
  const verifyUnchanged = (): void => {
    for (const file of [source, ...parts]) file.verifyUnchanged();
  };
  try {
    const layers = checkpointLayers(checkpoint);
    return {
      path,
      files,
      layers: layers.map(({ layer }) => layer),
      hash: (context) => hash(source, parts, context),
      facts: (hashes) => factsOf(source, checkpoint, hashes),
      findings: () => findingsOf(checkpoint),
      writePruned: async (selection, { output, force, provenance }) => {
        const made: Record<string, string> = provenance === null ? {} : { [PROVENANCE_KEY]: provenance };
        const { sha256 } = await writeAtomically(output, { force, inputs: files }, (sink) => {
          for (const piece of checkpoint.edited(checkpointEdits(layers, selection), made)) sink(piece);
          verifyUnchanged();
        });
        return { sha256, notes: [] };
      },
      verifyUnchanged,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Hashes the file and every other that holds weights of it. */
async function hash(source: ByteSource, parts: readonly ByteSource[], context: JobContext): Promise<Hashes> {
  const total = [source, ...parts].reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  const hashOf = async (file: ByteSource): Promise<string> => {
    const digest = await sha256Of(file, (done) => context.tick('Hashing', (before + done) / total));
    before += file.size;
    return digest;
  };
  const sha256 = await hashOf(source);
  const folder = nodePath.dirname(source.path);
  const external: { path: string; bytes: number; sha256: string }[] = [];
  for (const part of parts) {
    external.push({
      path: nodePath.relative(folder, part.path),
      bytes: part.size,
      sha256: await hashOf(part),
    });
  }
  return { sha256, external, key: combinedKey(sha256, external) };
}

function factsOf(source: ByteSource, checkpoint: Checkpoint, hashes: Hashes): ModelFacts {
  const weights = checkpoint.tensors.filter(
    ({ dtype, layout }) => isFloat(dtype) || layout.quantization !== null,
  );
  const { provenance } = checkpoint;
  return {
    path: source.path,
    format: checkpoint.format,
    sha256: hashes.sha256,
    bytes: source.size,
    parameters: weights.reduce((sum, { elements }) => sum + elements, 0),
    producer: checkpoint.variant,
    ...(hashes.external.length > 0 ? { external: hashes.external } : {}),
    ...(Object.keys(provenance).length > 0 ? { provenance: { ...provenance } } : {}),
  };
}

/** What was noticed while opening, and what the file's own checksums say. */
function findingsOf(checkpoint: Checkpoint): Finding[] {
  return [...checkpoint.findings, ...checkpoint.verify()];
}
