import nodePath from 'node:path';
import { checkpointLayers } from '../../defenses/clp/checkpoint-layers';
import { graphLayers } from '../../defenses/clp/graph-layers';
import { checkpointEdits } from '../../defenses/clp/prune-checkpoint';
import { writeAtomically } from '../../model/atomic-write';
import type { Checkpoint } from '../../model/checkpoint';
import { combinedKey, sha256Of } from '../../model/digest';
import { isFloat } from '../../model/dtype';
import { PROVENANCE_KEY } from '../../model/onnx/facts';
import type { ByteSource } from '../../model/source';
import {
  encodeGraph,
  hasGraph,
  weightedGraph,
  type NoGraph,
  type WeightedGraph,
} from '../../model/weighted-graph';
import { ModelError } from '../../protocol/errors';
import type { Finding } from '../../protocol/findings';
import type { ModelFacts } from '../../protocol/scan';
import type { Hashes } from '../../report/scan-report';
import type { JobContext } from '../job-context';
import { outputKind } from './output-format';
import type { Subject, SubjectOptions } from './subject';

/** A file of weights, opened by the reader of its format without running anything in it; closing it closes the source. */
export function checkpointSubject(
  source: ByteSource,
  checkpoint: Checkpoint,
  options: SubjectOptions,
): Subject {
  const { path } = source;
  const parts = checkpoint.parts ?? [];
  const files = checkpointFiles(source, checkpoint);
  const close = (): void => {
    checkpoint.close?.();
    source.close();
  };
  const verifyUnchanged = (): void => {
    for (const file of [source, ...parts]) file.verifyUnchanged();
  };
  try {
    const found = weightedGraph(checkpoint);
    const graph = hasGraph(found) ? found : null;
    const isDeclared = checkpoint.convolutions !== undefined;
    const layers =
      graph === null || isDeclared ? checkpointLayers(checkpoint) : graphLayers(path, graph, options);
    return {
      path,
      files,
      layers: layers.map(({ layer }) => layer),
      hash: (context) => hashCheckpoint(source, checkpoint, context),
      facts: (hashes) => factsOf(source, checkpoint, graph, hashes),
      findings: () => findingsOf(checkpoint),
      writePruned: async (selection, { output, force, provenance }) => {
        const made: Record<string, string> = provenance === null ? {} : { [PROVENANCE_KEY]: provenance };
        const kind = outputKind({ path, format: checkpoint.format }, output);
        const edits = checkpointEdits(layers, selection);
        const { sha256 } = await writeAtomically(output, { force, inputs: files }, (sink) => {
          if (kind === 'onnx') sink(encodeGraph(requiredGraph(found, path), edits, made));
          else for (const piece of checkpoint.edited(edits, made)) sink(piece);
          verifyUnchanged();
        });
        return { sha256, notes: [] };
      },
      checkOutput: (output) => {
        if (outputKind({ path, format: checkpoint.format }, output) === 'onnx') requiredGraph(found, path);
      },
      verifyUnchanged,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The file and every other that holds weights of it. */
export function checkpointFiles(source: ByteSource, { parts = [] }: Checkpoint): string[] {
  return [source.path, ...parts.map((part) => part.path)];
}

/** Throws ModelError `unsupported-type` where there is no graph to write. */
function requiredGraph(found: WeightedGraph | NoGraph, path: string): WeightedGraph {
  if (hasGraph(found)) return found;
  throw new ModelError(
    'unsupported-type',
    path,
    `${path} cannot be written as ONNX, because ${found.problem}. Write it in its own format.`,
  );
}

/** Hashes the file and every other that holds weights of it. */
export async function hashCheckpoint(
  source: ByteSource,
  { parts = [] }: Checkpoint,
  context: JobContext,
): Promise<Hashes> {
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

function factsOf(
  source: ByteSource,
  checkpoint: Checkpoint,
  graph: WeightedGraph | null,
  hashes: Hashes,
): ModelFacts {
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
    ...(graph === null ? {} : { architecture: graph.architecture }),
    ...(hashes.external.length > 0 ? { external: hashes.external } : {}),
    ...(Object.keys(provenance).length > 0 ? { provenance: { ...provenance } } : {}),
  };
}

/** What was noticed while opening, and what the file's own checksums say. */
function findingsOf(checkpoint: Checkpoint): Finding[] {
  return [...checkpoint.findings, ...checkpoint.verify()];
}
