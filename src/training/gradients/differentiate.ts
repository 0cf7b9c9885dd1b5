import { isFloat } from '../../model/dtype';
import { TrainingError } from '../errors';
import type { Ops } from '../graph/ops';
import { describe } from '../graph/node-view';
import { sameShape } from '../graph/shape';
import type { GraphNode, Value } from '../graph/value';
import { isLocallyConstant, ruleOf } from './registry';
import { NodeGradient } from './rule';

/**
 * Reverse-mode differentiation: extends the graph with the gradients of the scalar `loss` with respect to `wrt`, and
 * returns them by the name of the value they belong to, each in its value's shape. A value that the loss does not
 * depend on gets zeros. The result is made of the same operators, so it can be differentiated again.
 * Throws TrainingError `no-gradient` where an operator in between has no rule.
 */
export function differentiate(g: Ops, loss: Value, wrt: readonly Value[]): Map<string, Value> {
  if (loss.shape.length !== 0) throw new RangeError('Only a scalar loss can be differentiated.');
  const active = activeNodes(g.nodes, wrt);
  const gradients = new Map<string, Value[]>([[loss.name, [g.full([], 1, loss.dtype)]]]);
  const take = (value: Value): Value | null => {
    const terms = gradients.get(value.name);
    if (terms === undefined) return null;
    const total = g.sum(terms);
    gradients.set(value.name, [total]);
    return total;
  };
  for (const node of active.nodes.toReversed()) {
    const outputs = node.outputs.map((output) => (output ? take(output) : null));
    if (outputs.every((gradient) => gradient === null)) continue;
    const rule = ruleOf(node);
    if (rule === undefined) throw noRule(node);
    const byInput = rule(new NodeGradient(g, node, outputs));
    node.inputs.forEach((input, i) => {
      if (input === null || !active.names.has(input.name)) return;
      const gradient = byInput[i]?.();
      if (gradient === undefined) return;
      if (!sameShape(gradient.shape, input.shape)) {
        throw new TypeError(
          `${describe(node)}: the gradient of input ${i} has shape [${gradient.shape.join(', ')}], the input [${input.shape.join(', ')}].`,
        );
      }
      gradients.set(input.name, [...(gradients.get(input.name) ?? []), gradient]);
    });
  }
  return new Map(wrt.map((value) => [value.name, take(value) ?? g.full(value.shape, 0, value.dtype)]));
}

/** The nodes through which a change of `wrt` can reach other values, and the names of the values it reaches. */
function activeNodes(
  nodes: readonly GraphNode[],
  wrt: readonly Value[],
): { nodes: GraphNode[]; names: Set<string> } {
  const names = new Set(wrt.map((value) => value.name));
  const active = nodes.filter((node) => {
    if (node.role === 'part') return false;
    if (isLocallyConstant(node) || !node.inputs.some((input) => input && names.has(input.name))) return false;
    const reached = node.outputs.filter(
      (output): output is Value => output !== null && isFloat(output.dtype),
    );
    for (const output of reached) names.add(output.name);
    return reached.length > 0;
  });
  return { nodes: active, names };
}

function noRule(node: GraphNode): TrainingError {
  return new TrainingError(
    'no-gradient',
    `${describe(node)} lies between trainable parameters and the loss, and Scour knows no gradient for this operator. ` +
      'Freeze the parameters before it, or export the model with this operator decomposed into standard ones.',
  );
}
