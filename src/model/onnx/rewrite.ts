import type { ByteSource } from '../source';
import type { Span } from './graph';
import { NODE, TENSOR } from './schema';
import { WIRE, WireReader } from './wire';
import { WireWriter } from './wire-writer';

/** Fields of a TensorProto that say what its values are or where they lie. */
const DATA_FIELDS: ReadonlySet<number> = new Set([
  TENSOR.floatData,
  TENSOR.int32Data,
  TENSOR.stringData,
  TENSOR.int64Data,
  TENSOR.rawData,
  TENSOR.doubleData,
  TENSOR.uint64Data,
  TENSOR.externalData,
  TENSOR.dataLocation,
]);

/** A TensorProto with other values, in `raw_data`; a new name where one is given. Fields unknown to us are kept. */
export function rewriteTensor(source: ByteSource, span: Span, values: Uint8Array, name?: string): Uint8Array {
  const kept = copyFields(
    source,
    span,
    (field) => !DATA_FIELDS.has(field) && !(name !== undefined && field === TENSOR.name),
  );
  const writer = new WireWriter();
  if (name !== undefined) writer.text(TENSOR.name, name);
  return concat(kept, writer.bytes(TENSOR.rawData, values).finish());
}

export interface NodeChanges {
  /** Other values for some inputs, by position. */
  readonly inputs: ReadonlyMap<number, string>;
  /** Other names for all outputs. */
  readonly outputs?: readonly string[];
  readonly name?: string;
}

/** A NodeProto with other connections; attributes and fields unknown to us are kept. */
export function rewriteNode(
  source: ByteSource,
  span: Span,
  inputs: readonly string[],
  changes: NodeChanges,
): Uint8Array {
  const dropped = new Set<number>([NODE.input]);
  if (changes.outputs) dropped.add(NODE.output);
  if (changes.name !== undefined) dropped.add(NODE.name);
  const writer = new WireWriter();
  inputs.forEach((input, position) => writer.text(NODE.input, changes.inputs.get(position) ?? input));
  changes.outputs?.forEach((output) => writer.text(NODE.output, output));
  if (changes.name !== undefined) writer.text(NODE.name, changes.name);
  return concat(
    writer.finish(),
    copyFields(source, span, (field) => !dropped.has(field)),
  );
}

/** The fields of a message that `keep` wants, as they stand. */
function copyFields(source: ByteSource, span: Span, keep: (field: number) => boolean): Uint8Array {
  const reader = new WireReader(source, span, 'message');
  const pieces: Uint8Array[] = [];
  while (reader.next()) {
    const start = reader.fieldStart;
    const { field } = reader;
    const end = reader.wire === WIRE.bytes ? reader.span().end : reader.skipped();
    if (keep(field)) pieces.push(source.read(start, end - start));
  }
  return concat(...pieces);
}

function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A field of a message: its tag, length and content. */
export function field(number: number, content: Uint8Array): Uint8Array {
  return new WireWriter().bytes(number, content).finish();
}
