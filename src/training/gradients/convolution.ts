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

/** Σ over batch and space, per channel. */
export function channelSum(g: Ops, x: Value): Value {
  return g.reduceSum(x, [0, ...range(2, x.shape.length)], false);
}

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
 * dw: M × C/group × kernel from x: N × C × spatial and dy: N × M × spatial. One matrix product per tap of the kernel
 * (DESIGN.md, decision 2), between channels-last views of dy and of x shifted to the tap.
 */
export function kernelGradient(g: Ops, x: Value, dy: Value, window: Window, group: number): Value {
  const { kernel, strides, dilations } = window;
  const [channels, maps] = [x.shape[1]!, dy.shape[1]!];
  const outputs = dy.shape.slice(2);
  const spatial = range(2, x.shape.length);
  if (group === channels && group === maps) return depthwiseKernelGradient(g, x, dy, window);
  const pads = exactPads(window, x.shape.slice(2), outputs);
  const last = [0, ...spatial, 1];
  const rank = kernel.length;
  const padded = g.pad(g.transpose(x, last), [0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank), 0]);
  const rows = dy.shape[0]! * sizeOf(outputs);
  const dyRows = g.reshape(g.transpose(dy, last), [rows, maps]);
  const axes = range(1, rank + 1);
  const shifted = tapsOf(kernel).map((tap) => {
    const starts = tap.map((t, i) => t * dilations[i]!);
    const ends = starts.map((start, i) => start + (outputs[i]! - 1) * strides[i]! + 1);
    return g.slice(padded, axes, starts, ends, strides);
  });
  if (group > 1) return groupedKernelGradient(g, shifted, dyRows, kernel, group);
  // Few channels make a thin product: then all taps go into one.
  if (channels < THIN) {
    const all = g.reshape(g.concat(shifted, rank + 1), [rows, channels * shifted.length]);
    const product = g.gemm(dyRows, all, { transA: true });
    return g.transpose(g.reshape(product, [maps, ...kernel, channels]), [0, rank + 1, ...axes]);
  }
  const products = shifted.map((slice) =>
    g.reshape(g.gemm(dyRows, g.reshape(slice, [rows, channels]), { transA: true }), [maps, channels, 1]),
  );
  return g.reshape(g.concat(products, 2), [maps, channels, ...kernel]);
}

const THIN = 16;

/** One batch of products per tap: group × (M/group × rows) · (rows × C/group). */
function groupedKernelGradient(
  g: Ops,
  shifted: readonly Value[],
  dyRows: Value,
  kernel: readonly number[],
  group: number,
): Value {
  const [rows, maps] = [dyRows.shape[0]!, dyRows.shape[1]!];
  const channels = shifted[0]!.shape.at(-1)!;
  const left = g.transpose(g.reshape(dyRows, [rows, group, maps / group]), [1, 2, 0]);
  const products = shifted.map((slice) => {
    const right = g.transpose(g.reshape(slice, [rows, group, channels / group]), [1, 0, 2]);
    return g.reshape(g.matmul(left, right), [maps, channels / group, 1]);
  });
  return g.reshape(g.concat(products, 2), [maps, channels / group, ...kernel]);
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
