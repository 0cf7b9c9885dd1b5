import nodePath from 'node:path';
import { checkpointLayers } from '../../defenses/clp/checkpoint-layers';
import { graphLayers } from '../../defenses/clp/graph-layers';
import { checkpointEdits } from '../../defenses/clp/prune-checkpoint';
import { writeAtomically } from '../../model/atomic-write';
import type { Checkpoint } from '../../model/checkpoint';
import { hashModel, type Hashes } from '../../model/digest';
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
import type { JobContext } from '../job-context';
import { outputKind } from './output-format';
import type { Subject, SubjectOptions } from './subject';
import { unknownArchitecture } from './unknown-architecture';

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
      verify: (context) => verifyCheckpoint(source, checkpoint, context),
      facts: (hashes) => factsOf(source, checkpoint, graph, hashes),
      findings: () =>
        hasGraph(found)
          ? checkpoint.findings
          : [...checkpoint.findings, unknownArchitecture(checkpoint.format, found, layers)],
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

/** Hashes the file and every other that holds weights of it. `passing` sees the bytes of each. */
export function hashCheckpoint(
  source: ByteSource,
  { parts = [] }: Checkpoint,
  context: JobContext,
  passing?: (file: ByteSource, bytes: Uint8Array) => void,
): Promise<Hashes> {
  const folder = nodePath.dirname(source.path);
  const files = parts.map((part) => ({ path: nodePath.relative(folder, part.path), source: part }));
  return hashModel(source, files, (fraction) => context.tick('Hashing', fraction), passing);
}

async function verifyCheckpoint(
  source: ByteSource,
  checkpoint: Checkpoint,
  context: JobContext,
): Promise<{ hashes: Hashes; findings: Finding[] }> {
  const checksums = new Map(
    [source, ...(checkpoint.parts ?? [])].map((file) => [file, checkpoint.checksums?.(file)]),
  );
  const hashes = await hashCheckpoint(source, checkpoint, context, (file, bytes) =>
    checksums.get(file)?.take(bytes),
  );
  return { hashes, findings: [...checksums.values()].flatMap((each) => each?.findings() ?? []) };
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
