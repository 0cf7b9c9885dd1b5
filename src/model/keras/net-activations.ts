import { float, int } from '../onnx/build';
import type { CheckpointTensor } from '../checkpoint-tensor';
import { activationName } from './layer-kinds';
import { numberAt, at, listAt, type JsonObject } from './json';
import type { KerasNet } from './net';
import { Untranslated, type KerasValue } from './net';

/** A layer's own activation. */
export function ownActivation(net: KerasNet, x: KerasValue, config: JsonObject): KerasValue {
  const name = activationName(config);
  if (name === null) throw new Untranslated('has an activation of its own');
  return activate(net, x, name);
}

/** An activation by the name that Keras gives it, with Keras' default parameters. */
export function activate(net: KerasNet, x: KerasValue, name: string): KerasValue {
  const unary = (operator: string): KerasValue => ({ ...x, name: net.emit(operator, [x.name]) });
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return unary('Relu');
    case 'relu6':
      return clip(net, x, 0, 6);
    case 'elu':
      return unary('Elu');
    case 'selu':
      return unary('Selu');
    case 'sigmoid':
      return unary('Sigmoid');
    case 'tanh':
      return unary('Tanh');
    case 'softplus':
      return unary('Softplus');
    case 'softsign':
      return unary('Softsign');
    case 'exponential':
      return unary('Exp');
    case 'swish':
    case 'silu':
      return { ...x, name: net.emit('Mul', [x.name, net.emit('Sigmoid', [x.name])]) };
    case 'softmax': {
      const last = net.plain(x);
      return { ...last, name: net.emit('Softmax', [last.name], { axis: int(-1) }) };
    }
    case 'gelu': {
      const scaled = net.emit('Div', [x.name, net.scalar(Math.SQRT2)]);
      const shifted = net.emit('Add', [net.emit('Erf', [scaled]), net.scalar(1)]);
      const doubled = net.emit('Mul', [x.name, shifted]);
      return { ...x, name: net.emit('Mul', [doubled, net.scalar(0.5)]) };
    }
    case 'mish':
      return {
        ...x,
        name: net.emit('Mul', [x.name, net.emit('Tanh', [net.emit('Softplus', [x.name])])]),
      };
    case 'leaky_relu':
      return leaky(net, x, 0.2);
    case 'log_softmax': {
      const last = net.plain(x);
      return { ...last, name: net.emit('LogSoftmax', [last.name], { axis: int(-1) }) };
    }
    case 'hard_sigmoid':
      return hardSigmoid(net, x);
    // Of Keras 3 only: x · relu6(x + 3) / 6.
    case 'hard_swish':
    case 'hard_silu':
      return unary('HardSwish');
    default:
      throw new Untranslated(`uses the activation '${name}'`);
  }
}

/** relu6(x + 3) / 6 in Keras 3; before it, and in TensorFlow.js, 0.2 · x + 0.5 cut off at 0 and 1. */
function hardSigmoid(net: KerasNet, x: KerasValue): KerasValue {
  if (net.dialect === 'unknown')
    throw new Untranslated(
      'uses hard_sigmoid, which versions of Keras compute differently, and the file names none',
    );
  const alpha = float(net.dialect === 'keras-3' ? 1 / 6 : 0.2);
  return { ...x, name: net.emit('HardSigmoid', [x.name], { alpha, beta: float(0.5) }) };
}

/** PReLU: one slope for each value of an image, or shared along the axes that `shared_axes` lists (1 is the first). */
export function prelu(
  net: KerasNet,
  x: KerasValue,
  config: JsonObject,
  slope: CheckpointTensor | undefined,
): KerasValue {
  const shared = new Set(listAt(config, 'shared_axes'));
  const value = net.plain(x);
  const dims = x.shape.map((dim, axis) => (shared.has(axis + 1) ? 1 : dim));
  return { ...value, name: net.emit('PRelu', [value.name, net.weight(slope, dims, 'alpha')]) };
}

/** The layers ReLU (max_value, negative_slope, threshold), LeakyReLU, ThresholdedReLU and ELU. */
export function rectify(net: KerasNet, x: KerasValue, className: string, config: JsonObject): KerasValue {
  const slopeOf = (key: string, otherwise: number): number => {
    const given = at(config, key);
    return typeof given === 'number' ? given : numberAt(given, 'value', otherwise);
  };
  if (className === 'ELU')
    return { ...x, name: net.emit('Elu', [x.name], { alpha: float(slopeOf('alpha', 1)) }) };
  if (className === 'ThresholdedReLU')
    return { ...x, name: net.emit('ThresholdedRelu', [x.name], { alpha: float(slopeOf('theta', 1)) }) };
  if (className === 'LeakyReLU') {
    const key = at(config, 'alpha') === undefined ? 'negative_slope' : 'alpha';
    return leaky(net, x, slopeOf(key, 0.3));
  }
  const most = at(config, 'max_value');
  if (numberAt(config, 'threshold', 0) !== 0) throw new Untranslated('has a ReLU with a threshold');
  const slope = slopeOf('negative_slope', 0);
  if (typeof most !== 'number') return slope === 0 ? activate(net, x, 'relu') : leaky(net, x, slope);
  if (slope !== 0) throw new Untranslated('has a leaky ReLU with a largest value');
  return clip(net, x, 0, most);
}

function leaky(net: KerasNet, x: KerasValue, alpha: number): KerasValue {
  return { ...x, name: net.emit('LeakyRelu', [x.name], { alpha: float(alpha) }) };
}

function clip(net: KerasNet, x: KerasValue, low: number, high: number): KerasValue {
  return { ...x, name: net.emit('Clip', [x.name, net.scalar(low), net.scalar(high)]) };
}
