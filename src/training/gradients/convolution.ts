import { int, ints } from '../../model/onnx/build';
import { channelSum, INPUT_GRADIENT, KERNEL_GRADIENT } from '../graph/composites';
import { windowAttributes, type Ops, type Window } from '../graph/ops';
import { range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import type { GradientRule } from './rule';
import {
  exactPads,
  oppositePads,
  patchIndices,
  spatialPads,
  tapsOf,
  transposedWindowOf,
  windowOf,
} from './window';

/**
 * y = x ∗ w + b, x: N × C × spatial, w: M × C/group × kernel.
 * dx = dy convolved with w, channels swapped and taps reversed; dw[m, c, t] = Σ over n, p of
 * dy[n, m, p]·x[n, c, stride·p + dilation·t − pad]; db = Σ dy over all but channels.
 */
export const conv: GradientRule = (n) => {
  const { g } = n;
  const [x, w] = [n.x(0), n.x(1)];
  const window = windowOf(n, w.shape.slice(2));
  const group = n.int('group', 1);
  return [
    () => inputGradient(g, n.dy, w, window, group, x.shape),
    () => kernelGradient(g, x, n.dy, window, group),
    () => channelSum(g, n.dy),
  ];
};

/**
 * y = the transposed convolution of x with w + b, x: N × C × spatial, w: C × M/group × kernel: the adjoint of a
 * convolution from y's shape to x's. So dx = dy ∗ w, and dw is that convolution's kernel gradient with the parts of x
 * and dy exchanged.
 */
export const convTranspose: GradientRule = (n) => {
  const { g } = n;
  const [x, w] = [n.x(0), n.x(1)];
  const window = transposedWindowOf(n, w.shape.slice(2));
  const group = n.int('group', 1);
  return [
    () => exactConv(g, n.dy, w, window, group, x.shape),
    () => kernelGradient(g, n.dy, x, window, group),
    () => channelSum(g, n.dy),
  ];
};

/**
 * The adjoint of x ↦ x ∗ w applied to dy, as a tensor of x's shape: one operation, so that a device may compute it in
 * ways of its own (see ../lowering). With stride 1 it is itself a convolution, which onnxruntime runs faster than
 * ConvTranspose (DESIGN.md, decision 2).
 */
export function inputGradient(
  g: Ops,
  dy: Value,
  w: Value,
  window: Window,
  group: number,
  shape: readonly number[],
): Value {
  const attributes = { ...windowAttributes(window), group: int(group), output_shape: ints(shape) };
  const parts = () => [inputGradientParts(g, dy, w, window, group, shape)];
  return g.composite(INPUT_GRADIENT, [dy, w], attributes, parts)[0]!;
}

function inputGradientParts(
  g: Ops,
  dy: Value,
  w: Value,
  window: Window,
  group: number,
  shape: readonly number[],
): Value {
  const { kernel, strides } = window;
  const pads = exactPads(window, shape.slice(2), dy.shape.slice(2));
  const opposite = oppositePads(window, pads);
  if (strides.every((stride) => stride === 1) && opposite.every((pad) => pad >= 0) && group === 1) {
    return g.conv(dy, adjointKernel(g, w), { ...window, pads: opposite });
  }
  // Columns that no window covers (a negative pad at the end) get no gradient; those beyond the input are cut off.
  const full = g.convTranspose(
    dy,
    w,
    { ...window, pads: pads.map(() => 0) },
    kernel.map(() => 0),
    group,
  );
  return g.pad(full, spatialPads(pads.map((pad) => -pad)));
}

/** w: M × C × kernel as C × M × kernel with every spatial axis reversed. */
function adjointKernel(g: Ops, w: Value): Value {
  const spatial = range(2, w.shape.length);
  return g.reverse(g.transpose(w, [1, 0, ...spatial]), spatial);
}

/** dw: M × C/group × kernel from x: N × C × spatial and dy: N × M × spatial, as one operation like `inputGradient`. */
export function kernelGradient(g: Ops, x: Value, dy: Value, window: Window, group: number): Value {
  const attributes = { ...windowAttributes(window), group: int(group) };
  return g.composite(KERNEL_GRADIENT, [x, dy], attributes, () => [
    group === x.shape[1] && group === dy.shape[1]
      ? depthwiseKernelGradient(g, x, dy, window)
      : kernelGradientParts(g, x, dy, window, group),
  ])[0]!;
}

/**
 * A product of matrices between channels-last dy and the patches of x that each output saw, gathered from
 * channels-last x. (A product per tap of the kernel, with x sliced to the tap, took 0.9 to 3 times as long on two
 * cores.) Patches are gathered for as many taps at once as keep them within a bound on memory.
 */
function kernelGradientParts(g: Ops, x: Value, dy: Value, window: Window, group: number): Value {
  const { kernel } = window;
  const [channels, maps] = [x.shape[1]!, dy.shape[1]!];
  const outputs = dy.shape.slice(2);
  const last = [0, ...range(2, x.shape.length), 1];
  const rows = dy.shape[0]! * sizeOf(outputs);
  const dyRows = g.reshape(g.transpose(dy, last), [rows, maps]);
  const taps = tapsOf(kernel);
  const together = Math.max(1, Math.floor(MAX_PATCHES / (rows * channels)));
  const parts = range(0, Math.ceil(taps.length / together)).map((i) => {
    const some = taps.slice(i * together, (i + 1) * together);
    const patches = gatherPatches(g, x, window, outputs, some);
    return g.reshape(productOfGroups(g, dyRows, patches, some.length, group), [
      maps,
      some.length,
      channels / group,
    ]);
  });
  return g.reshape(g.transpose(g.concat(parts, 1), [0, 2, 1]), [maps, channels / group, ...kernel]);
}

/** Elements of gathered patches at once: 1 GiB of float32. */
const MAX_PATCHES = 2 ** 28;

/** For every output position and each of some taps, the channels of x that the tap meets there: (N·positions) × taps × C. */
function gatherPatches(
  g: Ops,
  x: Value,
  window: Window,
  outputs: readonly number[],
  taps: readonly (readonly number[])[],
): Value {
  const { kernel } = window;
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  const rank = kernel.length;
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const last = g.transpose(x, [0, ...range(2, rank + 2), 1]);
  const padded = g.pad(last, [0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank), 0]);
  const spatial = padded.shape.slice(1, -1);
  const rows = batch * sizeOf(outputs);
  if (taps.length === 1 && sizeOf(spatial) === sizeOf(outputs)) return g.reshape(padded, [rows, 1, channels]);
  const indices = patchIndices(window, spatial, outputs, taps);
  const flat = g.reshape(padded, [batch, sizeOf(spatial), channels]);
  const patches = g.gather(flat, g.integers(indices, [indices.length]), 1);
  return g.reshape(patches, [rows, taps.length, channels]);
}

