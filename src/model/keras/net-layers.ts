import { int } from '../onnx/build';
import type { FoundWeights, WeightFinder } from './declare';
import { layerName } from './declare';
import type { KerasLayer } from './graph';
import { at, listAt, numberAt } from './json';
import { convolutionKind, isBatchNorm, weightRoles, type ConvolutionKind } from './layer-kinds';
import type { KerasNet } from './net';
import { Untranslated, type KerasValue } from './net';
import { activate, ownActivation, prelu, rectify } from './net-activations';
import { groupNorm, layerNorm, normalise, batchNorm, rescale } from './net-norms';
import { crop, upsample, zeroPad } from './net-frames';
import { convolve, convolveTransposed, imageOf, outputPadding, pool, windowOf } from './net-windows';

/** Layers that hand values on when the model is not trained: noise, dropout and augmentation. */
const SAME =
  /^(InputLayer|Dropout|SpatialDropout[123]D|GaussianNoise|GaussianDropout|AlphaDropout|ActivityRegularization|Identity|Random[A-Z]\w*)$/;

/** What a layer makes of its inputs. Throws Untranslated where Scour does not know it, or lacks its weights. */
export function layerOutput(
  net: KerasNet,
  layer: KerasLayer,
  inputs: readonly KerasValue[],
  find: WeightFinder,
): KerasValue {
  const { className, config } = layer;
  const [x] = inputs;
  if (x === undefined) throw new Untranslated('has no input');
  if (SAME.test(className)) return x;
  const kind = convolutionKind(className);
  if (kind) {
    if (kind.rank !== 2) throw new Untranslated(`is a ${className} layer`);
    return ownActivation(net, convolution(net, x, layer, kind.layout, weightsOf(layer, find)), config);
  }
  if (isBatchNorm(layer)) return batchNorm(net, x, layer, weightsOf(layer, find));
  switch (className) {
    case 'Dense':
      return ownActivation(net, dense(net, x, layer, weightsOf(layer, find)), config);
    case 'Activation':
      return ownActivation(net, x, config);
    case 'Softmax': {
      const axis = at(config, 'axis') ?? -1;
      if (axis !== -1) throw new Untranslated('is a softmax over another axis than the last');
      return activate(net, x, 'softmax');
    }
    case 'ReLU':
    case 'LeakyReLU':
    case 'ThresholdedReLU':
    case 'ELU':
      return rectify(net, x, className, config);
    case 'PReLU':
      return prelu(net, x, config, weightsOf(layer, find).get('alpha'));
    case 'MaxPooling2D':
    case 'AveragePooling2D':
      return pool(net, x, layer);
    case 'GlobalAveragePooling2D':
    case 'GlobalMaxPooling2D':
      return globalPool(net, x, layer);
    case 'ZeroPadding2D':
      return zeroPad(net, x, layer);
    case 'Cropping2D':
      return crop(net, x, layer);
    case 'UpSampling2D':
      return upsample(net, x, layer);
    case 'Flatten':
      return reshaped(net, x, [product(x.shape)]);
    case 'Reshape':
      return reshaped(net, x, targetShape(layer, x));
    case 'Add':
      return combined(net, 'Add', inputs);
    case 'Multiply':
      return combined(net, 'Mul', inputs);
    case 'Subtract':
      return combined(net, 'Sub', inputs);
    case 'Maximum':
      return combined(net, 'Max', inputs);
    case 'Minimum':
      return combined(net, 'Min', inputs);
    case 'Average': {
      const sum = combined(net, 'Add', inputs);
      return { ...sum, name: net.emit('Mul', [sum.name, net.scalar(1 / inputs.length)]) };
    }
    case 'Concatenate':
      return concatenated(net, layer, inputs);
    case 'Rescaling':
      return rescale(net, x, layer);
    case 'Normalization':
      return normalise(net, x, layer, weightsOf(layer, find));
    case 'LayerNormalization':
      return layerNorm(net, x, layer, weightsOf(layer, find));
    case 'GroupNormalization':
      return groupNorm(net, x, layer, weightsOf(layer, find));
    default:
      throw new Untranslated(`is a ${className || 'nameless'} layer`);
  }
}

function weightsOf(layer: KerasLayer, find: WeightFinder): FoundWeights {
  const weights = find(layer, weightRoles(layer) ?? []);
  if ('problem' in weights) throw new Untranslated('has weights that cannot be told');
  return weights;
}

