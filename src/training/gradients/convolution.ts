import { channelSum } from '../graph/composites';
import type { Ops, Window } from '../graph/ops';
import { range, sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import type { GradientRule } from './rule';
import { exactPads, spatialPads, tapsOf, transposedWindowOf, windowOf } from './window';

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
    () => {
      const pads = exactPads(window, n.dy.shape.slice(2), x.shape.slice(2));
      return g.conv(g.pad(n.dy, spatialPads(pads)), w, { ...window, pads: pads.map(() => 0) }, group);
    },
    () => kernelGradient(g, n.dy, x, window, group),
    () => channelSum(g, n.dy),
  ];
};

/**
 * The adjoint of x ↦ x ∗ w applied to dy, as a tensor of x's shape. With stride 1 it is itself a convolution, which
 * onnxruntime runs faster than ConvTranspose (DESIGN.md, decision 2).
 */
export function inputGradient(
  g: Ops,
  dy: Value,
  w: Value,
  window: Window,
  group: number,
  shape: readonly number[],
): Value {
  const { kernel, strides, dilations } = window;
  const pads = exactPads(window, shape.slice(2), dy.shape.slice(2));
  const opposite = pads.map(
    (pad, i) => dilations[i % kernel.length]! * (kernel[i % kernel.length]! - 1) - pad,
  );
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

/**
 * dw: M × C/group × kernel from x: N × C × spatial and dy: N × M × spatial: a product of matrices between channels-last
 * dy and the patches of x that each output saw, gathered from channels-last x. (A product per tap of the kernel, with x
 * sliced to the tap, took 0.9 to 3 times as long on two cores.) Patches are gathered for as many taps at once as keep
 * them within a bound on memory.
 */
export function kernelGradient(g: Ops, x: Value, dy: Value, window: Window, group: number): Value {
  const { kernel } = window;
  const [channels, maps] = [x.shape[1]!, dy.shape[1]!];
  if (group === channels && group === maps) return depthwiseKernelGradient(g, x, dy, window);
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
  const { kernel, strides, dilations } = window;
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  const rank = kernel.length;
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const last = g.transpose(x, [0, ...range(2, rank + 2), 1]);
  const padded = g.pad(last, [0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank), 0]);
  const spatial = padded.shape.slice(1, -1);
  const rows = batch * sizeOf(outputs);
  if (taps.length === 1 && sizeOf(spatial) === sizeOf(outputs)) return g.reshape(padded, [rows, 1, channels]);
  const indices = tapsOf(outputs).flatMap((at) =>
    taps.map((tap) =>
      at.reduce((index, o, i) => index * spatial[i]! + o * strides[i]! + tap[i]! * dilations[i]!, 0),
    ),
  );
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

/** One channel a group: dw[c, 0, t] = Σ x shifted to t · dy, elementwise. */
function depthwiseKernelGradient(g: Ops, x: Value, dy: Value, window: Window): Value {
  const { kernel, strides, dilations } = window;
  const outputs = dy.shape.slice(2);
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const rank = kernel.length;
  const padded = g.pad(x, spatialPads(pads));
  const axes = range(2, rank + 2);
  const sums = tapsOf(kernel).map((tap) => {
    const starts = tap.map((t, i) => t * dilations[i]!);
    const ends = starts.map((start, i) => start + (outputs[i]! - 1) * strides[i]! + 1);
    const product = g.mul(g.slice(padded, axes, starts, ends, strides), dy);
    return g.reshape(channelSum(g, product), [x.shape[1]!, 1, 1]);
  });
  return g.reshape(g.concat(sums, 2), [x.shape[1]!, 1, ...kernel]);
}
