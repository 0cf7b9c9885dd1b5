import { ModelError } from '../../protocol/errors';

/** Longest name of a node, tensor or operator, in bytes. Real ones stay under a thousand. */
export const NAME_LIMIT = 64 * 1024;
/** Graphs within graphs (If, Loop, Scan). */
export const MAX_DEPTH = 16;

const MAX_NODES = 200_000;
const MAX_TENSORS = 200_000;
/** Names, attributes, dimensions and numbers in attributes, of the whole file. */
const MAX_ITEMS = 8_000_000;

/**
 * Bounds on what a file may make us hold in memory, shared by the whole parse: a small file can describe millions of
 * nodes. The largest published image classifiers stay under 10,000 nodes.
 */
export class Budget {
  private readonly path: string;
  private nodesLeft = MAX_NODES;
  private tensorsLeft = MAX_TENSORS;
  private itemsLeft = MAX_ITEMS;

  constructor(path: string) {
    this.path = path;
  }

  node(): void {
    if (--this.nodesLeft < 0) throw this.exceeded(`${MAX_NODES} nodes`);
  }

  tensor(): void {
    if (--this.tensorsLeft < 0) throw this.exceeded(`${MAX_TENSORS} tensors`);
  }

  items(count: number): void {
    this.itemsLeft -= count;
    if (this.itemsLeft < 0) throw this.exceeded(`${MAX_ITEMS} names and attribute values`);
  }

  private exceeded(limit: string): ModelError {
    return new ModelError(
      'too-large',
      this.path,
      `${this.path} has more than ${limit}, the most that Scour reads; nothing was scanned.`,
    );
  }
}
