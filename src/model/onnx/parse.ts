import { ModelError } from '../../protocol/errors';
import type { ByteSource } from '../source';
import type {
  OnnxAttribute,
  OnnxDim,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
  Span,
} from './graph';
import { parseAttribute } from './parse-attribute';
import { Budget, MAX_DEPTH, NAME_LIMIT } from './parse-budget';
import { parseTensor } from './parse-tensor';
import {
  DIM,
  FUNCTION,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  SPARSE,
  STRING_ENTRY,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
  dtypeOf,
} from './schema';
import { WIRE, WireReader } from './wire';

const TEXT_LIMIT = 1024 * 1024;

/**
 * True where the file begins as a ModelProto does. Says nothing of whether the rest can be read: it tells "not ONNX"
 * from "a broken ONNX file".
 */
export function looksLikeOnnx(source: ByteSource): boolean {
  if (source.size < 2) return false;
  const head = source.read(0, Math.min(16, source.size));
  const field = head[0]! >> 3;
  const wire = head[0]! & 7;
  // ir_version comes first in what every exporter writes; its value is small. Hand-made files may lead with another field.
  if (field === MODEL.irVersion) return wire === WIRE.varint && head[1]! > 0 && head[1]! < 0x80;
  if (field === MODEL.graph || field === MODEL.opsetImport) return wire === WIRE.bytes;
  return field === MODEL.producerName && wire === WIRE.bytes && head[1]! < 0x80;
}

/**
 * Reads the structure of an ONNX file: graph, names, shapes and where each tensor's values lie, but not the values.
 * Throws ModelError `empty`, `unsupported-format`, `truncated`, `malformed` or `too-large`.
 */
export function parseModel(source: ByteSource): OnnxModel {
  if (source.size === 0) throw new ModelError('empty', source.path, `${source.path} is empty.`);
  if (!looksLikeOnnx(source)) {
    throw new ModelError(
      'unsupported-format',
      source.path,
      `${source.path} is not an ONNX model (its first bytes are not those of one).`,
    );
  }
  const reader = new WireReader(source, { start: 0, end: source.size }, 'ModelProto');
  const budget = new Budget(source.path);
  const text = { producerName: '', producerVersion: '', domain: '', docString: '' };
  let irVersion = 0;
  let modelVersion = 0;
  let graph: OnnxGraph | null = null;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functions: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case MODEL.irVersion:
        irVersion = reader.int();
        break;
      case MODEL.producerName:
        text.producerName = reader.text(TEXT_LIMIT);
        break;
      case MODEL.producerVersion:
        text.producerVersion = reader.text(TEXT_LIMIT);
        break;
      case MODEL.domain:
        text.domain = reader.text(TEXT_LIMIT);
        break;
      case MODEL.modelVersion:
        modelVersion = reader.int();
        break;
      case MODEL.docString:
        text.docString = reader.text(16 * TEXT_LIMIT);
        break;
      case MODEL.graph:
        // Protocol buffers would merge a second graph into the first; readers that do not would see another model.
        if (graph !== null) throw reader.malformed('a second graph');
        graph = parseGraph(source, reader.span(), budget, 0);
        break;
      case MODEL.opsetImport: {
        const [domain, version] = parseOpset(source, reader.span());
        opsets.set(domain === 'ai.onnx' ? '' : domain, version);
        break;
      }
      case MODEL.metadataProps: {
        const [key, value] = parseStringEntry(source, reader.span());
        metadata.set(key, value);
        break;
      }
      case MODEL.functions:
        functions.push(parseFunctionName(source, reader.span()));
        break;
      default:
    }
  }
  if (graph === null)
    throw new ModelError('malformed', source.path, `${source.path} is not valid ONNX: it holds no graph.`);
  return { irVersion, modelVersion, ...text, opsets, graph, metadata, functions };
}

