import type { CheckpointTensor } from '../checkpoint-tensor';
import { int, ints } from '../onnx/build';
import { at, textAt, type JsonObject } from './json';
import { kernelView } from './kernels';
import { isChannelsFirst } from './layer-kinds';
import type { KerasLayer } from './graph';
import type { KerasNet } from './net';
import { Untranslated, type KerasValue } from './net';

/** Layers that slide a window over an image: convolutions and pools. */

/** Sides of a window, strides or dilations: a number for both, or two. */
export function pair(
  config: JsonObject,
  key: string,
  otherwise: readonly [number, number],
): [number, number] {
  const given = at(config, key);
  const both: unknown[] = Array.isArray(given) ? given : [given, given];
  if (given === undefined || given === null) return [...otherwise];
  const [first, second] = both;
  if (both.length !== 2 || !isCount(first) || !isCount(second))
    throw new Untranslated(`has ${key} that are no two numbers`);
  return [first, second];
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value < 2 ** 24;
}

/** An image, channels first. Throws Untranslated where the value is none, or the layer takes images channels first. */
export function imageOf(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  if (isChannelsFirst(layer)) throw new Untranslated('takes images channels first');
  if (x.shape.length !== 3) throw new Untranslated(`works on ${x.shape.length} axes`);
  return net.channelsFirst(x);
}

