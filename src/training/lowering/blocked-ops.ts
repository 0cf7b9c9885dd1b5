import { int } from '../../model/onnx/build';
import { windowAttributes, type Ops, type Window } from '../graph/ops';
import { range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';

/**
 * onnxruntime's own convolutions of the CPU provider (domain com.microsoft.nchwc, "NCHWc"): channels lie in blocks of
 * B, so that a block of one pixel fills a vector register. onnxruntime brings graphs into this layout itself where the
 * kernels are constants; those of a training graph are not. A blocked value has the shape N × C × H × W, C a multiple
 * of B, and the memory layout N × C/B × H × W × B.
 */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Channels up to the next multiple of `block`. */
export function padded(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/** onnxruntime's reordering takes channels four at a time. */
export function canBlock(channels: number): boolean {
  return channels % 4 === 0;
}

/** x: N × C × H × W to blocks, zeros added to the last one. */
export function toBlocks(g: Ops, x: Value, block: number): Value {
  const shape = [x.shape[0]!, padded(x.shape[1]!, block), ...x.shape.slice(2)];
  return g.emit('ReorderInput', [x], [{ dtype: x.dtype, shape }], {}, BLOCKED_DOMAIN)[0]!;
}

/** The first `channels` of blocked x as N × C × H × W. */
export function fromBlocks(g: Ops, x: Value, channels: number): Value {
  const type = { dtype: x.dtype, shape: [x.shape[0]!, channels, ...x.shape.slice(2)] };
  return g.emit('ReorderOutput', [x], [type], { channels: int(channels) }, BLOCKED_DOMAIN)[0]!;
}

/** Convolution of blocked x with a kernel that `kernelBlocks`, `adjointKernelBlocks` or (depthwise) `mapBlocks` laid out; blocked. */
export function blockedConv(
  g: Ops,
  x: Value,
  kernel: Value,
  window: Window,
  group: number,
  outputs: readonly number[],
  bias: Value | null = null,
): Value {
  const type = { dtype: x.dtype, shape: [x.shape[0]!, kernel.shape[0]!, ...outputs] };
  const attributes = { ...windowAttributes(window), group: int(group) };
  return g.emit('Conv', bias ? [x, kernel, bias] : [x, kernel], [type], attributes, BLOCKED_DOMAIN)[0]!;
}

/** w: M × C × kernel as M/B × C/B × taps × B channels × B maps, in the shape of a kernel. */
export function kernelBlocks(g: Ops, w: Value, block: number): Value {
  const { maps, channels, kernel, whole } = paddedKernel(g, w, block);
  const taps = sizeOf(kernel);
  // Maps become innermost by reordering them as if they were the channels of one image.
  const inner = toBlocks(g, g.reshape(whole, [1, maps, channels, taps]), block);
  const split = g.reshape(inner, [maps / block, channels / block, block, taps, block]);
  return g.reshape(g.transpose(split, [0, 1, 3, 2, 4]), [maps, channels, ...kernel]);
}

/** The same for w with maps and channels exchanged and its taps reversed: the kernel of the adjoint of stride 1. */
export function adjointKernelBlocks(g: Ops, w: Value, block: number): Value {
  const { maps, channels, kernel, whole } = paddedKernel(g, w, block);
  const taps = sizeOf(kernel);
  const inner = toBlocks(g, g.reshape(whole, [maps, channels, 1, taps]), block);
  const split = g.reshape(inner, [maps / block, block, channels / block, taps, block]);
  const moved = g.transpose(split, [2, 0, 3, 1, 4]);
  // Gathered, not sliced backwards: whole blocks move then.
  const reversed = g.gather(moved, g.integers(range(0, taps).reverse(), [taps]), 2);
  return g.reshape(taps === 1 ? moved : reversed, [channels, maps, ...kernel]);
}

/** Maps C × 1 × spatial, one a channel, as the kernel of a blocked depthwise convolution. */
export function mapBlocks(g: Ops, maps: Value, block: number): Value {
  const [channels, , ...spatial] = maps.shape as [number, number, ...number[]];
  const blocks = toBlocks(g, g.reshape(maps, [1, channels, ...spatial]), block);
  return g.reshape(blocks, [blocks.shape[1]!, 1, ...spatial]);
}

/** Blocked x with stride − 1 zeros after every pixel, below and to the right. */
export function spreadBlocks(g: Ops, x: Value, strides: readonly number[], block: number): Value {
  if (strides.every((stride) => stride === 1)) return x;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [down, right] = strides as [number, number];
  const rows = g.reshape(x, [(batch * channels) / block, height, 1, width, block]);
  const apart = g.pad(rows, [0, 0, 0, 0, 0, 0, 0, down - 1, 0, (right - 1) * block]);
  return g.reshape(apart, [batch, channels, height * down, width * right]);
}

function paddedKernel(g: Ops, w: Value, block: number) {
  const [maps, channels, ...kernel] = w.shape as [number, number, ...number[]];
  const more = [padded(maps, block) - maps, padded(channels, block) - channels];
  const zeros = kernel.map(() => 0);
  const whole = g.pad(w, [0, 0, ...zeros, ...more, ...zeros]);
  return { maps: whole.shape[0]!, channels: whole.shape[1]!, kernel, whole };
}
