import type { GraphNode, Value } from '../graph/value';
import type { Ops } from '../graph/ops';
import { sizeOf } from '../graph/shape';

/** Elementwise operators of two operands. */
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max']);

/**
 * An elementwise operation without the axes of length 1 that its operands end in; null where there are none.
 * onnxruntime goes through such operands one number at a time where they differ in shape: a product of 960 × 160 × 1 × 1
 * and a scalar took ten times as long as one of 960 × 160.
 */
export function squeezed(g: Ops, node: GraphNode): Value | null {
  const [y, a, b] = [node.outputs[0], node.inputs[0], node.inputs[1]];
  if (node.domain !== '' || !BINARY.has(node.opType) || node.inputs.length !== 2 || !y || !a || !b)
    return null;
  const rank = y.shape.findLastIndex((dim) => dim !== 1) + 1;
  const surplus = y.shape.length - rank;
  if (surplus === 0 || sizeOf(y.shape) === 1) return null;
  const short = (x: Value): Value => g.reshape(x, x.shape.slice(0, Math.max(0, x.shape.length - surplus)));
  const type = { dtype: y.dtype, shape: y.shape.slice(0, rank) };
  const attributes = Object.fromEntries(node.attributes);
  return g.reshape(g.emit(node.opType, [short(a), short(b)], [type], attributes)[0]!, y.shape);
}
