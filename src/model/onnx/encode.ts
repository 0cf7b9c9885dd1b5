import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './graph';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIM,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  STRING_ENTRY,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
  dtypeCode,
} from './schema';
import { elementsOf, foreignBytes } from './tensor-data';
import { WireWriter } from './wire-writer';

/** The little-endian bytes of a tensor's values, for tensors that do not carry them in memory. */
export type TensorBytes = (tensor: OnnxTensor) => Uint8Array;

const inMemory: TensorBytes = (tensor) => {
  if (tensor.data.kind === 'memory') return tensor.data.bytes;
  if (tensor.data.kind === 'foreign')
    return foreignBytes(tensor.dtype, elementsOf(tensor), tensor.data.slice);
  if (tensor.data.kind === 'none') return new Uint8Array(0);
  throw new TypeError(`tensor '${tensor.name}' has its values in a file; say how to read them`);
};

/**
 * A ModelProto for a graph that Scour built or rewrote, with every tensor in `raw_data`. Not for changing a user's file,
 * where everything unknown must survive: `edit.ts` does that.
 */
export function encodeModel(model: OnnxModel, bytesOf: TensorBytes = inMemory): Uint8Array {
  const writer = new WireWriter();
  writer.int(MODEL.irVersion, model.irVersion);
  if (model.producerName) writer.text(MODEL.producerName, model.producerName);
  if (model.producerVersion) writer.text(MODEL.producerVersion, model.producerVersion);
  if (model.domain) writer.text(MODEL.domain, model.domain);
  if (model.modelVersion) writer.int(MODEL.modelVersion, model.modelVersion);
  if (model.docString) writer.text(MODEL.docString, model.docString);
  writer.message(MODEL.graph, (graph) => encodeGraph(graph, model.graph, bytesOf));
  for (const [domain, version] of model.opsets) {
    writer.message(MODEL.opsetImport, (opset) => {
      opset.text(OPSET.domain, domain).int(OPSET.version, version);
    });
  }
  for (const [key, value] of model.metadata) writer.bytes(MODEL.metadataProps, encodeStringEntry(key, value));
  return writer.finish();
}

/** A StringStringEntryProto message. */
export function encodeStringEntry(key: string, value: string): Uint8Array {
  return new WireWriter().text(STRING_ENTRY.key, key).text(STRING_ENTRY.value, value).finish();
}

/** A TensorProto message with its values in `raw_data`. */
export function encodeTensor(tensor: OnnxTensor, bytes: Uint8Array): Uint8Array {
  const writer = new WireWriter();
  if (tensor.dims.length) writer.ints(TENSOR.dims, tensor.dims);
  writer.int(TENSOR.dataType, dtypeCode(tensor.dtype)).text(TENSOR.name, tensor.name);
  return writer.bytes(TENSOR.rawData, bytes).finish();
}

/** A NodeProto message; constants in its attributes must be in memory. */
export function encodeNodeMessage(node: OnnxNode): Uint8Array {
  const writer = new WireWriter();
  encodeNode(writer, node, inMemory);
  return writer.finish();
}

/** A ValueInfoProto message. */
export function encodeValueInfoMessage(info: OnnxValueInfo): Uint8Array {
  const writer = new WireWriter();
  encodeValueInfo(writer, info);
  return writer.finish();
}

function encodeGraph(writer: WireWriter, graph: OnnxGraph, bytesOf: TensorBytes): void {
  for (const node of graph.nodes) writer.message(GRAPH.node, (inner) => encodeNode(inner, node, bytesOf));
  writer.text(GRAPH.name, graph.name);
  for (const tensor of graph.initializers.values())
    writer.bytes(GRAPH.initializer, encodeTensor(tensor, bytesOf(tensor)));
  for (const info of graph.inputs) writer.message(GRAPH.input, (inner) => encodeValueInfo(inner, info));
  for (const info of graph.outputs) writer.message(GRAPH.output, (inner) => encodeValueInfo(inner, info));
  for (const info of graph.valueInfo)
    writer.message(GRAPH.valueInfo, (inner) => encodeValueInfo(inner, info));
}

function encodeNode(writer: WireWriter, node: OnnxNode, bytesOf: TensorBytes): void {
  for (const input of node.inputs) writer.text(NODE.input, input);
  for (const output of node.outputs) writer.text(NODE.output, output);
  if (node.name) writer.text(NODE.name, node.name);
  writer.text(NODE.opType, node.opType);
  for (const [name, attribute] of node.attributes) {
    writer.message(NODE.attribute, (inner) => encodeAttribute(inner, name, attribute, bytesOf));
  }
  if (node.domain) writer.text(NODE.domain, node.domain);
}

function encodeAttribute(
  writer: WireWriter,
  name: string,
  attribute: OnnxAttribute,
  bytesOf: TensorBytes,
): void {
  if (attribute.type === 'other')
    throw new TypeError(`attribute '${name}' is of a type that Scour does not write`);
  writer.text(ATTRIBUTE.name, name);
  switch (attribute.type) {
    case 'float':
      writer.float(ATTRIBUTE.f, attribute.value);
      break;
    case 'int':
      writer.int(ATTRIBUTE.i, attribute.value);
      break;
    case 'string':
      writer.text(ATTRIBUTE.s, attribute.value);
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(ATTRIBUTE.floats, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.int(ATTRIBUTE.ints, value);
      break;
    case 'strings':
      for (const value of attribute.value) writer.text(ATTRIBUTE.strings, value);
      break;
    case 'tensor':
      writer.bytes(ATTRIBUTE.t, encodeTensor(attribute.value, bytesOf(attribute.value)));
      break;
    case 'graph':
      writer.message(ATTRIBUTE.g, (inner) => encodeGraph(inner, attribute.value, bytesOf));
      break;
    case 'graphs':
      for (const graph of attribute.value)
        writer.message(ATTRIBUTE.graphs, (inner) => encodeGraph(inner, graph, bytesOf));
      break;
  }
  writer.int(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.type]);
}

function encodeValueInfo(writer: WireWriter, info: OnnxValueInfo): void {
  writer.text(VALUE_INFO.name, info.name);
  const { dtype, shape } = info;
  if (dtype === null) return;
  writer.message(VALUE_INFO.type, (type) => {
    type.message(TYPE.tensor, (tensor) => {
      tensor.int(TENSOR_TYPE.elemType, dtypeCode(dtype));
      if (shape === null) return;
      tensor.message(TENSOR_TYPE.shape, (proto) => {
        for (const dim of shape) {
          proto.message(SHAPE.dim, (inner) => {
            if (typeof dim === 'number') inner.int(DIM.value, dim);
            else if (dim !== null) inner.text(DIM.param, dim);
          });
        }
      });
    });
  });
}
