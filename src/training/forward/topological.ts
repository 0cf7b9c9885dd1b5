import type { OnnxNode } from '../../model/onnx/graph';
import { TrainingError } from '../errors';

/** The nodes such that each comes after those that make its inputs, otherwise in their given order. Throws TrainingError `unsupported-model` for a cycle. */
export function topological(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producers = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const output of node.outputs) if (output !== '') producers.set(output, i);
  });
  const open = nodes.map(() => 0);
  const followers = nodes.map((): number[] => []);
  nodes.forEach((node, i) => {
    for (const before of new Set(node.inputs.map((name) => producers.get(name)))) {
      if (before === undefined) continue;
      open[i]!++;
      followers[before]!.push(i);
    }
  });
  if (nodes.every((node, i) => node.inputs.every((name) => (producers.get(name) ?? -1) < i)))
    return [...nodes];
  const ready = open.flatMap((count, i) => (count === 0 ? [i] : []));
  const sorted: OnnxNode[] = [];
  // `ready` grows while it is walked.
  for (const next of ready) {
    sorted.push(nodes[next]!);
    for (const follower of followers[next]!) {
      const left = open[follower]! - 1;
      open[follower] = left;
      if (left === 0) ready.push(follower);
    }
  }
  if (sorted.length < nodes.length)
    throw new TrainingError('unsupported-model', 'This model cannot be trained: its graph has a cycle.');
  return sorted;
}
