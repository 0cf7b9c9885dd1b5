import * as v from 'valibot';

/** The part of VS Code's Memento that is used. */
export interface Memento {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

interface KeyedMemoryOptions<T> {
  /** Under which all of it is kept. */
  key: string;
  schema: v.GenericSchema<unknown, T>;
  /** What is kept, as the log names it: "the editor's settings". */
  what: string;
  log: (line: string) => void;
}

/** The values used last are kept, this many of them. */
const LIMIT = 200;

/** Keeps one value for each id across reloads of the window; what does not fit the schema is dropped with a line in the log. */
export class KeyedMemory<T> {
  private readonly memento: Memento;
  private readonly options: KeyedMemoryOptions<T>;
  private readonly all: v.GenericSchema<unknown, [string, T][]>;

  constructor(memento: Memento, options: KeyedMemoryOptions<T>) {
    this.memento = memento;
    this.options = options;
    this.all = v.array(v.tuple([v.string(), options.schema]));
  }

  /** The value last kept for `id`, or undefined. */
  recall(id: string): T | undefined {
    return this.read().find(([other]) => other === id)?.[1];
  }

  remember(id: string, value: T): void {
    const { key, what, log } = this.options;
    const others = this.read().filter(([other]) => other !== id);
    const all = [[id, value], ...others].slice(0, LIMIT);
    this.memento.update(key, all).then(undefined, (error: unknown) => {
      log(`${what} could not be kept: ${String(error)}`);
    });
  }

  private read(): [string, T][] {
    const { key, what, log } = this.options;
    const stored = this.memento.get(key);
    if (stored === undefined) return [];
    const parsed = v.safeParse(this.all, stored);
    if (parsed.success) return parsed.output;
    log(`dropped ${what}: ${v.summarize(parsed.issues)}`);
    return [];
  }
}
