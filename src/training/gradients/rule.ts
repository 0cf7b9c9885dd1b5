import type { Ops } from '../graph/ops';
import { NodeView } from '../graph/node-view';
import type { GraphNode, Value } from '../graph/value';

/** The gradient with respect to one input, built only where it is asked for; null where there is none. */
export type InputGradient = (() => Value) | null;

/** From a node and the gradients of its outputs, the gradient of each of its inputs, in order. */
export type GradientRule = (n: NodeGradient) => readonly InputGradient[];

/** What a rule sees of one node: its values, its attributes, and the gradients that reach its outputs. */
export class NodeGradient extends NodeView {
  private readonly outputGradients: readonly (Value | null)[];

  constructor(g: Ops, node: GraphNode, outputGradients: readonly (Value | null)[]) {
    super(g, node);
    this.outputGradients = outputGradients;
  }

  /** Gradient of the loss with respect to output 0. */
  get dy(): Value {
    return this.gradient(0);
  }

  /** Gradient of the loss with respect to output `i`: zeros where the loss does not depend on it. */
  gradient(i: number): Value {
    const y = this.y(i);
    return this.outputGradients[i] ?? this.g.full(y.shape, 0, y.dtype);
  }

  /** True where the loss depends on output `i`. */
  reaches(i: number): boolean {
    return Boolean(this.outputGradients[i]);
  }
}
