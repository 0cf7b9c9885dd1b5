import path from 'node:path';
import { OutputError } from '../../protocol/errors';
import type { Format } from '../../protocol/scan';

/** Endings that promise a format; others say nothing. HDF5 and Keras's zip are one format in two containers. */
const PROMISED: readonly (readonly [RegExp, Format, string])[] = [
  [/\.onnx$/i, 'onnx', 'ONNX'],
  [/\.(pt|pth|ckpt)$|\.pth\.tar$/i, 'pytorch', 'PyTorch'],
  [/\.safetensors$/i, 'safetensors', 'safetensors'],
  [/\.keras$/i, 'keras', 'Keras .keras'],
  [/\.(h5|hdf5)$/i, 'keras', 'HDF5'],
];

/**
 * Whether a result is written as ONNX or like the file that it is made from, by the ending of its name. Throws OutputError
 * `wrong-format` where the name promises what would not be in the file.
 */
export function outputKind(
  input: { readonly path: string; readonly format: Format },
  output: string,
): 'onnx' | 'same' {
  const promised = promiseOf(output);
  if (input.format === 'onnx' && promised?.[1] === 'onnx') return 'same';
  if (promised?.[1] === 'onnx') return 'onnx';
  const own = promiseOf(input.path);
  const isSame = promised?.[1] === input.format && (own?.[1] !== input.format || own[2] === promised[2]);
  if (promised === undefined || isSame) return 'same';
  const like = path.extname(input.path) || `the ending of ${path.basename(input.path)}`;
  throw new OutputError(
    'wrong-format',
    output,
    `${output} is named like a ${promised[2]} file, which Scour does not make of ${input.path}. Name the output with ${like}${input.format === 'onnx' ? '' : ', or with .onnx'}.`,
  );
}

function promiseOf(file: string): (typeof PROMISED)[number] | undefined {
  return PROMISED.find(([ending]) => ending.test(file));
}
