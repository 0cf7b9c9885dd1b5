import { valueInfo, node } from '../model/onnx/build';
import type { Edit } from '../model/onnx/edit';
import { encodeNodeMessage, encodeValueInfoMessage } from '../model/onnx/encode';
import type { OnnxNode } from '../model/onnx/graph';
import type { GraphIndex } from '../model/onnx/graph-index';
import type { OnnxFile } from '../model/onnx/open';
import { field } from '../model/onnx/rewrite';
import { GRAPH } from '../model/onnx/schema';

/** A value of the graph to look at, by a name of ours. */
export interface ProbePoint {
  readonly name: string;
  /** N × C × spatial axes. */
  readonly value: string;
}

/** What makes a copy of a model give inner values as further outputs. */
export interface Probe {
  readonly edits: readonly Edit[];
  /** Output that holds the mean over the spatial axes of each point: N × C. */
  readonly pooled: readonly { readonly name: string; readonly output: string }[];
  /** Output that holds the penultimate features, or null where they were not found. */
  readonly features: string | null;
}

/**
 * Exposes the spatial mean of each point (so that no activation as large as an image leaves the model) and the
 * penultimate features: the input of the last linear layer before `scores`. Null where the graph cannot be extended.
 */
export function probeOf(file: OnnxFile, points: readonly ProbePoint[], scores: string): Probe | null {
  const { graph } = file.model;
  if (graph.span === null) return null;
  const message = graph.span;
  const used = new Set([
    ...graph.initializers.keys(),
    ...graph.inputs.map(({ name }) => name),
    ...graph.nodes.flatMap((each) => each.outputs),
  ]);
  let last = 0;
  const fresh = (): string => {
    let name: string;
    do name = `scour_probe_${last++}`;
    while (used.has(name));
    return name;
  };
  const edits: Edit[] = [];
  const add = (made: OnnxNode): void => {
    edits.push({ kind: 'append', message, bytes: field(GRAPH.node, encodeNodeMessage(made)) });
    // Type and shape are left to the runtime, which infers them.
    const info = encodeValueInfoMessage(valueInfo(made.outputs[0]!, null, null));
    edits.push({ kind: 'append', message, bytes: field(GRAPH.output, info) });
  };
  const pooled = points.map(({ name, value }) => {
    const output = fresh();
    add(node('GlobalAveragePool', [value], [output]));
    return { name, output };
  });
  const penultimate = penultimateOf(file.index, scores);
  let features: string | null = null;
  if (penultimate !== null) {
    features = fresh();
    const opType = penultimate.spatial ? 'GlobalAveragePool' : 'Identity';
    add(node(opType, [penultimate.value], [features]));
  }
  return { edits, pooled, features };
}

/** Operators between the last linear layer and the scores; their first input is followed. */
const AFTER_LINEAR = new Set([
  'Softmax',
  'LogSoftmax',
  'Identity',
  'Cast',
  'Dropout',
  'Flatten',
  'Reshape',
  'Squeeze',
  'QuantizeLinear',
  'DequantizeLinear',
  'Add',
  'Relu',
  'Clip',
  'GlobalAveragePool',
  'ReduceMean',
  'AveragePool',
]);
const MAX_STEPS = 32;

/**
 * The value that the last linear layer (or, in nets that end in one, the last convolution) works on, found by walking
 * back from the scores; `spatial` where it still has spatial axes. Null where the walk meets anything else.
 */
export function penultimateOf(
  index: GraphIndex,
  scores: string,
): { readonly value: string; readonly spatial: boolean } | null {
  let value = scores;
  for (let step = 0; step < MAX_STEPS; step++) {
    const producer = index.producer(value);
    const first = producer?.inputs[0] ?? '';
    if (producer === undefined || first === '') return null;
    switch (producer.opType) {
      case 'Gemm':
      case 'MatMul':
      case 'QLinearMatMul':
        return { value: first, spatial: false };
      case 'Conv':
        return { value: first, spatial: true };
    }
    if (!AFTER_LINEAR.has(producer.opType)) return null;
    // A bias may be added from either side; the other operand is a constant, which nothing produces.
    const second = producer.inputs[1] ?? '';
    value =
      producer.opType === 'Add' && index.graph.initializers.has(first) && second !== '' ? second : first;
  }
  return null;
}