function parseGraph(source: ByteSource, span: Span, budget: Budget, depth: number): OnnxGraph {
  if (depth > MAX_DEPTH) {
    throw new ModelError(
      'too-large',
      source.path,
      `${source.path}: its graphs are nested more than ${MAX_DEPTH} deep.`,
    );
  }
  const reader = new WireReader(source, span, 'GraphProto');
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const duplicates = new Set<string>();
  const sparse: string[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  const valueInfo: OnnxValueInfo[] = [];
  let name = '';
  while (reader.next()) {
    switch (reader.field) {
      case GRAPH.node:
        nodes.push(parseNode(source, reader.span(), budget, depth));
        break;
      case GRAPH.name:
        name = reader.text(NAME_LIMIT);
        break;
      case GRAPH.initializer: {
        budget.tensor();
        const tensor = parseTensor(source, reader.span(), budget);
        if (initializers.has(tensor.name)) duplicates.add(tensor.name);
        initializers.set(tensor.name, tensor);
        break;
      }
      case GRAPH.sparseInitializer: {
        budget.tensor();
        const sparseName = parseSparseName(source, reader.span());
        if (sparseName !== null) sparse.push(sparseName);
        break;
      }
      case GRAPH.input:
        inputs.push(parseValueInfo(source, reader.span(), budget));
        break;
      case GRAPH.output:
        outputs.push(parseValueInfo(source, reader.span(), budget));
        break;
      case GRAPH.valueInfo:
        valueInfo.push(parseValueInfo(source, reader.span(), budget));
        break;
      default:
    }
  }
  return { name, nodes, initializers, duplicates, sparse, inputs, outputs, valueInfo, span };
}

function parseNode(source: ByteSource, span: Span, budget: Budget, depth: number): OnnxNode {
  budget.node();
  const reader = new WireReader(source, span, 'NodeProto');
  const node = { name: '', opType: '', domain: '', inputs: [] as string[], outputs: [] as string[] };
  const attributes = new Map<string, OnnxAttribute>();
  while (reader.next()) {
    switch (reader.field) {
      case NODE.input:
        budget.items(1);
        node.inputs.push(reader.text(NAME_LIMIT));
        break;
      case NODE.output:
        budget.items(1);
        node.outputs.push(reader.text(NAME_LIMIT));
        break;
      case NODE.name:
        node.name = reader.text(NAME_LIMIT);
        break;
      case NODE.opType:
        node.opType = reader.text(NAME_LIMIT);
        break;
      case NODE.domain: {
        const domain = reader.text(NAME_LIMIT);
        node.domain = domain === 'ai.onnx' ? '' : domain;
        break;
      }
      case NODE.attribute: {
        budget.items(1);
        const nested = (inner: Span): OnnxGraph => parseGraph(source, inner, budget, depth + 1);
        const [key, attribute] = parseAttribute(source, reader.span(), budget, nested);
        attributes.set(key, attribute);
        break;
      }
      default:
    }
  }
  return { ...node, attributes, span };
}

function parseValueInfo(source: ByteSource, span: Span, budget: Budget): OnnxValueInfo {
  budget.items(1);
  const reader = new WireReader(source, span, 'ValueInfoProto');
  let name = '';
  let type: Pick<OnnxValueInfo, 'dtype' | 'shape'> = { dtype: null, shape: null };
  while (reader.next()) {
    if (reader.field === VALUE_INFO.name) name = reader.text(NAME_LIMIT);
    else if (reader.field === VALUE_INFO.type) type = parseType(source, reader.span(), budget);
  }
  return { name, ...type };
}

function parseType(source: ByteSource, span: Span, budget: Budget): Pick<OnnxValueInfo, 'dtype' | 'shape'> {
  const outer = new WireReader(source, span, 'TypeProto');
  let dtype: OnnxValueInfo['dtype'] = null;
  let shape: OnnxDim[] | null = null;
  while (outer.next()) {
    if (outer.field !== TYPE.tensor) continue;
    const reader = new WireReader(source, outer.span(), 'TypeProto.Tensor');
    while (reader.next()) {
      if (reader.field === TENSOR_TYPE.elemType) dtype = dtypeOf(reader.int());
      else if (reader.field === TENSOR_TYPE.shape) shape = parseShape(source, reader.span(), budget);
    }
  }
  return { dtype, shape };
}

function parseShape(source: ByteSource, span: Span, budget: Budget): OnnxDim[] {
  const reader = new WireReader(source, span, 'TensorShapeProto');
  const shape: OnnxDim[] = [];
  while (reader.next()) {
    if (reader.field !== SHAPE.dim) continue;
    budget.items(1);
    const inner = new WireReader(source, reader.span(), 'TensorShapeProto.Dimension');
    let dim: OnnxDim = null;
    while (inner.next()) {
      if (inner.field === DIM.value) dim = inner.int();
      else if (inner.field === DIM.param) dim = inner.text(NAME_LIMIT) || null;
    }
    // Some exporters write -1 for "any".
    shape.push(typeof dim === 'number' && dim < 0 ? null : dim);
  }
  return shape;
}

function parseOpset(source: ByteSource, span: Span): [string, number] {
  const reader = new WireReader(source, span, 'OperatorSetIdProto');
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPSET.domain) domain = reader.text(NAME_LIMIT);
    else if (reader.field === OPSET.version) version = reader.int();
  }
  return [domain, version];
}

function parseStringEntry(source: ByteSource, span: Span): [string, string] {
  const reader = new WireReader(source, span, 'StringStringEntryProto');
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === STRING_ENTRY.key) key = reader.text(NAME_LIMIT);
    else if (reader.field === STRING_ENTRY.value) value = reader.text(16 * TEXT_LIMIT);
  }
  return [key, value];
}

function parseFunctionName(source: ByteSource, span: Span): string {
  const reader = new WireReader(source, span, 'FunctionProto');
  let name = '';
  let domain = '';
  while (reader.next()) {
    if (reader.field === FUNCTION.name) name = reader.text(NAME_LIMIT);
    else if (reader.field === FUNCTION.domain) domain = reader.text(NAME_LIMIT);
  }
  return `${domain}:${name}`;
}

function parseSparseName(source: ByteSource, span: Span): string | null {
  const reader = new WireReader(source, span, 'SparseTensorProto');
  while (reader.next()) {
    if (reader.field !== SPARSE.values) continue;
    const values = new WireReader(source, reader.span(), 'TensorProto');
    while (values.next()) if (values.field === TENSOR.name) return values.text(NAME_LIMIT);
  }
  return null;
}
