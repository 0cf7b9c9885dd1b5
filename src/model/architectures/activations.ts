import { float } from '../onnx/build';
import type { NetBuilder, Value } from './net-builder';

/** x · max(0, min(1, x/6 + 1/2)) */
export function hardSwish(net: NetBuilder, x: Value): Value {
  return net.emit('HardSwish', [x.name], x.channels);
}

/** max(0, min(1, x/6 + 1/2)) */
export function hardSigmoid(net: NetBuilder, x: Value): Value {
  return net.emit('HardSigmoid', [x.name], x.channels, { alpha: float(1 / 6), beta: float(0.5) });
}

export function sigmoid(net: NetBuilder, x: Value): Value {
  return net.emit('Sigmoid', [x.name], x.channels);
}

/** x · σ(x) */
export function silu(net: NetBuilder, x: Value): Value {
  return multiply(net, x, sigmoid(net, x));
}

/** x · (1 + erf(x/√2)) / 2, as PyTorch's default; opset 17 has no Gelu. */
export function gelu(net: NetBuilder, x: Value): Value {
  const scaled = net.emit('Div', [x.name, net.scalar(Math.SQRT2)], x.channels);
  const erf = net.emit('Erf', [scaled.name], x.channels);
  const shifted = net.emit('Add', [erf.name, net.scalar(1)], x.channels);
  const doubled = multiply(net, x, shifted);
  return net.emit('Mul', [doubled.name, net.scalar(0.5)], x.channels);
}

/** Element by element; `b` may be one value a channel. */
export function multiply(net: NetBuilder, a: Value, b: Value): Value {
  return net.emit('Mul', [a.name, b.name], a.channels);
}

/** Squeeze and excitation: scales channels by what two 1 × 1 convolutions make of their means. */
export function squeezeExcite(
  net: NetBuilder,
  x: Value,
  modules: { readonly reduce: string; readonly expand: string },
  activation: (net: NetBuilder, x: Value) => Value,
  gate: (net: NetBuilder, x: Value) => Value,
): Value {
  const means = net.emit('GlobalAveragePool', [x.name], x.channels);
  const squeezed = activation(net, net.convolution(means, modules.reduce));
  return multiply(net, x, gate(net, net.convolution(squeezed, modules.expand)));
}
