import type { NodeView } from '../graph/node-view';
import type { Window } from '../graph/ops';
import { range } from '../graph/shape';

/**
 * The window of a Conv or pooling node with every default filled in and `auto_pad` turned into pads. `kernel` is the
 * kernel's spatial shape. Pads are those that the attributes say; ceil_mode may let windows start beyond them.
 */
export function windowOf(n: NodeView, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const strides = n.ints('strides') ?? ones;
  const dilations = n.ints('dilations') ?? ones;
  const mode = n.text('auto_pad', 'NOTSET');
  const explicit = n.ints('pads') ?? [...ones, ...ones].map(() => 0);
  if (mode === 'NOTSET' || mode === '') return { kernel, strides, dilations, pads: explicit };
  if (mode === 'VALID') return { kernel, strides, dilations, pads: explicit.map(() => 0) };
  const totals = kernel.map((k, i) => {
    const [input, output] = [n.x().shape[i + 2]!, n.y().shape[i + 2]!];
    return Math.max(0, (output - 1) * strides[i]! + dilations[i]! * (k - 1) + 1 - input);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return {
    kernel,
    strides,
    dilations,
    pads: mode === 'SAME_LOWER' ? [...large, ...small] : [...small, ...large],
  };
}

/** Every position within a kernel, row-major: [0, 0], [0, 1], … */
export function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (taps, k) => taps.flatMap((tap) => range(0, k).map((i) => [...tap, i])),
    [[]],
  );
}

/** The pads that make `outputs` windows fit exactly: begins as given, ends such that the last window ends the input. Negative where the last columns are not used. */
export function exactPads(window: Window, inputs: readonly number[], outputs: readonly number[]): number[] {
  const begins = window.pads.slice(0, window.kernel.length);
  const ends = window.kernel.map((k, i) => {
    const reach = window.dilations[i]! * (k - 1) + 1;
    return (outputs[i]! - 1) * window.strides[i]! + reach - begins[i]! - inputs[i]!;
  });
  return [...begins, ...ends];
}

/** The pads with which a convolution of stride 1 by the reversed kernel is the adjoint of one with `pads`. */
export function oppositePads(window: Window, pads: readonly number[]): number[] {
  const rank = window.kernel.length;
  return pads.map((pad, i) => window.dilations[i % rank]! * (window.kernel[i % rank]! - 1) - pad);
}

/** For every output position, and within it every one of `taps`, the position of padded input (row-major over `spatial`) that the tap meets. */
export function patchIndices(
  { strides, dilations }: Window,
  spatial: readonly number[],
  outputs: readonly number[],
  taps: readonly (readonly number[])[],
): number[] {
  return tapsOf(outputs).flatMap((at) =>
    taps.map((tap) =>
      at.reduce((index, o, i) => index * spatial[i]! + o * strides[i]! + tap[i]! * dilations[i]!, 0),
    ),
  );
}

/** Spatial pads as the pads of all axes of an N × C × spatial tensor. */
export function spatialPads(pads: readonly number[]): number[] {
  const rank = pads.length / 2;
  return [0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)];
}

/** The window of a ConvTranspose node: its begin pads as the operator's definition derives them from the output's size. */
export function transposedWindowOf(n: NodeView, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const strides = n.ints('strides') ?? ones;
  const dilations = n.ints('dilations') ?? ones;
  const mode = n.text('auto_pad', 'NOTSET');
  const explicit = n.ints('pads');
  const derived = mode === 'SAME_UPPER' || mode === 'SAME_LOWER' || n.ints('output_shape') !== null;
  if (!derived) return { kernel, strides, dilations, pads: explicit ?? [...ones, ...ones].map(() => 0) };
  const extra = n.ints('output_padding') ?? ones.map(() => 0);
  const begins = kernel.map((k, i) => {
    const reach = dilations[i]! * (k - 1) + 1 + extra[i]!;
    const total = Math.max(0, (n.x().shape[i + 2]! - 1) * strides[i]! + reach - n.y().shape[i + 2]!);
    return mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { kernel, strides, dilations, pads: [...begins, ...begins] };
}
