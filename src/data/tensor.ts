import type { Preprocessing } from '../protocol/preprocessing';

/** Channels of the tensor that a model with this preprocessing takes. */
export function channelCount(preprocessing: Pick<Preprocessing, 'channels'>): 1 | 3 {
  return preprocessing.channels === 'grey' ? 1 : 3;
}

/** Shape of one image as the model takes it. */
export function inputDims(
  preprocessing: Pick<Preprocessing, 'channels' | 'layout' | 'height' | 'width'>,
): number[] {
  const { layout, height, width } = preprocessing;
  const depth = channelCount(preprocessing);
  return layout === 'nchw' ? [depth, height, width] : [height, width, depth];
}

/**
 * Fills a model's input from 8-bit images: scaled to 0…1, then (x − mean) / std, in the model's channel order and layout.
 *
 * `pixels`: `count` images of height × width × 3 bytes, RGB, one after the other (as `fitImage` makes them).
 * Returns Float32Array, count × C × H × W (`nchw`) or count × H × W × C (`nhwc`). Grey is ITU-R 601-2 luma as Pillow's
 * `convert('L')` computes it. Throws RangeError where `pixels` is too short.
 */
export function toTensor(pixels: Uint8Array, count: number, preprocessing: Preprocessing): Float32Array {
  const { width, height, layout, channels } = preprocessing;
  const area = width * height;
  if (pixels.length < count * area * 3) {
    throw new RangeError(`${count} images of ${width} × ${height} need more than ${pixels.length} bytes.`);
  }
  const depth = channelCount(preprocessing);
  const out = new Float32Array(count * area * depth);
  const tables = Array.from({ length: depth }, (_, channel) => normalisation(preprocessing, channel));
  const [pixelStep, channelStep] = layout === 'nchw' ? [1, area] : [depth, 1];
  for (let n = 0; n < count; n++) {
    const from = n * area * 3;
    const to = n * area * depth;
    for (let channel = 0; channel < depth; channel++) {
      const table = tables[channel]!;
      let target = to + channel * channelStep;
      if (channels === 'grey') {
        for (let i = from; i < from + area * 3; i += 3, target += pixelStep) {
          out[target] = table[luma(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!)]!;
        }
      } else {
        const sample = channels === 'bgr' ? 2 - channel : channel;
        for (let i = from + sample; i < from + area * 3; i += 3, target += pixelStep) {
          out[target] = table[pixels[i]!]!;
        }
      }
    }
  }
  return out;
}

/** The 256 values that one channel can take. */
function normalisation({ mean, std }: Preprocessing, channel: number): Float32Array {
  return Float32Array.from(
    { length: 256 },
    (_, value) => (value / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1),
  );
}

/** Pillow's fixed-point luma: 0.299 R + 0.587 G + 0.114 B. */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
