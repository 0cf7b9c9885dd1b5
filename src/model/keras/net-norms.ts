import { float, int } from '../onnx/build';
import { layerName, type FoundWeights } from './declare';
import type { KerasLayer } from './graph';
import { at, numberAt } from './json';
import { Untranslated, type KerasNet, type KerasValue } from './net';

/** Layers that shift and scale: by statistics, by numbers of the configuration, or by weights. */

/** Batch normalisation by running statistics, over the channels. */
export function batchNorm(
  net: KerasNet,
  x: KerasValue,
  layer: KerasLayer,
  weights: FoundWeights,
): KerasValue {
  const rank = x.shape.length;
  if (!isOverChannels(layer, rank) || (rank !== 1 && rank !== 3))
    throw new Untranslated('is a batch norm over another axis than the channels');
  const channels = x.shape[rank - 1]!;
  const value = rank === 3 ? net.channelsFirst(x) : x;
  const vector = (role: string, otherwise: number | null): string => {
    const tensor = weights.get(role);
    if (tensor === undefined && otherwise !== null)
      return net.floats(new Array<number>(channels).fill(otherwise));
    return net.weight(tensor, [channels], role);
  };
  const inputs = [
    vector('gamma', 1),
    vector('beta', 0),
    vector('moving_mean', null),
    vector('moving_variance', null),
  ];
  const epsilon = float(numberAt(layer.config, 'epsilon', 1e-3));
  return {
    ...value,
    name: net.emit('BatchNormalization', [value.name, ...inputs], { epsilon }, layerName(layer)),
  };
}

/** γ or β of a normalisation, or what stands for it where the layer has none. */
function affine(net: KerasNet, weights: FoundWeights, role: 'gamma' | 'beta', channels: number): string {
  const tensor = weights.get(role);
  if (tensor) return net.weight(tensor, [channels], role);
  return net.floats(new Array<number>(channels).fill(role === 'gamma' ? 1 : 0));
}

/** True where a layer works over the last axis, the channels. */
function isOverChannels(layer: KerasLayer, rank: number): boolean {
  const axis = [at(layer.config, 'axis') ?? -1].flat();
  return axis.length === 1 && (axis[0] === -1 || axis[0] === rank);
}

/** Layer normalisation over the last axis. */
export function layerNorm(
  net: KerasNet,
  x: KerasValue,
  layer: KerasLayer,
  weights: FoundWeights,
): KerasValue {
  if (!isOverChannels(layer, x.shape.length))
    throw new Untranslated('is a layer norm over another axis than the last');
  if (layer.config['rms_scaling'] === true) throw new Untranslated('is a layer norm without means');
  const value = net.plain(x);
  const channels = x.shape.at(-1)!;
  const inputs = [
    value.name,
    affine(net, weights, 'gamma', channels),
    affine(net, weights, 'beta', channels),
  ];
  const attributes = { axis: int(-1), epsilon: float(numberAt(layer.config, 'epsilon', 1e-3)) };
  return { ...value, name: net.emit('LayerNormalization', inputs, attributes, layerName(layer)) };
}

/** Group normalisation of images: mean and variance of groups of neighbouring channels (Wu and He, ECCV 2018). */
export function groupNorm(
  net: KerasNet,
  x: KerasValue,
  layer: KerasLayer,
  weights: FoundWeights,
): KerasValue {
  if (x.shape.length !== 3 || !isOverChannels(layer, 3))
    throw new Untranslated('is a group norm of what are no images with their channels last');
  const [height = 0, width = 0, channels = 0] = x.shape;
  const given = numberAt(layer.config, 'groups', 32);
  const groups = given === -1 ? channels : given;
  if (!Number.isSafeInteger(groups) || groups < 1 || channels % groups !== 0)
    throw new Untranslated(`has ${groups} groups, which do not part ${channels} channels`);
  const image = net.channelsFirst(x);
  const grouped = net.emit('Reshape', [image.name, net.integers([0, groups, -1])]);
  const [ones, zeros] = [1, 0].map((value) => net.floats(new Array<number>(groups).fill(value)));
  const epsilon = float(numberAt(layer.config, 'epsilon', 1e-3));
  const label = layerName(layer);
  const normal = net.emit('InstanceNormalization', [grouped, ones!, zeros!], { epsilon }, label);
  const back = net.emit('Reshape', [normal, net.integers([0, channels, height, width])]);
  const perChannel = (role: 'gamma' | 'beta'): string =>
    net.emit('Reshape', [affine(net, weights, role, channels), net.integers([channels, 1, 1])]);
  const scaled = net.emit('Mul', [back, perChannel('gamma')]);
  return { ...image, name: net.emit('Add', [scaled, perChannel('beta')]) };
}

/** The layer Rescaling. */
export function rescale(net: KerasNet, x: KerasValue, { config }: KerasLayer): KerasValue {
  return scaled(net, x, [numbers(at(config, 'scale'), 1), numbers(at(config, 'offset'), 0)]);
}

/** (x − mean)/√variance, by the configuration or by what the layer saw of its data. No training changes either. */
export function normalise(
  net: KerasNet,
  x: KerasValue,
  { config }: KerasLayer,
  weights: FoundWeights,
): KerasValue {
  if (config['invert'] === true) throw new Untranslated('inverts a normalisation');
  const channels = x.shape.at(-1)!;
  const of = (role: string): readonly number[] => {
    const tensor = weights.get(role);
    if (!tensor) return numbers(at(config, role), role === 'mean' ? 0 : 1);
    if (tensor.elements !== channels || tensor.problem !== null)
      throw new Untranslated(`has no ${role} for each of ${channels} channels`);
    return Array.from(tensor.values());
  };
  const [means, variances] = [of('mean'), of('variance')];
  const entry = (list: readonly number[], i: number): number => list[list.length === 1 ? 0 : i]!;
  const indices = Array.from({ length: Math.max(means.length, variances.length) }, (_, i) => i);
  const deviation = (i: number): number => Math.max(Math.sqrt(entry(variances, i)), 1e-7);
  return scaled(net, x, [
    indices.map((i) => 1 / deviation(i)),
    indices.map((i) => -entry(means, i) / deviation(i)),
  ]);
}

/** x · factor + offset, with one number or one a channel. */
function scaled(
  net: KerasNet,
  x: KerasValue,
  [factors, offsets]: readonly [readonly number[], readonly number[]],
): KerasValue {
  const value = net.plain(x);
  const channels = x.shape[x.shape.length - 1]!;
  if ([factors, offsets].some(({ length }) => length !== 1 && length !== channels))
    throw new Untranslated('scales by as many numbers as there are no channels');
  const product = net.emit('Mul', [value.name, net.floats(factors)]);
  return { ...value, name: net.emit('Add', [product, net.floats(offsets)]) };
}

/** A number, or (nested lists of) numbers. */
function numbers(given: unknown, otherwise: number): number[] {
  if (given === undefined || given === null) return [otherwise];
  const flat: unknown[] = Array.isArray(given) ? (given as unknown[]).flat(4) : [given];
  if (flat.length === 0 || !flat.every((each) => typeof each === 'number' && Number.isFinite(each)))
    throw new Untranslated('scales by what are no numbers');
  return flat as number[];
}
