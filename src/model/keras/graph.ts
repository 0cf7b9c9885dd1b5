import { at, isObject, listAt, objectAt, textAt, type JsonObject } from './json';

/** A layer as a Keras configuration describes it. */
export interface KerasLayer {
  /** Names of the models it lies in, the outermost left out, then its own. */
  readonly path: readonly string[];
  readonly className: string;
  readonly config: JsonObject;
  /** Where `keras.saving` keeps its weights within the weights file: `layers/conv2d_1`. */
  readonly storePath: string;
}

/** One use of a layer. A layer that is shared has several. */
export interface KerasCall {
  readonly layer: KerasLayer;
  /** Calls whose outputs it takes, as indices. */
  readonly inputs: number[];
}

/** A network with nested models unfolded. */
export interface KerasGraph {
  readonly layers: readonly KerasLayer[];
  readonly calls: readonly KerasCall[];
  /** Calls whose values the model returns. */
  readonly outputs: ReadonlySet<number>;
}

/** The configuration cannot be made sense of; the message continues "its configuration …". */
export class ConfigError extends Error {
  readonly reason: 'malformed' | 'too-large' | 'cyclic-graph';

  constructor(reason: 'malformed' | 'too-large' | 'cyclic-graph', message: string) {
    super(message);
    this.reason = reason;
  }
}

const MAX_CALLS = 50_000;
const MAX_MODELS_DEEP = 16;

/** True for configurations of models made of layers that the configuration lists. */
export function isModel(described: unknown): boolean {
  return Array.isArray(layersOf(described));
}

/** The list of layers of a model's description; a Sequential's configuration was once the list itself. */
function layersOf(described: unknown): readonly unknown[] | null {
  const config = at(described, 'config');
  if (Array.isArray(config)) return config as readonly unknown[];
  const layers = at(config, 'layers');
  return Array.isArray(layers) ? (layers as readonly unknown[]) : null;
}

/**
 * Reads the graph of a Sequential or Functional model from its configuration, of Keras 1 to 3 and TensorFlow.js.
 * @throws ConfigError where it is no such model, its graph has a cycle, or it is too large.
 */
export function kerasGraph(description: unknown): KerasGraph {
  const reader = new GraphReader();
  const { outputs } = reader.model(description, [], '', 0);
  reader.refuseCycles();
  return { layers: [...reader.layers.values()], calls: reader.calls, outputs: new Set(outputs) };
}

/** Where values enter and leave a layer or a nested model: calls. */
interface Ends {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A value of another layer of the same model: layer, which call of it, which of its outputs. */
interface Reference {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

class GraphReader {
  readonly layers = new Map<string, KerasLayer>();
  readonly calls: KerasCall[] = [];

  model(description: unknown, path: readonly string[], store: string, depth: number): Ends {
    const described = layersOf(description);
    if (!described)
      throw new ConfigError('malformed', 'lists no layers: it is not a Sequential or Functional model');
    if (depth > MAX_MODELS_DEEP)
      throw new ConfigError('too-large', `nests models deeper than ${MAX_MODELS_DEEP}`);
    const names = new StoreNames(store);
    const placed = described.map((layer) => ({
      layer,
      store: names.next(textAt(layer, 'class_name') ?? ''),
    }));
    const isSequence = !described.some(
      (layer) => at(layer, 'inbound_nodes') !== undefined && listAt(layer, 'inbound_nodes').length > 0,
    );
    return isSequence && at(at(description, 'config'), 'output_layers') === undefined
      ? this.sequence(placed, path, depth)
      : this.functional(description, placed, path, depth);
  }

  refuseCycles(): void {
    const waiting = this.calls.map(({ inputs }) => inputs.length);
    const users = this.calls.map((): number[] => []);
    this.calls.forEach(({ inputs }, user) => inputs.forEach((input) => users[input]!.push(user)));
    const ready = waiting.flatMap((count, call) => (count === 0 ? [call] : []));
    let done = 0;
    for (let call = ready.pop(); call !== undefined; call = ready.pop()) {
      done++;
      for (const user of users[call]!) {
        waiting[user]! -= 1;
        if (waiting[user] === 0) ready.push(user);
      }
    }
    if (done < this.calls.length) throw new ConfigError('cyclic-graph', 'feeds layers with their own output');
  }

  private sequence(placed: readonly Placed[], path: readonly string[], depth: number): Ends {
    let first: Ends | null = null;
    let last: Ends | null = null;
    for (const { layer, store } of placed) {
      const ends = this.use(layer, path, store, depth);
      if (last) this.connect(last.outputs, ends.inputs);
      first ??= ends;
      last = ends;
    }
    if (!first || !last) return { inputs: [], outputs: [] };
    return { inputs: first.inputs, outputs: last.outputs };
  }

