import type { Tensor, Tfjs } from './tfjs';

/**
 * The result of `f`, a comparison or the like, through which no gradient flows. TensorFlow.js has no gradient for most
 * comparisons and fails where one lies between the parameters and the loss, even as the condition of tf.where.
 */
export function locallyConstant(tf: Tfjs, f: (...xs: Tensor[]) => Tensor, ...xs: readonly Tensor[]): Tensor {
  const held = tf.customGrad((...given) => {
    // The last argument is a function that saves tensors for the gradient; zeros need none.
    const tensors = given.slice(0, xs.length) as Tensor[];
    return {
      value: f(...tensors),
      gradFunc: () => xs.map(({ shape }) => tf.zeros(shape)),
    };
  });
  return held(...xs);
}
