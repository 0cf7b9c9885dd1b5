import { COMPOSITE } from '../graph/builder';
import { INPUT_GRADIENT, KERNEL_GRADIENT } from '../graph/composites';
import { NodeView } from '../graph/node-view';
import { Ops, type BuiltGraph } from '../graph/ops';
import type { GraphNode, Value } from '../graph/value';
import { windowOf } from '../gradients/window';
import * as blocked from './blocked-convolution';
import { squeezed } from './squeeze';

/**
 * The same graph as onnxruntime runs it faster: elementwise operations without trailing axes of length 1, and
 * convolutions and their gradients in blocked layout (see ./blocked-ops) wherever they fit. `block`: channels in a block
 * on this machine; null keeps to standard operators.
 */
export function lower(built: BuiltGraph, block: number | null): BuiltGraph {
  const g = new Ops();
  g.adopt(built.g);
  const replaced = new Map<string, Value>();
  const now = (value: Value): Value => replaced.get(value.name) ?? value;
  for (const old of built.g.nodes) {
    const node: GraphNode = { ...old, inputs: old.inputs.map((input) => input && now(input)) };
    const result = squeezed(g, node) ?? (block === null ? null : convolution(new NodeView(g, node), block));
    if (result) replaced.set(node.outputs[0]!.name, result);
    else if (node.role !== 'composite') g.push(node);
  }
  return { g, outputs: new Map([...built.outputs].map(([name, value]) => [name, now(value)])) };
}

function convolution(n: NodeView, block: number): Value | null {
  const { g, node } = n;
  const group = n.int('group', 1);
  if (node.opType === 'Conv' && node.domain === '') {
    const outputs = n.y().shape.slice(2);
    const window = windowOf(n, n.x(1).shape.slice(2));
    return blocked.convolve(g, block, n.x(0), n.x(1), n.optional(2), window, group, outputs);
  }
  if (node.domain !== COMPOSITE) return null;
  if (node.opType === INPUT_GRADIENT) {
    const window = windowOf(n, n.x(1).shape.slice(2));
    return blocked.inputGradient(g, block, n.x(0), n.x(1), window, group, n.y().shape);
  }
  if (node.opType === KERNEL_GRADIENT) {
    const window = windowOf(n, n.y().shape.slice(2));
    return blocked.kernelGradient(g, block, n.x(0), n.x(1), window, group);
  }
  return null;
}
