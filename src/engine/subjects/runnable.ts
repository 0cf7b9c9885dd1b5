import { rmSync, writeFileSync } from 'node:fs';
import nodePath from 'node:path';
import type { ModelToRun } from '../../evaluation/tested-model';
import type { OnnxModel } from '../../model/onnx/graph';
import { parseModel } from '../../model/onnx/parse';
import { encodeGraph, type WeightedGraph } from '../../model/weighted-graph';
import { writeFailed } from '../../model/write-failed';
import { temporaryFolder } from '../temporary-folder';
import { knownOf, knownOfCheckpoint } from './known-images';
import { closeModelGraph, openModelGraph } from './model-graph';

/** A model in a form that onnxruntime runs. */
export interface Runnable extends ModelToRun {
  /** Removes what was made to run it. */
  release(): void;
}

/** An ONNX file as it is, or a temporary one made of a checkpoint; the caller releases it. Throws as `openModelGraph` does. */
export function openRunnable(path: string, purpose?: string): Runnable {
  const model = openModelGraph(path, purpose);
  try {
    if (model.kind === 'onnx') return asItIs(path, parseModel(model.source));
    const { onnx, release } = temporaryOnnx(model.graph);
    const known = knownOfCheckpoint(model.checkpoint, model.graph);
    return { path, onnx, known, notes: [model.graph.origin], release };
  } finally {
    closeModelGraph(model);
  }
}

function asItIs(path: string, model: OnnxModel): Runnable {
  return { path, onnx: path, known: knownOf(model), notes: [], release: () => undefined };
}

/** Opens several; where one cannot be opened, none is left open. */
export function openRunnables(paths: readonly string[]): Runnable[] {
  const open: Runnable[] = [];
  try {
    for (const path of paths) open.push(openRunnable(path));
  } catch (error) {
    for (const each of open) each.release();
    throw error;
  }
  return open;
}

/** A network as an ONNX file in a temporary folder, which `release` removes. Throws ModelError where a weight cannot be read, OutputError. */
export function temporaryOnnx(graph: WeightedGraph): { onnx: string; release: () => void } {
  const bytes = encodeGraph(graph);
  const folder = temporaryFolder('graph');
  const release = (): void => rmSync(folder, { recursive: true, force: true });
  const onnx = nodePath.join(folder, 'model.onnx');
  try {
    writeFileSync(onnx, bytes);
    return { onnx, release };
  } catch (cause) {
    release();
    throw writeFailed(onnx, cause);
  }
}
