import type { BuiltGraph } from './ops';
import { sizeOf } from './shape';
import type { Value } from './value';

/** Operators whose result is their first input under another shape. */
const VIEWS = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten']);

/**
 * Bytes that running a graph takes at its peak: inputs, constants, outputs, and every value from the node that makes it
 * to the last one that reads it, nodes run in order. What an allocator loses between them is not counted.
 */
export function peakBytes({ g, outputs }: BuiltGraph): number {
  const nodes = g.liveNodes(outputs.values());
  const sources = new Map<string, string>();
  const sourceOf = (value: Value): string => sources.get(value.name) ?? value.name;
  const lastUse = new Map<string, number>();
  const sizes = new Map<string, number>();
  nodes.forEach(({ opType, inputs, outputs: made }, i) => {
    const [first] = inputs;
    if (VIEWS.has(opType) && first && made[0]) sources.set(made[0].name, sourceOf(first));
    for (const input of inputs) if (input) lastUse.set(sourceOf(input), i);
  });
  for (const value of outputs.values()) lastUse.set(sourceOf(value), Infinity);

  let held = 0;
  let peak = 0;
  const made = new Set<string>();
  const hold = (value: Value): void => {
    const name = sourceOf(value);
    if (made.has(name)) return;
    made.add(name);
    const bytes =
      sizeOf(value.shape) *
      BYTES[value.dtype === 'int64' ? 'wide' : value.dtype === 'bool' ? 'narrow' : 'usual'];
    sizes.set(name, bytes);
    held += bytes;
  };
  const produced = new Set(
    nodes.flatMap(({ outputs: all }) => all.flatMap((value) => (value ? [value.name] : []))),
  );
  // What comes from outside is there from the start to the end.
  for (const { inputs } of nodes)
    for (const input of inputs)
      if (input && !produced.has(input.name)) {
        hold(input);
        lastUse.set(input.name, Infinity);
      }
  nodes.forEach(({ inputs, outputs: results }, i) => {
    for (const result of results) if (result) hold(result);
    peak = Math.max(peak, held);
    for (const value of [...inputs, ...results]) {
      if (!value) continue;
      const name = sourceOf(value);
      if ((lastUse.get(name) ?? i) > i) continue;
      held -= sizes.get(name) ?? 0;
      sizes.delete(name);
    }
  });
  return peak;
}

const BYTES = { narrow: 1, usual: 4, wide: 8 } as const;