  private functional(
    description: unknown,
    placed: readonly Placed[],
    path: readonly string[],
    depth: number,
  ): Ends {
    const uses = new Map<string, Ends>();
    const wanted: { ends: Ends; from: readonly Reference[] }[] = [];
    const known = new Set(placed.map(({ layer }) => nameOf(layer)));
    for (const { layer, store } of placed) {
      const name = nameOf(layer);
      const inbound = listAt(layer, 'inbound_nodes');
      // An input layer is used without being called.
      for (let call = 0; call < Math.max(1, inbound.length); call++) {
        const key = `${call} ${name}`;
        if (uses.has(key)) throw new ConfigError('malformed', `has two layers of the name '${name}'`);
        const ends = this.use(layer, path, store, depth);
        uses.set(key, ends);
        if (call < inbound.length) wanted.push({ ends, from: references(inbound[call], known) });
      }
    }
    const valueOf = ({ layer, call, output }: Reference): number => {
      const outputs = uses.get(`${call} ${layer}`)?.outputs;
      const value = outputs?.[Math.min(output, outputs.length - 1)];
      if (value === undefined)
        throw new ConfigError('malformed', `uses output ${call}:${output} of '${layer}', which is not there`);
      return value;
    };
    for (const { ends, from } of wanted) this.connect(from.map(valueOf), ends.inputs);
    const config = at(description, 'config');
    const inputs = references(at(config, 'input_layers'), known);
    const outputs = references(at(config, 'output_layers'), known);
    return { inputs: inputs.map(valueOf), outputs: outputs.map(valueOf) };
  }

  /** One more call of a layer, or a nested model unfolded. */
  private use(described: unknown, path: readonly string[], storePath: string, depth: number): Ends {
    if (!isObject(described)) throw new ConfigError('malformed', 'has a layer that is no object');
    const name = nameOf(described);
    const own = [...path, name];
    if (isModel(described)) return this.model(described, own, storePath, depth + 1);
    if (this.calls.length >= MAX_CALLS)
      throw new ConfigError('too-large', `calls layers more than ${MAX_CALLS} times`);
    const key = own.join('\0');
    let layer = this.layers.get(key);
    if (!layer) {
      const className = textAt(described, 'class_name') ?? '';
      layer = { path: own, className, config: objectAt(described, 'config'), storePath };
      this.layers.set(key, layer);
    }
    const call = this.calls.push({ layer, inputs: [] }) - 1;
    return { inputs: [call], outputs: [call] };
  }

  /** Values into a layer, or into a nested model: the i-th value into its i-th input. */
  private connect(values: readonly number[], inputs: readonly number[]): void {
    values.forEach((value, i) => {
      const input = inputs[Math.min(i, inputs.length - 1)];
      if (input !== undefined) this.calls[input]!.inputs.push(value);
    });
  }
}

interface Placed {
  readonly layer: unknown;
  readonly store: string;
}

function nameOf(layer: unknown): string {
  return textAt(layer, 'name') ?? textAt(at(layer, 'config'), 'name') ?? '';
}

const MAX_REFERENCE_DEPTH = 32;

/**
 * The values that a call takes. Keras 3 writes tensors as objects with their history; Keras 1 and 2 write lists of layer,
 * call, output and keyword arguments, which may hold further such lists.
 */
function references(value: unknown, known: ReadonlySet<string>, depth = 0): Reference[] {
  if (depth > MAX_REFERENCE_DEPTH)
    throw new ConfigError('too-large', 'nests the inputs of a layer too deeply');
  if (Array.isArray(value)) {
    const [layer, call, output, more] = value as readonly unknown[];
    if (typeof layer === 'string' && isIndex(call) && isIndex(output)) {
      if (known.has(layer)) return [{ layer, call, output }, ...references(more, known, depth + 1)];
      // Keras 2 writes plain numbers as inputs of a layer that does not exist.
      if (/^_constant(_value)?$/i.test(layer)) return references(more, known, depth + 1);
      throw new ConfigError('malformed', `uses a layer '${layer}' that it does not list`);
    }
    return (value as readonly unknown[]).flatMap((item) => references(item, known, depth + 1));
  }
  if (!isObject(value)) return [];
  const items =
    value['class_name'] === '__keras_tensor__'
      ? [at(value['config'], 'keras_history')]
      : Object.values(value);
  return items.flatMap((item) => references(item, known, depth + 1));
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** How `keras.saving` names layers in the weights file: by class and number, in the order of the model's layers. */
class StoreNames {
  private readonly store: string;
  private readonly used = new Map<string, number>();

  constructor(store: string) {
    this.store = store;
  }

  next(className: string): string {
    const name = snakeCase(className);
    const times = this.used.get(name) ?? 0;
    this.used.set(name, times + 1);
    return `${this.store === '' ? '' : `${this.store}/`}layers/${times === 0 ? name : `${name}_${times}`}`;
  }
}

/** `BatchNormalization` → `batch_normalization`, `Conv2DTranspose` → `conv2d_transpose`. */
function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
