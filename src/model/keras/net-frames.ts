import { visible } from '../../protocol/wording';
import { text } from '../onnx/build';
import type { KerasLayer } from './graph';
import { at, numberAt, textAt } from './json';
import { Untranslated, type KerasNet, type KerasValue } from './net';
import { imageOf, pair } from './net-windows';

/** Layers that change the frame of an image: padding, cropping, enlarging. */

/** What a layer adds to or takes from an image's sides: one number, one an axis, or two an axis. Top, bottom, left, right. */
function sidesOf(layer: KerasLayer, key: string, otherwise: number): [number, number, number, number] {
  const given = at(layer.config, key) ?? otherwise;
  const axes = (Array.isArray(given) ? given : [given, given]).map((each: unknown) =>
    Array.isArray(each) ? (each as unknown[]) : [each, each],
  );
  const [[top, bottom] = [], [left, right] = []] = axes;
  return [top, bottom, left, right].map((each) => {
    const side = numberAt({ each }, 'each', -1);
    if (!Number.isSafeInteger(side) || side < 0 || side > 4096)
      throw new Untranslated(`has a ${key} that is no number`);
    return side;
  }) as [number, number, number, number];
}

/** ZeroPadding2D. */
export function zeroPad(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  const image = imageOf(net, x, layer);
  const [top, bottom, left, right] = sidesOf(layer, 'padding', 1);
  const [height = 0, width = 0, channels = 0] = x.shape;
  const pads = net.integers([0, 0, top, left, 0, 0, bottom, right]);
  const name = net.emit('Pad', [image.name, pads, net.scalar(0)]);
  return { name, shape: [height + top + bottom, width + left + right, channels], first: true };
}

/** Cropping2D. */
export function crop(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  const image = imageOf(net, x, layer);
  const [top, bottom, left, right] = sidesOf(layer, 'cropping', 0);
  const [height = 0, width = 0, channels = 0] = x.shape;
  const shape = [height - top - bottom, width - left - right, channels];
  if (shape.some((dim) => dim < 1)) throw new Untranslated('crops all of its image');
  const ranges = [
    [top, left],
    [height - bottom, width - right],
    [2, 3],
  ].map((each) => net.integers(each));
  return { name: net.emit('Slice', [image.name, ...ranges]), shape, first: true };
}

/** UpSampling2D. Keras enlarges between the centres of pixels, TensorFlow.js between their corners. */
export function upsample(net: KerasNet, x: KerasValue, layer: KerasLayer): KerasValue {
  const image = imageOf(net, x, layer);
  const [high, wide] = pair(layer.config, 'size', [2, 2]);
  const interpolation = textAt(layer.config, 'interpolation') ?? 'nearest';
  if (interpolation !== 'nearest' && interpolation !== 'bilinear')
    throw new Untranslated(`enlarges its image by '${visible(interpolation, 40)}'`);
  const isNearest = interpolation === 'nearest';
  const attributes = {
    mode: text(isNearest ? 'nearest' : 'linear'),
    coordinate_transformation_mode: text(isNearest || net.dialect === 'tfjs' ? 'asymmetric' : 'half_pixel'),
    nearest_mode: text('floor'),
  };
  const [height = 0, width = 0, channels = 0] = x.shape;
  const name = net.emit('Resize', [image.name, '', net.floats([1, 1, high, wide])], attributes);
  return { name, shape: [height * high, width * wide, channels], first: true };
}
