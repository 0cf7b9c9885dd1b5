import { floatAttribute, intAttribute, intsAttribute, textAttribute } from '../../model/onnx/attributes';
import { TrainingError } from '../errors';
import type { Ops } from './ops';
import { axisOf } from './shape';
import type { GraphNode, Value } from './value';

/** One node as code that acts on operators reads it: its values and attributes, with the defaults filled in. */
export class NodeView {
  readonly g: Ops;
  readonly node: GraphNode;

  constructor(g: Ops, node: GraphNode) {
    this.g = g;
    this.node = node;
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
