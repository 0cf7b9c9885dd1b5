import { visible } from '../../protocol/wording';
import { isNode, tupleItems, type PickleNode, type PickleValue } from './values';

const DEPTH = 4;
const ITEMS = 8;
const TEXT = 200;
const TOTAL = 400;

/** A value as Python would show it, cut to a few hundred characters and safe to print. */
export function describe(value: PickleValue): string {
  const text = show(value, DEPTH, { left: TOTAL });
  return visible(text, TOTAL);
}

/** A call as Python would write it: `os.system('id')`. */
export function describeCall(callee: PickleValue, args: PickleValue): string {
  return visible(call(callee, args, DEPTH, { left: TOTAL }), TOTAL);
}

function call(callee: PickleValue, args: PickleValue, depth: number, room: Room): string {
  const items = tupleItems(args);
  const shown = items ? list(items, depth, room) : `*${show(args, depth, room)}`;
  return `${show(callee, depth, room)}(${shown})`;
}

/** `left` bounds the whole text, so that shared values cannot multiply it. */
interface Room {
  left: number;
}

function show(value: PickleValue, depth: number, room: Room): string {
  if (room.left <= 0) return '…';
  const text = isNode(value) ? node(value, depth, room) : scalar(value);
  room.left -= text.length;
  return text;
}

function scalar(value: null | boolean | number | bigint | string): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'string') return String(value).slice(0, TEXT);
  const cut = value.length > TEXT ? `${value.slice(0, TEXT)}…` : value;
  return `'${cut.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

function node(value: PickleNode, depth: number, room: Room): string {
  switch (value.kind) {
    case 'bytes':
      return `<${value.length} bytes>`;
    case 'text':
      return `<text of ${value.length} bytes>`;
    case 'global':
      return `${value.module}.${value.name}`;
    case 'persistent':
      return `<stored object>`;
    case 'object':
      return depth > 0 ? call(value.callee, value.args, depth - 1, room) : '…';
    case 'dict':
      return value.entries.size === 0 ? '{}' : `{… ${value.entries.size} items}`;
    case 'tuple':
      return depth > 0
        ? `(${list(value.items, depth - 1, room)}${value.items.length === 1 ? ',' : ''})`
        : '(…)';
    case 'list':
      return depth > 0 ? `[${list(value.items, depth - 1, room)}]` : '[…]';
    case 'set':
    case 'frozenset':
      return depth > 0 ? `${value.kind}({${list(value.items, depth - 1, room)}})` : `${value.kind}(…)`;
  }
}

function list(items: readonly PickleValue[], depth: number, room: Room): string {
  const shown = items.slice(0, ITEMS).map((item) => show(item, depth, room));
  return (items.length > ITEMS ? [...shown, '…'] : shown).join(', ');
}
