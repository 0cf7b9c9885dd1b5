import { exactPads, oppositePads, patchIndices, tapsOf } from '../gradients/window';
import type { Ops, Window } from '../graph/ops';
import { sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import {
  adjointKernelBlocks,
  blockedConv,
  canBlock,
  fromBlocks,
  kernelBlocks,
  mapBlocks,
  padded,
  spreadBlocks,
  toBlocks,
} from './blocked-ops';

/*
 * A convolution and its two gradients in blocked layout. Each takes and returns values in the usual layout, and returns
 * null where the operation does not fit blocks or is faster without.
 */

/** x ∗ w + bias. */
export function convolve(
  g: Ops,
  block: number,
  x: Value,
  w: Value,
  bias: Value | null,
  window: Window,
  group: number,
  outputs: readonly number[],
): Value | null {
  if (x.shape.length !== 4 || window.pads.some((pad) => pad < 0)) return null;
  const [channels, maps] = [x.shape[1]!, w.shape[0]!];
  if (!canBlock(channels) || !canBlock(maps)) return null;
  const shift = bias && g.pad(bias, [0, padded(maps, block) - maps]);
  const blocks = () => toBlocks(g, x, block);
  if (isDepthwise(group, channels, maps)) {
    const y = blockedConv(
      g,
      blocks(),
      mapBlocks(g, w, block),
      window,
      padded(channels, block),
      outputs,
      shift,
    );
    return fromBlocks(g, y, maps);
  }
  if (group !== 1 || channels < block || maps < block) return null;
  const y = blockedConv(g, blocks(), kernelBlocks(g, w, block), window, 1, outputs, shift);
  return fromBlocks(g, y, maps);
}

/** The gradient of x in x ∗ w, of `shape`. */
export function inputGradient(
  g: Ops,
  block: number,
  dy: Value,
  w: Value,
  window: Window,
  group: number,
  shape: readonly number[],
): Value | null {
  if (dy.shape.length !== 4) return null;
  const [channels, maps] = [shape[1]!, dy.shape[1]!];
  const depthwise = isDepthwise(group, channels, maps);
  const dense =
    group === 1 && window.strides.every((stride) => stride === 1) && channels >= block && maps >= block;
  if (!canBlock(channels) || !canBlock(maps) || !(depthwise || dense)) return null;
  // With zeros between its pixels, dy is what a convolution of stride 1 would have brought.
  const blocks = spreadBlocks(g, toBlocks(g, dy, block), window.strides, block);
  const unit: Window = { ...window, strides: window.strides.map(() => 1) };
  const pads = oppositePads(window, exactPads(unit, shape.slice(2), blocks.shape.slice(2)));
  if (pads.some((pad) => pad < 0)) return null;
  const adjoint: Window = { ...unit, pads };
  if (depthwise) {
    const reversed = g.reverse(w, [2, 3]);
    const dx = blockedConv(
      g,
      blocks,
      mapBlocks(g, reversed, block),
      adjoint,
      padded(channels, block),
      shape.slice(2),
    );
    return fromBlocks(g, dx, channels);
  }
  const dx = blockedConv(g, blocks, adjointKernelBlocks(g, w, block), adjoint, 1, shape.slice(2));
  return fromBlocks(g, dx, channels);
}

/**
 * The gradient of w in x ∗ w, dw[m, c, t] = Σ over samples and positions of dy·x at tap t. Blocked by samples, x and dy
 * make this sum a convolution of 1 × 1: its input channels are samples and positions, its "pixels" taps and channels.
 */
export function kernelGradient(
  g: Ops,
  block: number,
  x: Value,
  dy: Value,
  window: Window,
  group: number,
): Value | null {
  const [batch, channels, ...inputs] = x.shape as [number, number, ...number[]];
  const [, maps, ...outputs] = dy.shape as [number, number, ...number[]];
  if (x.shape.length !== 4 || group !== 1 || batch % block !== 0 || maps % block !== 0) return null;
  const taps = tapsOf(window.kernel);
  const positions = sizeOf(outputs);
  const inner = batch * positions;
  if (inner * channels * taps.length > MAX_PATCHES) return null;
  const groups = batch / block;
  const samples = toBlocks(g, g.reshape(x, [1, batch, channels, sizeOf(inputs)]), block);
  const bySample = g.transpose(g.reshape(samples, [groups, channels, ...inputs, block]), [0, 2, 3, 1, 4]);
  const pads = exactPads(window, inputs, outputs);
  const framed = g.pad(bySample, [0, ...pads.slice(0, 2), 0, 0, 0, ...pads.slice(2), 0, 0]);
  const spatial = framed.shape.slice(1, 3);
  const flat = g.reshape(framed, [groups, sizeOf(spatial), channels * block]);
  const indices = patchIndices(window, spatial, outputs, taps);
  const isWhole = taps.length === 1 && sizeOf(spatial) === positions;
  const patches = isWhole ? flat : g.gather(flat, g.integers(indices, [indices.length]), 1);
  const image = g.reshape(patches, [1, inner, taps.length, channels]);

  const byMap = g.reshape(toBlocks(g, dy, block), [groups, block, maps / block, positions, block]);
  const kernel = g.reshape(g.transpose(byMap, [2, 0, 3, 1, 4]), [maps, inner, 1, 1]);
  const pointwise: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  const sums = blockedConv(g, image, kernel, pointwise, 1, [taps.length, channels]);
  const byTap = g.reshape(fromBlocks(g, sums, maps), [maps, taps.length, channels]);
  return g.reshape(g.transpose(byTap, [0, 2, 1]), [maps, channels, ...window.kernel]);
}

/** Elements of gathered patches at once: 1 GiB of float32. */
const MAX_PATCHES = 2 ** 28;

function isDepthwise(group: number, channels: number, maps: number): boolean {
  return group > 1 && group === channels && group === maps;
}
