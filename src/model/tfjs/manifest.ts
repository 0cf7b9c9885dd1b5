import * as v from 'valibot';
import { ModelError } from '../../protocol/errors';
import { visible } from '../../protocol/wording';
import { CheckpointTensor, type Quantization, type TensorStorage } from '../checkpoint-tensor';
import { bytesOf, type DType } from '../dtype';
import type { ByteSource } from '../source';
import { rowMajor } from '../strides';
import { JoinedSource } from './joined-source';

const Natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const WeightSchema = v.object({
  name: v.string(),
  shape: v.pipe(v.array(Natural), v.maxLength(64)),
  dtype: v.string(),
  quantization: v.optional(
    v.object({ dtype: v.string(), scale: v.optional(v.number()), min: v.optional(v.number()) }),
  ),
});
const GroupSchema = v.object({
  paths: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(4096)),
  weights: v.pipe(v.array(WeightSchema), v.maxLength(200_000)),
});
/** `weightsManifest` of a `model.json` (TensorFlow.js, "Weights manifest"). */
export const ManifestSchema = v.pipe(v.array(GroupSchema), v.maxLength(4096));
export type Manifest = v.InferOutput<typeof ManifestSchema>;

/** How the elements of a weight are stored. */
const STORED: Readonly<Record<string, DType>> = {
  float32: 'float32',
  float16: 'float16',
  int32: 'int32',
  uint8: 'uint8',
  uint16: 'uint16',
  bool: 'bool',
  complex64: 'complex64',
};

/** Opens a file that the manifest names; null where it lies outside the model's folder and may not be read. */
export type OpenPart = (name: string) => ByteSource | null;

/**
 * The weights of a manifest. Those of one group lie one after the other in the group's files, taken as one.
 * @throws ModelError `external-data-short` where the files end before the weights do, `malformed` where they cannot be placed.
 */
export function manifestTensors(file: string, manifest: Manifest, open: OpenPart): CheckpointTensor[] {
  return manifest.flatMap(({ paths, weights }) => {
    const parts = paths.map(open);
    if (parts.some((part) => part === null)) return [];
    const data = new JoinedSource(
      file,
      parts.filter((part) => part !== null),
    );
    let at = 0;
    return weights.map((weight) => {
      const stored = STORED[weight.quantization?.dtype ?? weight.dtype];
      const elements = weight.shape.reduce((product, dim) => product * dim, 1);
      const bytes =
        weight.dtype === 'string'
          ? stringBytes(data, at, elements)
          : stored
            ? bytesOf(stored, elements)
            : null;
      if (bytes === null) {
        throw new ModelError(
          'malformed',
          file,
          `${file}: weight '${visible(weight.name, 200)}' has the type '${visible(weight.dtype, 50)}', which TensorFlow.js does not know; nothing after it can be placed.`,
        );
      }
      if (!Number.isSafeInteger(bytes) || at + bytes > data.size) {
        throw new ModelError(
          'external-data-short',
          file,
          `${file}: weight '${visible(weight.name, 200)}' needs ${bytes} bytes at ${at} of ${paths.map((each) => `'${visible(each, 100)}'`).join(', ')}, which end at ${data.size}.`,
        );
      }
      const tensor = tensorOf(file, weight, data, at, stored ?? 'string');
      at += bytes;
      return tensor;
    });
  });
}

function tensorOf(
  file: string,
  { name, shape, quantization, dtype }: Manifest[number]['weights'][number],
  data: JoinedSource,
  begin: number,
  stored: DType,
): CheckpointTensor {
  const elements = shape.reduce((product, dim) => product * dim, 1);
  const size = bytesOf(stored, elements);
  const storage: TensorStorage = {
    label: `bytes ${begin} to ${begin + size} of the weights`,
    open: () => data.slice(begin, size),
    fileOffset: null,
    bigEndian: false,
  };
  const scaled = quantization && stored !== 'float16' ? scaleOf(quantization) : null;
  const layout = { dtype: stored, dims: shape, strides: rowMajor(shape), offset: 0, quantization: scaled };
  const problem =
    dtype === 'string' || stored === 'complex64'
      ? `holds ${dtype} values, which Scour does not read`
      : quantization && stored !== 'float16' && scaled === null
        ? 'is quantised without a usable scale'
        : null;
  return new CheckpointTensor(file, name, name, layout, storage, problem);
}

/** TensorFlow.js restores stored · scale + min, which is (stored − zero point) · scale. */
function scaleOf({
  scale,
  min,
}: {
  scale?: number | undefined;
  min?: number | undefined;
}): Quantization | null {
  if (
    scale === undefined ||
    min === undefined ||
    scale === 0 ||
    !Number.isFinite(scale) ||
    !Number.isFinite(min)
  )
    return null;
  return { axis: null, scales: Float64Array.of(scale), zeroPoints: Float64Array.of(-min / scale) };
}

const MAX_STRINGS = 1_000_000;

/** Strings have a length of four bytes each before their text; null where there are too many or they run past the end. */
function stringBytes(data: ByteSource, begin: number, count: number): number | null {
  if (count > MAX_STRINGS) return null;
  let at = begin;
  for (let i = 0; i < count; i++) {
    if (at + 4 > data.size) return null;
    const length = data.read(at, 4);
    at += 4 + new DataView(length.buffer, length.byteOffset, 4).getUint32(0, true);
  }
  return at <= data.size ? at - begin : null;
}
