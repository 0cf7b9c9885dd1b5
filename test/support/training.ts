import path from 'node:path';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { FileSource } from '../../src/model/source';
import { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';

/** Where the reference material lies, and PyTorch's float64 results. */
export const SHARED = path.resolve(import.meta.dirname, '../../../shared');
export const GOLDEN = process.env['SCOUR_GOLDEN'] ?? path.join(SHARED, 'golden');

/** A trainer of the model in a file. The file is read during the call only. */
export async function trainerOf(file: string, options: TrainerOptions): Promise<Trainer> {
  const source = new FileSource(file);
  try {
    return await Trainer.create(parseModel(source), new TensorReader(source, null), options);
  } finally {
    source.close();
  }
}

/** Values of some parameters or running statistics of a trainer, in their order. */
export async function valuesOfAll(
  trainer: Trainer,
  names: Iterable<string>,
): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const name of names) all.set(name, await trainer.valuesOf(name));
  return all;
}

/** max |a − b| ÷ max |b| */
export function worstError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    // A comparison with NaN is false: let it win.
    if (!(difference <= worst)) worst = difference;
  }
  return worst === 0 ? 0 : worst / largest(b);
}

/** max |a| */
export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
