import { checkpointLayers } from '../../defenses/clp/checkpoint-layers';
import { checkpointEdits } from '../../defenses/clp/prune-checkpoint';
import { writeAtomically } from '../../model/atomic-write';
import type { Checkpoint } from '../../model/checkpoint';
import { combinedKey, sha256Of } from '../../model/digest';
import { isFloat } from '../../model/dtype';
import { PROVENANCE_KEY } from '../../model/onnx/facts';
import { openPyTorch } from '../../model/pytorch/open';
import { matchSafetensors, openSafetensors } from '../../model/safetensors/open';
import type { ByteSource } from '../../model/source';
import type { Finding } from '../../protocol/findings';
import type { ModelFacts } from '../../protocol/scan';
import type { Hashes } from '../../report/scan-report';
import type { Subject } from './subject';

/** A PyTorch or safetensors file, read without running anything in it; closing it closes the source. Throws ModelError. */
export function checkpointSubject(source: ByteSource): Subject {
  const { path } = source;
  try {
    const checkpoint = matchSafetensors(source) ? openSafetensors(source) : openPyTorch(source);
    const layers = checkpointLayers(checkpoint);
    return {
      path,
      files: [path],
      layers: layers.map(({ layer }) => layer),
      hash: async (context): Promise<Hashes> => {
        const sha256 = await sha256Of(source, (done) => context.tick('Hashing', done / source.size));
        return { sha256, external: [], key: combinedKey(sha256, []) };
      },
      facts: (hashes) => factsOf(source, checkpoint, hashes),
      findings: () => findingsOf(checkpoint),
      writePruned: async (selection, { output, force, provenance }) => {
        const made: Record<string, string> = provenance === null ? {} : { [PROVENANCE_KEY]: provenance };
        const { sha256 } = await writeAtomically(output, { force, inputs: [path] }, (sink) => {
          for (const piece of checkpoint.edited(checkpointEdits(layers, selection), made)) sink(piece);
          source.verifyUnchanged();
        });
        return { sha256, notes: [] };
      },
      verifyUnchanged: () => source.verifyUnchanged(),
      close: () => source.close(),
    };
  } catch (error) {
    source.close();
    throw error;
  }
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
    ...(Object.keys(provenance).length > 0 ? { provenance: { ...provenance } } : {}),
  };
}

/** What was noticed while opening, and what the file's own checksums say. */
function findingsOf(checkpoint: Checkpoint): Finding[] {
  return [...checkpoint.findings, ...checkpoint.verify()];
}
