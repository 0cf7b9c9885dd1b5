import { floatAttribute, intAttribute, intsAttribute, textAttribute } from '../../model/onnx/attributes';
import { TrainingError } from '../errors';
import type { Ops } from '../graph/ops';
import { axisOf } from '../graph/shape';
import type { GraphNode, Value } from '../graph/value';

/** The gradient with respect to one input, built only where it is asked for; null where there is none. */
export type InputGradient = (() => Value) | null;

/** From a node and the gradients of its outputs, the gradient of each of its inputs, in order. */
export type GradientRule = (n: NodeGradient) => readonly InputGradient[];

/** What a rule sees of one node: its values, its attributes, and the gradients that reach its outputs. */
export class NodeGradient {
  readonly g: Ops;
  readonly node: GraphNode;
  private readonly outputGradients: readonly (Value | null)[];

  constructor(g: Ops, node: GraphNode, outputGradients: readonly (Value | null)[]) {
    this.g = g;
    this.node = node;
    this.outputGradients = outputGradients;
  }

  /** Input `i`, which the operator's definition requires. */
  x(i = 0): Value {
    const value = this.node.inputs[i];
    if (!value) throw this.error('unsupported-model', `input ${i} is missing`);
    return value;
  }

  /** Input `i`, or null where it is left out. */
  optional(i: number): Value | null {
    return this.node.inputs[i] ?? null;
  }

  /** Output `i`. */
  y(i = 0): Value {
    const value = this.node.outputs[i];
    if (!value) throw this.error('unsupported-model', `output ${i} is missing`);
    return value;
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

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  text(name: string, fallback: string): string {
    return textAttribute(this.node, name, fallback);
  }

  /** The attribute `name`, or null where it is absent. */
  ints(name: string): readonly number[] | null {
    return intsAttribute(this.node, name);
  }

  /** The attribute `axis` as a non-negative axis of input 0. */
  axis(fallback: number): number {
    return axisOf(this.int('axis', fallback), this.x().shape.length);
  }

  /** The numbers in input `i`, which must be a constant. Throws TrainingError `dynamic-shape` where they are not known. */
  constant(i: number): readonly number[] {
    const values = this.g.valuesOf(this.x(i));
    if (values === null)
      throw this.error(
        'dynamic-shape',
        `input ${i} ('${this.x(i).name}') must be known before the step runs`,
      );
    return values;
  }

  /** The numbers in input `i`; null where it is left out. Throws as `constant` does. */
  optionalConstant(i: number): readonly number[] | null {
    return this.optional(i) ? this.constant(i) : null;
  }

  /** An error about this node. */
  error(reason: TrainingError['reason'], what: string): TrainingError {
    return new TrainingError(reason, `${describe(this.node)}: ${what}.`);
  }
}

/** A node as messages name it: operator, and its name or first output. */
export function describe(node: GraphNode): string {
  const type = node.domain === '' ? node.opType : `${node.domain}::${node.opType}`;
  const first = node.outputs.find((output) => output !== null);
  return `${type} '${node.name || (first?.name ?? '?')}'`;
}
