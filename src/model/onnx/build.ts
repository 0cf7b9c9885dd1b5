import type { DType } from '../dtype';
import type {
  OnnxAttribute,
  OnnxDim,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from './graph';

/** Short ways to write graphs in code. */

/** A float32 tensor; `values` are row-major and as many as `dims` say. */
export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): OnnxTensor {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  return tensorOf(name, 'float32', dims, new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
}

/** An int64 tensor, the type of shapes, axes and indices. */
export function intTensor(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return tensorOf(
    name,
    'int64',
    dims,
    new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer),
  );
}

/** A tensor of any type from its little-endian bytes. */
export function tensorOf(name: string, dtype: DType, dims: readonly number[], bytes: Uint8Array): OnnxTensor {
  return { name, dtype, dims, data: { kind: 'memory', bytes }, ambiguous: false, span: null };
}

export function int(value: number): OnnxAttribute {
  return { type: 'int', value };
}

export function ints(value: readonly number[]): OnnxAttribute {
  return { type: 'ints', value };
}

export function float(value: number): OnnxAttribute {
  return { type: 'float', value };
}

export function text(value: string): OnnxAttribute {
  return { type: 'string', value };
}

/** A node of the standard domain. Its name is that of its first output unless given. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
  name = outputs[0] ?? '',
): OnnxNode {
  return {
    name,
    opType,
    domain: '',
    inputs,
    outputs,
    attributes: new Map(Object.entries(attributes)),
    span: null,
  };
}

export function valueInfo(
  name: string,
  dtype: DType | null,
  shape: readonly OnnxDim[] | null,
): OnnxValueInfo {
  return { name, dtype, shape };
}

/** A graph from its parts. */
export function graphOf(parts: {
  name?: string;
  nodes: readonly OnnxNode[];
  initializers?: Iterable<OnnxTensor>;
  inputs: readonly OnnxValueInfo[];
  outputs: readonly OnnxValueInfo[];
}): OnnxGraph {
  return {
    name: parts.name ?? 'graph',
    nodes: parts.nodes,
    initializers: new Map(Array.from(parts.initializers ?? [], (tensor) => [tensor.name, tensor])),
    duplicates: new Set(),
    sparse: [],
    inputs: parts.inputs,
    outputs: parts.outputs,
    valueInfo: [],
    span: null,
  };
}

/** A model of the standard operator set around a graph. */
export function modelOf(graph: OnnxGraph, opset: number, irVersion = 8): OnnxModel {
  return {
    irVersion,
    producerName: 'scour',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    opsets: new Map([['', opset]]),
    graph,
    metadata: new Map(),
    functions: [],
  };
}
