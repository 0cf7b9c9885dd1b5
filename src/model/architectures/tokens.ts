import { float, int, ints } from '../onnx/build';
import { Misfit, type NetBuilder, type Value } from './net-builder';

/** Layers on values whose last axis holds the channels: N × tokens × C, or N × H × W × C. */

/** Layer normalisation over the last axis. */
export function layerNorm(net: NetBuilder, x: Value, module: string, epsilon: number): Value {
  const parameters = ['weight', 'bias'].map((leaf) => net.take(`${module}.${leaf}`, [x.channels]));
  return net.emit('LayerNormalization', [x.name, ...parameters], x.channels, {
    axis: int(-1),
    epsilon: float(epsilon),
  });
}

/** A linear layer on the last axis. `weight` and `bias` are the parameters' names. */
export function linearOnLast(net: NetBuilder, x: Value, weight: string, bias: string): Value {
  const [features = 0, inputs] = net.dims(weight);
  if (inputs !== x.channels) throw new Misfit(`'${weight}' does not fit`);
  const transposed = transpose(
    net,
    { name: net.take(weight, [features, x.channels]), channels: features },
    [1, 0],
  );
  const product = net.emit('MatMul', [x.name, transposed.name], features);
  return net.has(bias) ? net.emit('Add', [product.name, net.take(bias, [features])], features) : product;
}

/** Reorders axes. */
export function transpose(net: NetBuilder, x: Value, order: readonly number[]): Value {
  return net.emit('Transpose', [x.name], x.channels, { perm: ints(order) });
}

/** Another shape for the same values; 0 keeps a size, −1 is what is left. */
export function reshape(net: NetBuilder, x: Value, shape: readonly number[], channels: number): Value {
  return net.emit('Reshape', [x.name, net.constant(shape)], channels);
}

/** Layer normalisation over the channels of an N × C × H × W value. */
export function channelNorm(net: NetBuilder, x: Value, module: string, epsilon: number): Value {
  return transpose(net, layerNorm(net, transpose(net, x, [0, 2, 3, 1]), module, epsilon), [0, 3, 1, 2]);
}