interface Window {
  readonly sides: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/** Padding and size of the output, as TensorFlow computes them for `same` and `valid`. */
function placed(
  [height = 0, width = 0]: readonly number[],
  { sides, strides, dilations }: Window,
  padding: string,
): { readonly pads: number[]; readonly size: [number, number] } {
  const axes = [height, width].map((length, i) => {
    const reach = (sides[i]! - 1) * dilations[i]! + 1;
    if (padding === 'valid')
      return { before: 0, after: 0, out: Math.floor((length - reach) / strides[i]!) + 1 };
    if (padding !== 'same') throw new Untranslated(`pads '${padding}'`);
    const out = Math.ceil(length / strides[i]!);
    const total = Math.max(0, (out - 1) * strides[i]! + reach - length);
    return { before: Math.floor(total / 2), after: Math.ceil(total / 2), out };
  });
  const [y, x] = axes;
  if (y!.out < 1 || x!.out < 1) throw new Untranslated('has a window larger than its image');
  return { pads: [y!.before, x!.before, y!.after, x!.after], size: [y!.out, x!.out] };
}

/** One convolution by a kernel of Keras' order. `bias` is of the output's channels, or null. */
export function convolve(
  net: KerasNet,
  x: KerasValue,
  kernel: CheckpointTensor | undefined,
  bias: CheckpointTensor | null,
  how: {
    readonly layout: 'plain' | 'depthwise';
    readonly groups: number;
    readonly window: Omit<Window, 'sides'>;
    readonly padding: string;
    readonly label: string;
  },
): KerasValue {
  const view = kernel ? kernelView(kernel, how.layout, 2, how.groups) : null;
  if (!view) throw new Untranslated('lacks a kernel of four axes');
  const [channels = 0, rows = 0, height = 0, width = 0] = view.weight.dims;
  const [, , inputs = 0] = x.shape;
  if (rows * view.groups !== inputs || channels % view.groups !== 0)
    throw new Untranslated(`has a kernel that does not fit ${inputs} channels`);
  const sides: [number, number] = [height, width];
  const { pads, size } = placed(x.shape, { ...how.window, sides }, how.padding);
  const weights = [net.weight(view.weight, view.weight.dims, 'kernel')];
  if (bias) weights.push(net.weight(bias, [channels], 'bias'));
  const attributes = {
    kernel_shape: ints(sides),
    strides: ints(how.window.strides),
    dilations: ints(how.window.dilations),
    pads: ints(pads),
    group: int(view.groups),
  };
  const name = net.emit('Conv', [x.name, ...weights], attributes, how.label);
  return { name, shape: [...size, channels], first: true };
}

/** Strides, dilations and padding of a layer. */
export function windowOf(config: JsonObject): { window: Omit<Window, 'sides'>; padding: string } {
  return {
    window: { strides: pair(config, 'strides', [1, 1]), dilations: pair(config, 'dilation_rate', [1, 1]) },
    padding: textAt(config, 'padding') ?? 'valid',
  };
}

/** MaxPooling2D, or AveragePooling2D, which leaves padding out of its means. */
export function pool(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  const { className, config } = layer;
  const image = imageOf(net, x, layer);
  const sides = pair(config, 'pool_size', [2, 2]);
  const strides = pair(config, 'strides', sides);
  const dilations: [number, number] = [1, 1];
  const padding = textAt(config, 'padding') ?? 'valid';
  const { pads, size } = placed(x.shape, { sides, strides, dilations }, padding);
  const attributes = { kernel_shape: ints(sides), strides: ints(strides), pads: ints(pads) };
  const operator = className === 'MaxPooling2D' ? 'MaxPool' : 'AveragePool';
  return { name: net.emit(operator, [image.name], attributes), shape: [...size, x.shape[2]!], first: true };
}

/** Rows and columns that a Conv2DTranspose adds at the end; null where its size is what padding and strides give. */
export function outputPadding(config: JsonObject): readonly [number, number] | null {
  const given = at(config, 'output_padding') ?? null;
  if (given === null) return null;
  const both: unknown[] = Array.isArray(given) ? given : [given, given];
  const [first, second] = both;
  const isPad = (value: unknown): value is number => value === 0 || isCount(value);
  if (both.length !== 2 || !isPad(first) || !isPad(second))
    throw new Untranslated('has an output_padding that is no two numbers');
  return [first, second];
}

/** Conv2DTranspose: the gradient of a convolution with the same strides and padding, which decides what is cut off. */
export function convolveTransposed(
  net: KerasNet,
  x: KerasValue,
  kernel: CheckpointTensor | undefined,
  bias: CheckpointTensor | null,
  how: {
    readonly window: Omit<Window, 'sides'>;
    readonly padding: string;
    readonly outputPadding: readonly [number, number] | null;
    readonly label: string;
  },
): KerasValue {
  const { strides, dilations } = how.window;
  if (dilations.some((each) => each !== 1)) throw new Untranslated('is a dilated transposed convolution');
  if (how.padding !== 'same' && how.padding !== 'valid') throw new Untranslated(`pads '${how.padding}'`);
  const view = kernel ? kernelView(kernel, 'transposed', 2, 1) : null;
  if (!view) throw new Untranslated('lacks a kernel of four axes');
  const [channels = 0, inputs, height = 0, width = 0] = view.weight.dims;
  if (inputs !== x.shape[2]) throw new Untranslated(`has a kernel that does not fit ${x.shape[2]} channels`);
  const axes = [height, width].map((side, i) => {
    const [length, stride] = [x.shape[i]!, strides[i]!];
    const full = (length - 1) * stride + side;
    const given = how.outputPadding?.[i];
    const isSame = how.padding === 'same';
    const usual = isSame ? length * stride : Math.max(full, length * stride);
    const out = given === undefined ? usual : full - (isSame ? 2 * Math.floor(side / 2) : 0) + given;
    const cut = Math.max(0, full - out);
    const before = isSame ? Math.floor(cut / 2) : 0;
    return { before, after: cut - before, added: Math.max(0, out - full), out };
  });
  const [y, z] = axes as [(typeof axes)[number], (typeof axes)[number]];
  if (axes.some(({ out, added }, i) => out < 1 || added >= strides[i]!))
    throw new Untranslated('has an output_padding that does not fit its strides');
  // ONNX wants C_in × C_out × kernel; the tensor is kernel × C_out × C_in and is kept as C_out × C_in × kernel.
  const stored = net.weight(view.weight, view.weight.dims, 'kernel');
  const weights = [net.emit('Transpose', [stored], { perm: ints([1, 0, 2, 3]) })];
  if (bias) weights.push(net.weight(bias, [channels], 'bias'));
  const attributes = {
    kernel_shape: ints([height, width]),
    strides: ints(strides),
    pads: ints([y.before, z.before, y.after, z.after]),
    output_padding: ints([y.added, z.added]),
  };
  const name = net.emit('ConvTranspose', [x.name, ...weights], attributes, how.label);
  return { name, shape: [y.out, z.out, channels], first: true };
}
