import type { CheckpointTensor } from '../checkpoint-tensor';

/** The largest net of the known families has a few thousand tensors; names of a hostile file are no work to index. */
const MAX_TENSORS = 10_000;
const MAX_NAME = 200;

/** Tensors by name, and which modules have numbered children. */
export class ModuleNames {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  private readonly children = new Map<string, Set<number>>();
  private readonly sorted = new Map<string, readonly number[]>();

  private constructor(tensors: readonly CheckpointTensor[]) {
    this.tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    for (const name of this.tensors.keys()) this.add(name.split('.'));
  }

  /** Null where there are more tensors, or longer names, than any known architecture has. */
  static of(tensors: readonly CheckpointTensor[]): ModuleNames | null {
    const isPlausible = tensors.length <= MAX_TENSORS && tensors.every(({ name }) => name.length <= MAX_NAME);
    return isPlausible ? new ModuleNames(tensors) : null;
  }

  /** Names of the direct children of a module that are numbers, ascending: the parts of a Sequential. */
  numbers(module: string): readonly number[] {
    let found = this.sorted.get(module);
    if (!found) {
      found = [...(this.children.get(module) ?? [])].sort((a, b) => a - b);
      this.sorted.set(module, found);
    }
    return found;
  }

  private add(segments: readonly string[]): void {
    for (let i = 0; i + 1 < segments.length; i++) {
      if (!/^\d{1,6}$/.test(segments[i]!)) continue;
      const module = segments.slice(0, i).join('.');
      const own = this.children.get(module) ?? new Set();
      this.children.set(module, own.add(Number(segments[i])));
    }
  }
}
