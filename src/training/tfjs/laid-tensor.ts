import type { Tensor, Tensor4D, Tfjs } from './tfjs';

const TO_LAST = [0, 2, 3, 1];
const TO_FIRST = [0, 3, 1, 2];
/** Where each axis of N × C × H × W lies in N × H × W × C. */
const AXIS_IN_LAST = [0, 3, 1, 2];

/**
 * A tensor of a run, together with the order its axes are stored in. ONNX means N × C × H × W; TensorFlow.js convolves
 * and pools N × H × W × C. What such an operator makes stays in its order until something needs the other, and both
 * are kept, so that a chain of convolutions and activations transposes once at each end.
 */
export class LaidTensor {
  /** True where the values were computed channels-last. */
  readonly isLast: boolean;
  private readonly tf: Tfjs;
  private readonly own: Tensor;
  private other: Tensor | null = null;

  private constructor(tf: Tfjs, own: Tensor, isLast: boolean) {
    this.tf = tf;
    this.own = own;
    this.isLast = isLast;
  }

  /** A tensor with its axes as ONNX has them, of any rank. */
  static first(tf: Tfjs, tensor: Tensor): LaidTensor {
    return new LaidTensor(tf, tensor, false);
  }

  /** N × H × W × C */
  static last(tf: Tfjs, tensor: Tensor): LaidTensor {
    return new LaidTensor(tf, tensor, true);
  }

  /** The tensor with its axes as ONNX has them. */
  asFirst(): Tensor {
    if (!this.isLast) return this.own;
    return (this.other ??= this.tf.transpose(this.own, TO_FIRST));
  }

  /** N × H × W × C. Tensors of fewer axes get leading ones, as in broadcasting; more than four are a programmer's error. */
  asLast(): Tensor4D {
    if (this.isLast) return this.own as Tensor4D;
    if (this.own.rank > 4)
      throw new RangeError(`A tensor of ${this.own.rank} axes has no channels-last order.`);
    this.other ??= this.tf.transpose(this.asRank4(), TO_LAST);
    return this.other as Tensor4D;
  }

  private asRank4(): Tensor {
    const missing = 4 - this.own.rank;
    if (missing === 0) return this.own;
    return this.tf.reshape(this.own, [...new Array<number>(missing).fill(1), ...this.own.shape]);
  }
}

/** Axis `axis` of N × C × H × W, as an axis of N × H × W × C. */
export function axisInLast(axis: number): number {
  return AXIS_IN_LAST[axis]!;
}
