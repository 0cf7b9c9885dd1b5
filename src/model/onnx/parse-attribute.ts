import type { ByteSource } from '../source';
import type { OnnxAttribute, OnnxGraph, OnnxTensor, Span } from './graph';
import { NAME_LIMIT, type Budget } from './parse-budget';
import { parseTensor } from './parse-tensor';
import { ATTRIBUTE, ATTRIBUTE_TYPE } from './schema';
import { WireReader } from './wire';

/** Attribute strings may hold data (vocabularies, lookup tables); only short ones are settings that concern us. */
const STRING_LIMIT = 1024 * 1024;

/** An AttributeProto as [name, value]. Old exporters leave `type` out: it then follows from the field that is set. */
export function parseAttribute(
  source: ByteSource,
  span: Span,
  budget: Budget,
  parseGraph: (span: Span) => OnnxGraph,
): [string, OnnxAttribute] {
  const reader = new WireReader(source, span, 'AttributeProto');
  let name = '';
  let declared = 0;
  let float: number | null = null;
  let int: number | null = null;
  let text: string | null = null;
  let tensor: OnnxTensor | null = null;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  const graphs: OnnxGraph[] = [];
  let graph: OnnxGraph | null = null;
  while (reader.next()) {
    switch (reader.field) {
      case ATTRIBUTE.name:
        name = reader.text(NAME_LIMIT);
        break;
      case ATTRIBUTE.type:
        declared = reader.int();
        break;
      case ATTRIBUTE.f:
        float = reader.float();
        break;
      case ATTRIBUTE.i:
        int = reader.int();
        break;
      case ATTRIBUTE.s:
        text = reader.text(STRING_LIMIT);
        break;
      case ATTRIBUTE.t:
        budget.tensor();
        tensor = parseTensor(source, reader.span(), budget);
        break;
      case ATTRIBUTE.g:
        graph = parseGraph(reader.span());
        break;
      case ATTRIBUTE.floats:
        reader.numbers('float', (value) => {
          budget.items(1);
          floats.push(value);
        });
        break;
      case ATTRIBUTE.ints:
        reader.numbers('varint', (value) => {
          budget.items(1);
          ints.push(value);
        });
        break;
      case ATTRIBUTE.strings:
        budget.items(1);
        strings.push(reader.text(STRING_LIMIT));
        break;
      case ATTRIBUTE.graphs:
        graphs.push(parseGraph(reader.span()));
        break;
      default:
    }
  }
  const value = (): OnnxAttribute => {
    switch (declared) {
      case ATTRIBUTE_TYPE.float:
        return { type: 'float', value: float ?? 0 };
      case ATTRIBUTE_TYPE.int:
        return { type: 'int', value: int ?? 0 };
      case ATTRIBUTE_TYPE.string:
        return { type: 'string', value: text ?? '' };
      case ATTRIBUTE_TYPE.floats:
        return { type: 'floats', value: floats };
      case ATTRIBUTE_TYPE.ints:
        return { type: 'ints', value: ints };
      case ATTRIBUTE_TYPE.strings:
        return { type: 'strings', value: strings };
      case ATTRIBUTE_TYPE.graphs:
        return { type: 'graphs', value: graphs };
      default:
        if (tensor) return { type: 'tensor', value: tensor };
        if (graph) return { type: 'graph', value: graph };
        if (declared !== 0) return { type: 'other' };
        if (float !== null) return { type: 'float', value: float };
        if (int !== null) return { type: 'int', value: int };
        if (text !== null) return { type: 'string', value: text };
        if (floats.length) return { type: 'floats', value: floats };
        if (ints.length) return { type: 'ints', value: ints };
        return strings.length ? { type: 'strings', value: strings } : { type: 'other' };
    }
  };
  return [name, value()];
}
