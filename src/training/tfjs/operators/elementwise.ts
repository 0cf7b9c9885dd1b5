import { dtypeOf } from '../../../model/onnx/schema';
import { isFloat } from '../../../model/dtype';
import type { Tensor, Tfjs } from '../tfjs';
import { locallyConstant } from '../locally-constant';
import type { TfOperator } from '../tf-node';

const unary =
  (f: (tf: Tfjs, x: Tensor) => Tensor): TfOperator =>
  (n) =>
    n.map((x) => f(n.tf, x));

const binary =
  (f: (tf: Tfjs, a: Tensor, b: Tensor) => Tensor): TfOperator =>
  (n) =>
    n.zip(([a, b]) => f(n.tf, a!, b!));

/** Operators of any number of inputs, folded from the left. */
const variadic =
  (f: (tf: Tfjs, a: Tensor, b: Tensor) => Tensor): TfOperator =>
  (n) =>
    n.zip((all) => all.reduce((a, b) => f(n.tf, a, b)));

export const abs = unary((tf, x) => tf.abs(x));
export const neg = unary((tf, x) => tf.neg(x));
export const sign = unary((tf, x) => tf.sign(x));
export const exp = unary((tf, x) => tf.exp(x));
export const log = unary((tf, x) => tf.log(x));
export const sqrt = unary((tf, x) => tf.sqrt(x));
export const reciprocal = unary((tf, x) => tf.reciprocal(x));
export const sin = unary((tf, x) => tf.sin(x));
export const cos = unary((tf, x) => tf.cos(x));
export const tanh = unary((tf, x) => tf.tanh(x));
export const sigmoid = unary((tf, x) => tf.sigmoid(x));
export const erf = unary((tf, x) => tf.erf(x));
export const identity = unary((tf, x) => tf.clone(x));

export const add = binary((tf, a, b) => tf.add(a, b));
export const sub = binary((tf, a, b) => tf.sub(a, b));
export const mul = binary((tf, a, b) => tf.mul(a, b));
export const div = binary((tf, a, b) => tf.div(a, b));
export const pow = binary((tf, a, b) => tf.pow(a, b));

const comparison = (f: (tf: Tfjs, a: Tensor, b: Tensor) => Tensor): TfOperator =>
  binary((tf, a, b) => locallyConstant(tf, (x, y) => f(tf, x, y), a, b));

export const equal = comparison((tf, a, b) => tf.equal(a, b));
export const greater = comparison((tf, a, b) => tf.greater(a, b));
export const greaterOrEqual = comparison((tf, a, b) => tf.greaterEqual(a, b));
export const less = comparison((tf, a, b) => tf.less(a, b));
export const lessOrEqual = comparison((tf, a, b) => tf.lessEqual(a, b));
export const and = comparison((tf, a, b) => tf.logicalAnd(a, b));
export const not = unary((tf, x) => locallyConstant(tf, (condition) => tf.logicalNot(condition), x));

export const sum = variadic((tf, a, b) => tf.add(a, b));
/** By selection: the gradients of tf.maximum and tf.minimum do not sum over broadcast axes. */
const chosen = (first: (tf: Tfjs, a: Tensor, b: Tensor) => Tensor): TfOperator =>
  variadic((tf, a, b) =>
    tf.where(
      locallyConstant(tf, (x, y) => first(tf, x, y), a, b),
      a,
      b,
    ),
  );

export const max = chosen((tf, a, b) => tf.greaterEqual(a, b));
export const min = chosen((tf, a, b) => tf.lessEqual(a, b));

export const mean: TfOperator = (n) =>
  n.zip((all) =>
    n.tf.div(
      all.reduce((a, b) => n.tf.add(a, b)),
      all.length,
    ),
  );

export const where: TfOperator = (n) =>
  n.zip(([condition, a, b]) => n.tf.where(n.tf.cast(condition!, 'bool'), a!, b!));

/** Every float is float32 here, every integer int32. */
export const cast: TfOperator = (n) => {
  const to = dtypeOf(n.int('to', 1));
  return n.map((x) => n.tf.cast(x, isFloat(to) ? 'float32' : to === 'bool' ? 'bool' : 'int32'));
};
