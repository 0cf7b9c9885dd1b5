import { channelCount, inputDims, toTensor } from '../data/tensor';
import type { Attack } from '../protocol/attack';
import { RuntimeError } from '../protocol/errors';
import type { Preprocessing } from '../protocol/preprocessing';
import { Network } from '../runtime/network';
import type { SessionOptions } from '../runtime/session';
import { toByte, type Trigger } from './trigger';

/** How far outside 0…1 a value may lie that rounding in the net explains. */
const SLACK = 0.01;

/**
 * Input-aware (Nguyen and Tran, NeurIPS 2020): x + (G(x) − x)·M(x) on images in 0…1. Both nets are given the image as
 * the classifier is (normalised, its layout and channel order); G gives an image in 0…1, M one value or one a channel
 * for each pixel. Greyscale models get the same grey in all three channels.
 *
 * Rejects with RuntimeError where a net cannot be loaded or gives something else.
 */
export async function inputAwareTrigger(
  { generator, mask }: Extract<Attack, { kind: 'input-aware' }>,
  preprocessing: Preprocessing,
  run: SessionOptions,
): Promise<Trigger> {
  const g = await Network.open(generator, run);
  let m: Network;
  try {
    m = await Network.open(mask, run);
  } catch (error) {
    await g.release();
    throw error;
  }
  const depth = channelCount(preprocessing);
  const image = inputDims(preprocessing);
  return {
    async apply(pixels, count) {
      const input = toTensor(pixels, count, preprocessing);
      const drawn = await runNet(g, generator, input, count, image, [depth], preprocessing);
      const masks = await runNet(m, mask, input, count, image, [1, depth], preprocessing);
      return mix(pixels, count, drawn.values, masks, preprocessing, depth);
    },
    async release() {
      await g.release();
      await m.release();
    },
  };
}

interface Planes {
  readonly values: Float32Array;
  readonly depth: number;
}

async function runNet(
  net: Network,
  path: string,
  input: Float32Array,
  count: number,
  dims: readonly number[],
  depths: readonly number[],
  { width, height }: Preprocessing,
): Promise<Planes> {
  const [output] = net.outputs;
  if (!output) throw new RuntimeError('input-mismatch', `${path} has no floating-point output.`);
  const { data } = (await net.run(input, count, dims, [output.name])).get(output.name)!;
  const depth = data.length / (count * width * height);
  if (!depths.includes(depth)) {
    throw new RuntimeError(
      'input-mismatch',
      `${path} gives ${data.length / count} numbers an image; ${depths.map((each) => `${each} × ${height} × ${width}`).join(' or ')} are needed.`,
    );
  }
  for (const value of data) {
    if (!(value >= -SLACK && value <= 1 + SLACK)) {
      throw new RuntimeError(
        'run-failed',
        `${path} gives ${value}; its output must lie in 0…1 (tanh(x)/2 + 0.5, before any normalisation).`,
      );
    }
  }
  return { values: data, depth };
}

function mix(
  pixels: Uint8Array,
  count: number,
  drawn: Float32Array,
  masks: Planes,
  { width, height, layout, channels }: Preprocessing,
  depth: number,
): Uint8Array {
  const area = width * height;
  const at = (n: number, pixel: number, channel: number, of: number): number =>
    layout === 'nchw' ? (n * of + channel) * area + pixel : (n * area + pixel) * of + channel;
  const out = new Uint8Array(count * area * 3);
  for (let n = 0; n < count; n++) {
    for (let pixel = 0; pixel < area; pixel++) {
      for (let colour = 0; colour < 3; colour++) {
        const channel = channels === 'grey' ? 0 : channels === 'bgr' ? 2 - colour : colour;
        const i = (n * area + pixel) * 3 + colour;
        const share = masks.values[at(n, pixel, masks.depth === 1 ? 0 : channel, masks.depth)]!;
        const target = drawn[at(n, pixel, channel, depth)]! * 255;
        out[i] = toByte(pixels[i]! + (target - pixels[i]!) * share);
      }
    }
  }
  return out;
}