function convolution(
  net: KerasNet,
  x: KerasValue,
  layer: KerasLayer,
  layout: ConvolutionKind['layout'],
  weights: FoundWeights,
): KerasValue {
  const { config } = layer;
  const { window, padding } = windowOf(config);
  const image = imageOf(net, x, layer);
  const bias = weights.get('bias') ?? null;
  const label = layerName(layer);
  if (layout === 'transposed')
    return convolveTransposed(net, image, weights.get('kernel'), bias, {
      ...{ window, padding, label },
      outputPadding: outputPadding(config),
    });
  if (layout !== 'separable') {
    const kernel = weights.get(layout === 'plain' ? 'kernel' : 'depthwise_kernel');
    const groups = numberAt(config, 'groups', 1);
    return convolve(net, image, kernel, bias, { layout, groups, window, padding, label });
  }
  const depthwise = { layout: 'depthwise', groups: 1, window, padding, label: `${label}/depthwise` } as const;
  const y = convolve(net, image, weights.get('depthwise_kernel'), null, depthwise);
  const still = { strides: [1, 1], dilations: [1, 1] } as const;
  return convolve(net, y, weights.get('pointwise_kernel'), bias, {
    ...{ layout: 'plain', groups: 1, window: still, padding: 'valid' },
    label: `${label}/pointwise`,
  });
}

function dense(net: KerasNet, x: KerasValue, layer: KerasLayer, weights: FoundWeights): KerasValue {
  const value = net.plain(x);
  const kernel = weights.get('kernel');
  const features = kernel?.dims[1] ?? 0;
  const names = [net.weight(kernel, [x.shape[x.shape.length - 1]!, features], 'kernel')];
  const bias = weights.get('bias');
  if (bias) names.push(net.weight(bias, [features], 'bias'));
  const shape = [...x.shape.slice(0, -1), features];
  const label = layerName(layer);
  if (x.shape.length === 1)
    return { name: net.emit('Gemm', [value.name, ...names], {}, label), shape, first: false };
  const product = net.emit('MatMul', [value.name, names[0]!], {}, label);
  return { name: bias ? net.emit('Add', [product, names[1]!]) : product, shape, first: false };
}

function globalPool(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  const image = imageOf(net, x, layer);
  const operator = layer.className === 'GlobalMaxPooling2D' ? 'GlobalMaxPool' : 'GlobalAveragePool';
  const name = net.emit(operator, [image.name]);
  const channels = x.shape[2]!;
  if (layer.config['keepdims'] === true) return { name, shape: [1, 1, channels], first: true };
  return { name: net.emit('Flatten', [name], { axis: int(1) }), shape: [channels], first: false };
}

function reshaped(net: KerasNet, x: KerasValue, shape: readonly number[]): KerasValue {
  const value = net.plain(x);
  return { name: net.emit('Reshape', [value.name, net.integers([0, ...shape])]), shape, first: false };
}

/** Of a Reshape layer, its −1 worked out. */
function targetShape(layer: KerasLayer, x: KerasValue): number[] {
  const given = listAt(layer.config, 'target_shape').map((dim) => (typeof dim === 'number' ? dim : 0));
  const known = given.filter((dim) => dim !== -1);
  const rest = product(x.shape) / product(known);
  const shape = given.map((dim) => (dim === -1 ? rest : dim));
  const fits = given.length - known.length <= 1 && shape.every((dim) => Number.isSafeInteger(dim) && dim > 0);
  if (!fits || product(shape) !== product(x.shape)) throw new Untranslated('reshapes to what does not fit');
  return shape;
}

/** Element by element; one axis of 1 in a value is repeated (squeeze and excitation). */
function combined(net: KerasNet, operator: string, inputs: readonly KerasValue[]): KerasValue {
  const rank = inputs[0]!.shape.length;
  if (inputs.length < 2 || inputs.some(({ shape }) => shape.length !== rank))
    throw new Untranslated('combines values of different axes');
  const shape = inputs[0]!.shape.map((_, axis) => Math.max(...inputs.map((input) => input.shape[axis]!)));
  if (inputs.some((input) => input.shape.some((dim, axis) => dim !== 1 && dim !== shape[axis])))
    throw new Untranslated('combines values of different sizes');
  const first = rank === 3 && inputs.some((input) => input.first);
  const values = inputs.map((input) => (first ? net.channelsFirst(input) : input).name);
  const name = values.reduce((left, right) => net.emit(operator, [left, right]));
  return { name, shape, first };
}

function concatenated(net: KerasNet, layer: KerasLayer, inputs: readonly KerasValue[]): KerasValue {
  const rank = inputs[0]!.shape.length;
  const axis = numberAt(layer.config, 'axis', -1);
  const others = (shape: readonly number[]): string => shape.slice(0, -1).join();
  if (
    (axis !== -1 && axis !== rank) ||
    inputs.some(({ shape }) => others(shape) !== others(inputs[0]!.shape))
  )
    throw new Untranslated('joins along another axis than the last');
  const first = rank === 3;
  const values = inputs.map((input) => (first ? net.channelsFirst(input) : input).name);
  const channels = inputs.reduce((sum, { shape }) => sum + shape[rank - 1]!, 0);
  return {
    name: net.emit('Concat', values, { axis: int(first ? 1 : -1) }),
    shape: [...inputs[0]!.shape.slice(0, -1), channels],
    first,
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, dim) => all * dim, 1);
}
