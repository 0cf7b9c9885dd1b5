/**
 * What a pickle says, as data. Nothing here is a Python object: a call in the pickle stays a `PickleObject` that
 * records what would be called and with what. Values may be shared and may contain themselves, so code that walks them
 * must bound its depth or remember what it has seen.
 */
export type PickleValue = null | boolean | number | bigint | string | PickleNode;

export type PickleNode =
  PickleBytes | PickleText | PickleSequence | PickleDict | PickleGlobal | PickleObject | PicklePersistent;

/** Bytes, left where they lie in the source. */
export interface PickleBytes {
  readonly kind: 'bytes';
  /** Offset in the source. */
  readonly start: number;
  readonly length: number;
}

/** A string too long to be a name, left where it lies in the source (UTF-8). */
export interface PickleText {
  readonly kind: 'text';
  /** Offset in the source. */
  readonly start: number;
  /** In bytes. */
  readonly length: number;
}

export interface PickleSequence {
  readonly kind: 'tuple' | 'list' | 'set' | 'frozenset';
  readonly items: PickleValue[];
}

/** dict, OrderedDict and the like. A later value of a key replaces an earlier one, in its place, as in Python. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly entries: Map<PickleValue, PickleValue>;
}

/** A name that Python would import. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
}

/** How the pickle asks for a call. */
export type CallVia = 'REDUCE' | 'NEWOBJ' | 'NEWOBJ_EX' | 'INST' | 'OBJ';

/** The result of a call that Python would make and Scour does not. */
export interface PickleObject {
  readonly kind: 'object';
  readonly via: CallVia;
  readonly callee: PickleValue;
  readonly args: PickleValue;
  /** Keyword arguments (`NEWOBJ_EX`). */
  readonly keywords: PickleValue;
  /** What BUILD sets on it, in order. */
  readonly states: PickleValue[];
  /** What APPEND adds to it. */
  readonly items: PickleValue[];
  /** What SETITEM sets in it; made when first needed. */
  entries: Map<PickleValue, PickleValue> | null;
}

/** An object that lives outside the pickle: in PyTorch's files, a storage. */
export interface PicklePersistent {
  readonly kind: 'persistent';
  readonly id: PickleValue;
}

/** True for a value of one of the kinds that have parts. */
export function isNode(value: PickleValue | undefined): value is PickleNode {
  return typeof value === 'object' && value !== null;
}

/** The items of a tuple, or null for anything else. */
export function tupleItems(value: PickleValue | undefined): readonly PickleValue[] | null {
  return isNode(value) && value.kind === 'tuple' ? value.items : null;
}

/** The items of a tuple or list, or null for anything else. */
export function sequenceItems(value: PickleValue | undefined): readonly PickleValue[] | null {
  return isNode(value) && (value.kind === 'tuple' || value.kind === 'list') ? value.items : null;
}

/** The value of a key of a dict, or undefined. */
export function entryOf(value: PickleValue | undefined, key: string): PickleValue | undefined {
  return isNode(value) && value.kind === 'dict' ? value.entries.get(key) : undefined;
}

/** `module.name` of a global, or null for anything else. */
export function globalName(value: PickleValue | undefined): string | null {
  return isNode(value) && value.kind === 'global' ? `${value.module}.${value.name}` : null;
}

/** `module.name` of what an object would be made by, or null where that is itself computed. */
export function calleeName(value: PickleValue | undefined): string | null {
  return isNode(value) && value.kind === 'object' ? globalName(value.callee) : null;
}