/** dyᵀ·patches, group by group: M × (taps·C/group) from rows × M and rows × taps × C. */
function productOfGroups(g: Ops, dyRows: Value, patches: Value, taps: number, group: number): Value {
  const [rows, maps] = [dyRows.shape[0]!, dyRows.shape[1]!];
  const channels = patches.shape[2]!;
  if (group === 1) return g.gemm(dyRows, g.reshape(patches, [rows, taps * channels]), { transA: true });
  const width = (taps * channels) / group;
  const left = g.transpose(g.reshape(dyRows, [rows, group, maps / group]), [1, 2, 0]);
  const right = g.transpose(g.reshape(patches, [rows, taps, group, channels / group]), [2, 0, 1, 3]);
  return g.matmul(left, g.reshape(right, [group, rows, width]));
}

/**
 * One channel a group: dw[c, 0, t] = Σₙ Σₚ dy[n, c, p]·x[n, c, stride·p + dilation·t − pad]. The inner sum is a
 * convolution of x's map with dy's for a kernel, every map of every sample a group of its own, strides and dilations
 * exchanged. (Products per tap with x sliced to it took most of the time of a MobileNet's gradients.)
 */
function depthwiseKernelGradient(g: Ops, x: Value, dy: Value, window: Window): Value {
  const { kernel, strides, dilations } = window;
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  const [inputs, outputs] = [x.shape.slice(2), dy.shape.slice(2)];
  const pads = exactPads(window, inputs, outputs);
  const cropped = g.pad(x, spatialPads(pads.map((pad) => Math.min(pad, 0))));
  const maps = g.reshape(cropped, [1, batch * channels, ...cropped.shape.slice(2)]);
  const kernels = g.reshape(dy, [batch * channels, 1, ...outputs]);
  const sums = g.conv(
    maps,
    kernels,
    {
      kernel: outputs,
      strides: dilations,
      dilations: strides,
      pads: pads.map((pad) => Math.max(pad, 0)),
    },
    batch * channels,
  );
  const perSample = g.reshape(sums, [batch, channels, 1, ...kernel]);
  return g.reduceSum(perSample, [0], false);
}

/**
 * The gradients of an input gradient, u = adjoint of ∗w at dy: with upstream gradient du, d(dy) = du ∗ w, and dw is
 * the kernel gradient of du and dy.
 */
export const inputGradientGradient: GradientRule = (n) => {
  const { g, dy: du } = n;
  const [dy, w] = [n.x(0), n.x(1)];
  const window = windowOf(n, w.shape.slice(2));
  const group = n.int('group', 1);
  return [() => exactConv(g, du, w, window, group, dy.shape), () => kernelGradient(g, du, dy, window, group)];
};

/** The gradients of a kernel gradient, dw from x and dy: with upstream gradient k, dx is the input gradient of dy with kernel k, and d(dy) = x ∗ k. */
export const kernelGradientGradient: GradientRule = (n) => {
  const { g, dy: k } = n;
  const [x, dy] = [n.x(0), n.x(1)];
  const window = windowOf(n, k.shape.slice(2));
  const group = n.int('group', 1);
  return [
    () => inputGradient(g, dy, k, window, group, x.shape),
    () => exactConv(g, x, k, window, group, dy.shape),
  ];
};

/** x ∗ w with the pads that give exactly the shape of y. */
function exactConv(
  g: Ops,
  x: Value,
  w: Value,
  window: Window,
  group: number,
  shape: readonly number[],
): Value {
  const pads = exactPads(window, x.shape.slice(2), shape.slice(2));
  return g.conv(g.pad(x, spatialPads(pads)), w, { ...window, pads: pads.map(() => 0) }, group);
}
