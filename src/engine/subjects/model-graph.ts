import type { Checkpoint } from '../../model/checkpoint';
import { FileSource, type ByteSource } from '../../model/source';
import { hasGraph, weightedGraph, type WeightedGraph } from '../../model/weighted-graph';
import { RuntimeError } from '../../protocol/errors';
import { kindOf } from './kind';
import { howToExport } from './unknown-architecture';

/** A model file whose graph is known: ONNX, or a checkpoint of which one can be made. Closing it is the caller's. */
export type ModelGraph =
  | { readonly kind: 'onnx'; readonly source: ByteSource }
  | {
      readonly kind: 'checkpoint';
      readonly source: ByteSource;
      readonly checkpoint: Checkpoint;
      readonly graph: WeightedGraph;
    };

/**
 * Opens a model that is to be run or trained. `purpose` ends "Export the model to ONNX …". Throws RuntimeError
 * `cannot-load` where the file holds weights and no graph can be made of them, ModelError where it cannot be read.
 */
export function openModelGraph(
  path: string,
  purpose = 'to see what pruning does to its predictions',
): ModelGraph {
  const source = new FileSource(path);
  try {
    const kind = kindOf(source);
    if (kind === 'onnx') return { kind, source };
    const checkpoint = kind(source);
    const graph = weightedGraph(checkpoint);
    if (hasGraph(graph)) return { kind: 'checkpoint', source, checkpoint, graph };
    checkpoint.close?.();
    throw new RuntimeError(
      'cannot-load',
      `${path} holds weights but no graph that Scour can run: ${graph.problem}. Export the model to ONNX ${purpose}: ${howToExport(checkpoint.format)}.`,
    );
  } catch (error) {
    source.close();
    throw error;
  }
}

export function closeModelGraph(model: ModelGraph): void {
  if (model.kind === 'checkpoint') model.checkpoint.close?.();
  model.source.close();
}

/** Throws as `openModelGraph` does: before long work. Reads no weights. */
export function requireGraph(path: string, purpose?: string): void {
  closeModelGraph(openModelGraph(path, purpose));
}
