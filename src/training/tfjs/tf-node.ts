import { NodeView } from '../graph/node-view';
import type { Ops } from '../graph/ops';
import type { GraphNode } from '../graph/value';
import { LaidTensor } from './laid-tensor';
import type { Tensor, Tfjs } from './tfjs';

/** From a node and the tensors that go into it, its outputs in order. Written in operators that TensorFlow.js differentiates. */
export type TfOperator = (n: TfNode) => readonly LaidTensor[];

/** One node while it is computed: its attributes, static shapes and constants, and the tensors that go into it. */
export class TfNode extends NodeView {
  readonly tf: Tfjs;
  private readonly tensors: readonly (LaidTensor | null)[];

  constructor(tf: Tfjs, g: Ops, node: GraphNode, tensors: readonly (LaidTensor | null)[]) {
    super(g, node);
    this.tf = tf;
    this.tensors = tensors;
  }

  /** Input `i`, in whichever order of axes it is stored. */
  laid(i = 0): LaidTensor {
    const tensor = this.tensors[i];
    if (!tensor) throw this.error('unsupported-model', `input ${i} is missing`);
    return tensor;
  }

  /** Input `i` with its axes as ONNX has them. */
  t(i = 0): Tensor {
    return this.laid(i).asFirst();
  }

  /** Input `i` as `t` gives it, or null where it is left out. */
  optionalT(i: number): Tensor | null {
    return this.tensors[i]?.asFirst() ?? null;
  }

  /** A result with its axes as ONNX has them. */
  first(tensor: Tensor): LaidTensor {
    return LaidTensor.first(this.tf, tensor);
  }

  /** A result that is N × H × W × C. */
  last(tensor: Tensor): LaidTensor {
    return LaidTensor.last(this.tf, tensor);
  }

  /** y = f(x), element by element: stored as x is. */
  map(f: (x: Tensor) => Tensor): readonly LaidTensor[] {
    const x = this.laid();
    return [x.isLast ? this.last(f(x.asLast())) : this.first(f(x.asFirst()))];
  }

  /** y = f(x₀, x₁, …), element by element with broadcasting; channels-last where one of them is. */
  zip(f: (tensors: readonly Tensor[]) => Tensor): readonly LaidTensor[] {
    const given = this.tensors.filter((tensor) => tensor !== null);
    const small = this.node.inputs.every((input) => input === null || input.shape.length <= 4);
    const last = small && given.some((tensor) => tensor.isLast);
    if (last) return [this.last(f(given.map((tensor) => tensor.asLast())))];
    return [this.first(f(given.map((tensor) => tensor.asFirst())))];
  }
}
