import type { KerasLayer } from './graph';
import { at, listAt, numberAt, textAt, type JsonObject } from './json';

/** How a convolution layer's kernel is laid out, over as many spatial axes as `rank`. */
export interface ConvolutionKind {
  /** 1…3 */
  readonly rank: number;
  /**
   * plain: kernel × C_in/groups × C_out; depthwise: kernel × C_in × multiplier, one input for each output channel;
   * separable: a depthwise kernel, then a plain 1×1 one; transposed: kernel × C_out × C_in.
   */
  readonly layout: 'plain' | 'depthwise' | 'separable' | 'transposed';
}

const CONVOLUTION = /^(?:(Depthwise|Separable)?Conv([123])D(Transpose)?)$/;

/** The convolution that a class of Keras layers is, or null. */
export function convolutionKind(className: string): ConvolutionKind | null {
  const match = CONVOLUTION.exec(className);
  if (!match) return null;
  const [, prefix, rank, transposed] = match;
  if (prefix && transposed) return null;
  const layout = transposed
    ? 'transposed'
    : prefix === 'Depthwise'
      ? 'depthwise'
      : prefix === 'Separable'
        ? 'separable'
        : 'plain';
  return { rank: Number(rank), layout };
}

export function isBatchNorm({ className }: KerasLayer): boolean {
  return /^(Sync)?BatchNormalization(V[12])?$/.test(className);
}

/** The weights of a layer in the order in which Keras makes, saves and loads them; null for layers that are not read. */
export function weightRoles(layer: KerasLayer): readonly string[] | null {
  const { className, config } = layer;
  const bias = config['use_bias'] === false ? [] : ['bias'];
  const kind = convolutionKind(className);
  switch (kind?.layout) {
    case 'plain':
    case 'transposed':
      return ['kernel', ...bias];
    case 'depthwise':
      return ['depthwise_kernel', ...bias];
    case 'separable':
      return ['depthwise_kernel', 'pointwise_kernel', ...bias];
    case undefined:
      break;
  }
  const affine = [
    ...(config['scale'] === false ? [] : ['gamma']),
    ...(config['center'] === false ? [] : ['beta']),
  ];
  if (isBatchNorm(layer)) return [...affine, 'moving_mean', 'moving_variance'];
  switch (className) {
    case 'Dense':
      return ['kernel', ...bias];
    case 'LayerNormalization':
    case 'GroupNormalization':
      return affine;
    case 'PReLU':
      return ['alpha'];
    case 'Normalization':
      // What it saw of its data, unless it was told.
      return (at(config, 'mean') ?? null) === null ? ['mean', 'variance', 'count'] : [];
    default:
      return null;
  }
}

/** Activations that work on each element with a slope of at most 1. */
const GENTLE = new Set([
  'linear',
  'relu',
  'relu6',
  'leaky_relu',
  'elu',
  'sigmoid',
  'hard_sigmoid',
  'tanh',
  'softplus',
  'softsign',
]);
/** Layers that hand values on as they are, when the model is not trained. */
const SAME =
  /^(InputLayer|Dropout|SpatialDropout[123]D|GaussianNoise|GaussianDropout|AlphaDropout|ActivityRegularization|Identity)$/;
const POOLING = /^(Max|Average)Pooling[123]D$|^ZeroPadding[123]D$|^Cropping[123]D$/;

/** What a layer does to channels, batch norms left out. */
export function channelStep(layer: KerasLayer): 'same' | 'channelwise' | 'other' {
  const { className, config } = layer;
  if (SAME.test(className)) return 'same';
  if (POOLING.test(className)) return 'channelwise';
  switch (className) {
    case 'Activation': {
      const name = activationName(config);
      return name === 'linear' ? 'same' : name !== null && GENTLE.has(name) ? 'channelwise' : 'other';
    }
    case 'ReLU':
      // A threshold above 0 makes it jump there.
      return gentle(config, 'negative_slope', 0) && numberAt(config, 'threshold', 0) === 0
        ? 'channelwise'
        : 'other';
    case 'LeakyReLU':
      return gentle(config, at(config, 'alpha') === undefined ? 'negative_slope' : 'alpha', 0.3)
        ? 'channelwise'
        : 'other';
    case 'ELU':
      return gentle(config, 'alpha', 1) ? 'channelwise' : 'other';
    default:
      return 'other';
  }
}

/** True where a convolution layer's own activation keeps the norm after it a bound of its channels. */
export function hasGentleActivation({ config }: KerasLayer): boolean {
  const name = activationName(config);
  return name !== null && GENTLE.has(name);
}

/** The name of `activation`: text, or in Keras 3 an object for functions and layers. Null for what has no plain name. */
export function activationName(config: JsonObject): string | null {
  const activation = at(config, 'activation');
  if (activation === undefined || activation === null) return 'linear';
  if (typeof activation === 'string') return activation;
  const inner = at(activation, 'config');
  return typeof inner === 'string' ? inner : null;
}

function gentle(config: JsonObject, key: string, otherwise: number): boolean {
  const slope = at(config, key);
  return (
    Math.abs(
      typeof slope === 'number' ? slope : numberAt({ slope: arrayScalar(slope) }, 'slope', otherwise),
    ) <= 1
  );
}

/** Keras 2 wrote NumPy scalars of LeakyReLU as objects. */
function arrayScalar(value: unknown): unknown {
  return at(value, 'value');
}

/** True where a batch norm works along the channels of values with `rank` spatial axes in the given layout. */
export function normalisesChannels(norm: KerasLayer, rank: number, channelsFirst: boolean): boolean {
  const axis = at(norm.config, 'axis');
  const listed = listAt(norm.config, 'axis');
  const chosen = Array.isArray(axis) ? (listed.length === 1 ? listed[0] : undefined) : (axis ?? -1);
  if (channelsFirst) return chosen === 1 || chosen === -(rank + 1);
  return chosen === -1 || chosen === rank + 1;
}

export function isChannelsFirst({ config }: KerasLayer): boolean {
  return textAt(config, 'data_format') === 'channels_first';
}
