import { sequenceItems, isNode, type PickleGlobal, type PickleNode, type PickleValue } from './values';

const SEQUENCES = new Set(['set', 'frozenset', 'list', 'tuple']);
const DICTS = new Set(['collections.OrderedDict', 'collections.defaultdict', 'collections.Counter']);

/** The module names of Python 2 for what lives in `builtins` today. */
export function isBuiltins(module: string): boolean {
  return module === 'builtins' || module === '__builtin__';
}

/**
 * The plain container that calling `callee` with `args` makes, or null where it makes none. `copying` is told how many
 * values are copied, and may refuse by throwing: one opcode can copy a whole list.
 */
export function containerOf(
  callee: PickleGlobal,
  args: readonly PickleValue[],
  copying: (count: number) => void,
): PickleNode | null {
  if (isBuiltins(callee.module) && SEQUENCES.has(callee.name)) {
    const items = args.length === 0 ? [] : args.length === 1 ? itemsOf(args[0]) : null;
    if (!items) return null;
    copying(items.length);
    return { kind: callee.name as 'set' | 'frozenset' | 'list' | 'tuple', items: [...items] };
  }
  if (callee.module === 'torch' && callee.name === 'Size') {
    const items = args.length === 1 ? itemsOf(args[0]) : null;
    if (!items) return null;
    copying(items.length);
    return { kind: 'tuple', items: [...items] };
  }
  const isDict = isBuiltins(callee.module) && callee.name === 'dict';
  if (!isDict && !DICTS.has(`${callee.module}.${callee.name}`)) return null;
  // A defaultdict's first argument is the factory of missing values.
  const contents = callee.name === 'defaultdict' ? args[1] : args[0];
  const entries = contents === undefined ? new Map<PickleValue, PickleValue>() : pairs(contents, copying);
  return entries && { kind: 'dict', entries };
}

function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | null {
  if (isNode(value) && (value.kind === 'set' || value.kind === 'frozenset')) return value.items;
  return sequenceItems(value);
}

/** A dict from another dict or from a list of pairs. */
function pairs(value: PickleValue, copying: (count: number) => void): Map<PickleValue, PickleValue> | null {
  if (isNode(value) && value.kind === 'dict') {
    copying(value.entries.size);
    return new Map(value.entries);
  }
  const items = sequenceItems(value);
  if (!items) return null;
  copying(items.length);
  const entries = new Map<PickleValue, PickleValue>();
  for (const item of items) {
    const pair = sequenceItems(item);
    if (pair?.length !== 2) return null;
    entries.set(pair[0]!, pair[1]!);
  }
  return entries;
}
