import { isFloat } from '../dtype';
import type { OnnxFile } from './open';
import type { OnnxGraph, OnnxTensor, OnnxValueInfo } from './graph';
import { subgraphsOf } from './graph-index';
import { escapeReason } from './external';
import { elementsOf } from './tensor-data';

const QUANTISED = new Set(['int8', 'uint8', 'int4', 'uint4', 'int16', 'uint16']);
/** Provenance entries that Scour writes into metadata_props begin with this. */
export const PROVENANCE_KEY = 'scour.provenance';

/** Every stored tensor of a graph and its subgraphs: initializers and tensors in attributes. */
export function* storedTensors(graph: OnnxGraph): Generator<OnnxTensor> {
  yield* graph.initializers.values();
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values()) if (attribute.type === 'tensor') yield attribute.value;
    for (const inner of subgraphsOf(node)) yield* storedTensors(inner);
  }
}

/** Number of elements of all floating-point and quantised tensors. */
export function countParameters(graph: OnnxGraph): number {
  let count = 0;
  for (const tensor of storedTensors(graph)) {
    if (isFloat(tensor.dtype) || QUANTISED.has(tensor.dtype)) count += elementsOf(tensor);
  }
  return count;
}

/** How often each operator occurs, most frequent first; operators of other domains carry theirs. */
export function countOperators(graph: OnnxGraph): [string, number][] {
  const counts = new Map<string, number>();
  const visit = (inner: OnnxGraph): void => {
    for (const node of inner.nodes) {
      const name = node.domain === '' ? node.opType : `${node.domain}:${node.opType}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      subgraphsOf(node).forEach(visit);
    }
  };
  visit(graph);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Graph inputs that are not weights. */
export function modelInputs({ model }: Pick<OnnxFile, 'model'>): OnnxValueInfo[] {
  return model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
}

/** "N × 3 × 32 × 32", "?" where nothing is said. */
export function shapeText({ shape }: OnnxValueInfo): string {
  return shape === null ? '?' : shape.map((dim) => dim ?? '?').join(' × ');
}

/** Locations of all external data that may be followed, in order of first use. */
export function externalLocations(file: Pick<OnnxFile, 'model' | 'source'>): string[] {
  const locations = new Set<string>();
  for (const tensor of storedTensors(file.model.graph)) {
    if (tensor.data.kind === 'external') locations.add(tensor.data.location);
  }
  return [...locations].filter((location) => escapeReason(file.source.path, location) === null);
}
