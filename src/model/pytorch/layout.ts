import {
  isNode,
  type PickleDict,
  type PickleNode,
  type PickleObject,
  type PickleValue,
} from '../pickle/values';
import { commonPrefix } from '../tensor-names';
import type { FoundTensor } from './found-tensor';

/** A tensor with its place in the file. */
export interface PlacedTensor {
  readonly name: string;
  /** Keys from the root down. */
  readonly path: string;
  readonly found: FoundTensor;
}

export interface Layout {
  readonly tensors: readonly PlacedTensor[];
  /** Where further sets of weights lie that were left aside: averages, optimizer state, a second network. */
  readonly others: readonly string[];
  /** True where the weights were found in a whole pickled module. */
  readonly module: boolean;
  /** True where the file nests deeper, or holds more, than Scour follows: tensors may be missing. */
  readonly cutShort: boolean;
}

/** Keys under which training scripts keep the weights, most telling first. */
const WEIGHT_KEYS = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'netC',
  'module',
  'params',
  'weights',
  'classifier',
  'state',
];
/** Sets of tensors that are no weights of the network, or a second copy of them. */
const ASIDE =
  /optim|sched|scaler|momentum|ema$|ema_|swa|average|loss|criterion|(^|_)grad|history|rng|callbacks|loops|dataset|bd_|_data$|^data$|indices|labels|targets?$/i;

/** Wrappers nest a few levels; a file that nests a million is hostile. */
const MAX_DEPTH = 32;
const MAX_TENSORS = 200_000;
const MAX_VISITS = 2_000_000;
/** Lists beside the weights are looked through no further than this: what they hold is only named. */
const MAX_LOOKS = 200_000;

/** Finds the weights in what a pickle holds: a state dict, one within other things, or a pickled module. */
export function findWeights(
  root: PickleValue,
  tensorOf: (value: PickleValue | undefined) => FoundTensor | null,
): Layout {
  return new WeightFinder(tensorOf).find(root);
}

/** What carries tensors by name: a dict, or an object with attributes. */
type Holder = PickleDict | PickleObject;

class WeightFinder {
  private readonly tensorOf: (value: PickleValue | undefined) => FoundTensor | null;
  private visits = 0;
  private looks = 0;
  private cutShort = false;
  private readonly attributesOf = new Map<PickleObject, Map<PickleValue, PickleValue>>();
  private readonly transientOf = new Map<PickleNode, Set<PickleValue>>();
  private readonly naming = new Map<PickleNode, boolean>();
  private readonly holding = new Map<PickleNode, boolean>();

  constructor(tensorOf: (value: PickleValue | undefined) => FoundTensor | null) {
    this.tensorOf = tensorOf;
  }

  find(root: PickleValue): Layout {
    const others: string[] = [];
    const path: string[] = [];
    let value = root;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const child = this.wrapped(value, path, others);
      if (!child) break;
      path.push(child[0]);
      value = child[1];
    }
    const tensors: PlacedTensor[] = [];
    this.collect(value, '', [...path], tensors, new Set());
    return { tensors: named(tensors), others, module: this.isModule(value), cutShort: this.cutShort };
  }

  /** The one entry of a wrapping dict that holds the weights, or null where `value` holds them itself. */
  private wrapped(
    value: PickleValue,
    path: readonly string[],
    others: string[],
  ): [string, PickleValue] | null {
    if (!isNode(value) || value.kind !== 'dict') return null;
    const holders: [string, Holder][] = [];
    const unnamed: string[] = [];
    let weights = 0;
    for (const [key, child] of value.entries) {
      const found = this.tensorOf(child);
      if (found) {
        if (found.layout.dims.length > 1 || /\.(weight|bias|running_(mean|var))$/.test(keyText(key)))
          weights++;
      } else if (isHolder(child) && this.namesTensors(child, MAX_DEPTH)) {
        holders.push([keyText(key), child]);
      } else if (isNode(child) && this.holdsTensors(child, MAX_DEPTH)) {
        unnamed.push(keyText(key));
      }
    }
    if (holders.length === 0) return null;
    const preferred = WEIGHT_KEYS.flatMap((key) => holders.filter(([name]) => name === key));
    const plausible = [...preferred, ...holders.filter((holder) => !preferred.includes(holder))].filter(
      ([name]) => preferred.some(([known]) => known === name) || !ASIDE.test(name),
    );
    const chosen = preferred[0] ?? (plausible.length === 1 && weights === 0 ? plausible[0] : undefined);
    if (!chosen) return null;
    if (weights > 0) others.push([...path, 'tensors beside it'].join(' → '));
    for (const holder of holders) if (holder !== chosen) others.push([...path, holder[0]].join(' → '));
    for (const name of unnamed) others.push([...path, name].join(' → '));
    return chosen;
  }

  /** True where a tensor lies somewhere below, with names all the way. */
  private namesTensors(holder: Holder, depth: number): boolean {
    const inner = (child: PickleValue): Holder | null => (isHolder(child) ? child : null);
    return this.anyBelow(this.naming, holder, depth, inner, () => this.exhausted());
  }

  /** True where a tensor lies somewhere below, also in lists. */
  private holdsTensors(node: PickleNode, depth: number): boolean {
    const inner = (child: PickleValue): PickleNode | null => (isNode(child) ? child : null);
    return this.anyBelow(this.holding, node, depth, inner, () => ++this.looks > MAX_LOOKS);
  }

  private anyBelow(
    known: Map<PickleNode, boolean>,
    node: PickleNode,
    depth: number,
    inner: (child: PickleValue) => PickleNode | null,
    isEnough: () => boolean,
  ): boolean {
    const before = known.get(node);
    if (before !== undefined) return before;
    if (depth === 0) return false;
    known.set(node, false);
    for (const [, child] of this.parts(node)) {
      if (isEnough()) break;
      const next = inner(child);
      if (this.tensorOf(child) || (next && this.anyBelow(known, next, depth - 1, inner, isEnough))) {
        known.set(node, true);
        return true;
      }
    }
    return false;
  }

  private collect(
    value: PickleValue,
    prefix: string,
    path: string[],
    into: PlacedTensor[],
    above: Set<PickleValue>,
  ): void {
    const found = this.tensorOf(value);
    if (found) {
      if (into.length >= MAX_TENSORS) this.cutShort = true;
      else into.push({ name: prefix || 'tensor', path: path.join(' → '), found });
      return;
    }
    if (!isNode(value) || above.has(value)) return;
    if (above.size >= MAX_DEPTH) {
      this.cutShort = true;
      return;
    }
    above.add(value);
    for (const [key, child] of this.parts(value)) {
      if (this.exhausted()) break;
      if (!isNode(child)) continue;
      const segment = keyText(key);
      path.push(segment);
      this.collect(child, prefix ? `${prefix}.${segment}` : segment, path, into, above);
      path.pop();
    }
    above.delete(value);
  }

  /** Counts a step; true once there have been more than any honest file needs. */
  private exhausted(): boolean {
    if (++this.visits > MAX_VISITS) this.cutShort = true;
    return this.cutShort;
  }

  private parts(value: PickleNode): Iterable<readonly [PickleValue, PickleValue]> {
    if (isHolder(value)) return this.children(value);
    return value.kind === 'list' || value.kind === 'tuple' ? value.items.entries() : [];
  }

  /** What a holder holds: a dict's entries, an object's attributes; of a module, in the order of `state_dict()`. */
  private *children(holder: Holder): Iterable<readonly [PickleValue, PickleValue]> {
    if (holder.kind === 'dict') {
      yield* holder.entries;
      return;
    }
    const own = this.attributes(holder);
    if (!this.isModule(holder)) {
      yield* own;
      return;
    }
    const transient = this.transientBuffers(own.get('_non_persistent_buffers_set'));
    for (const part of ['_parameters', '_buffers', '_modules']) {
      const group = own.get(part);
      if (!isNode(group) || group.kind !== 'dict') continue;
      for (const entry of group.entries) {
        if (part !== '_buffers' || !transient.has(entry[0])) yield entry;
      }
    }
  }

  private transientBuffers(names: PickleValue | undefined): Set<PickleValue> {
    if (!isNode(names) || names.kind !== 'set') return new Set();
    let transient = this.transientOf.get(names);
    if (!transient) this.transientOf.set(names, (transient = new Set(names.items)));
    return transient;
  }

  /** True for a pickled `torch.nn.Module`. */
  private isModule(value: PickleValue): boolean {
    if (!isNode(value) || value.kind !== 'object') return false;
    const own = this.attributes(value);
    return own.has('_parameters') && own.has('_modules');
  }

  /** The attributes that BUILD gave an object. */
  private attributes(object: PickleObject): Map<PickleValue, PickleValue> {
    let merged = this.attributesOf.get(object);
    if (merged) return merged;
    // A pair is (attributes, slots).
    const parts = object.states
      .flatMap((state) => (isNode(state) && state.kind === 'tuple' ? state.items.slice(0, 2) : [state]))
      .filter((part) => isNode(part) && part.kind === 'dict');
    if (parts.length === 1) merged = parts[0]!.entries;
    else {
      merged = new Map();
      for (const part of parts) {
        for (const [key, value] of part.entries) {
          if (this.exhausted()) break;
          merged.set(key, value);
        }
      }
    }
    this.attributesOf.set(object, merged);
    return merged;
  }
}

function isHolder(value: PickleValue | undefined): value is Holder {
  return isNode(value) && (value.kind === 'dict' || value.kind === 'object');
}

function keyText(key: PickleValue): string {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : '?';
}

/** Takes off the wrappers' prefix that every name has, and makes names unique. */
function named(tensors: readonly PlacedTensor[]): PlacedTensor[] {
  const prefix = commonPrefix(tensors.map(({ name }) => name));
  const used = new Map<string, number>();
  return tensors.map((tensor) => {
    const name = tensor.name.slice(prefix);
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return { ...tensor, name: count === 1 ? name : `${name} (${count})` };
  });
}
