import { ModelError } from '../protocol/errors';
import { visible } from '../protocol/wording';
import type { TensorEdit } from './checkpoint';
import { byteSwapped, channels, type CheckpointTensor } from './checkpoint-tensor';
import { bitsOf } from './dtype';
import type { Values } from './decode';
import { encodeValues } from './encode-values';
import type { ByteSource } from './source';
import { extentOf, isContiguous, isPermuted, positionsOf } from './strides';

/** New bytes for a stretch of a file. */
export interface ByteEdit {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const CHUNK = 4 * 1024 * 1024;

/** A file's bytes with tensors changed where they lie. Throws as `byteEdits` does. */
export function editedInPlace(
  source: ByteSource,
  edits: readonly TensorEdit[],
  all: readonly CheckpointTensor[],
): Iterable<Uint8Array> {
  return copyWithEdits(source, 0, source.size, byteEdits(source.path, edits, all));
}

/**
 * Where in the file the new values go, ascending.
 * @throws ModelError `unsupported-type` where a tensor's bytes cannot be changed in place, or not without changing
 * another of the checkpoint's tensors (`all`) that is a different view of the same elements.
 */
export function byteEdits(
  file: string,
  edits: readonly TensorEdit[],
  all: readonly CheckpointTensor[],
): ByteEdit[] {
  for (const edit of edits) {
    const other = sharedWith(edit, all);
    if (other)
      throw cannot(
        file,
        edit.tensor,
        `shares values with '${visible(other.name, 200)}', which would change too`,
      );
  }
  return edits.flatMap((edit) => bytesOfEdit(file, edit)).sort((a, b) => a.offset - b.offset);
}

function bytesOfEdit(file: string, edit: TensorEdit): ByteEdit[] {
  const { tensor, start, values } = edit;
  const { layout, storage } = tensor;
  if (tensor.problem !== null) throw cannot(file, tensor, tensor.problem);
  if (storage.fileOffset === null) throw cannot(file, tensor, 'is compressed in the file');
  if (start < 0 || start + values.length > tensor.elements) {
    throw new RangeError(`elements ${start} to ${start + values.length} are not in ${tensor.name}`);
  }
  const size = bitsOf(layout.dtype) / 8;
  let bytes: Uint8Array;
  try {
    bytes = encodeValues(layout.dtype, quantised(edit));
  } catch (cause) {
    throw cannot(file, tensor, `holds ${layout.dtype} values, which Scour does not write`, cause);
  }
  if (storage.bigEndian) bytes = byteSwapped(bytes, size);
  const first = storage.fileOffset;
  if (isContiguous(layout.dims, layout.strides)) {
    return values.length === 0 ? [] : [{ offset: first + (layout.offset + start) * size, bytes }];
  }
  const positions = positionsOf(layout, start, values.length);
  if (values.length === tensor.elements && isPermuted(layout.dims, layout.strides)) {
    // All of a tensor in another order (a kernel of Keras): one stretch, not one edit an element.
    const whole = new Uint8Array(bytes.length);
    let i = 0;
    for (const position of positions)
      whole.set(bytes.subarray(i * size, ++i * size), (position - layout.offset) * size);
    return [{ offset: first + layout.offset * size, bytes: whole }];
  }
  return Array.from(positions, (position, i) => ({
    offset: first + position * size,
    bytes: bytes.subarray(i * size, (i + 1) * size),
  }));
}

/** The values as they are stored. */
function quantised({ tensor, start, values }: TensorEdit): Values {
  const how = tensor.layout.quantization;
  if (!how) return values;
  const channelOf = channels(tensor.layout, how);
  return values.map((value, i) => {
    const channel = channelOf(start + i);
    return value / how.scales[channel]! + how.zeroPoints[channel]!;
  });
}

function cannot(file: string, tensor: CheckpointTensor, what: string, cause?: unknown): ModelError {
  return new ModelError(
    'unsupported-type',
    file,
    `${file}: tensor '${visible(tensor.name, 200)}' ${what}; it cannot be changed in this file.`,
    { cause },
  );
}

/** The bytes [start, end) of a source in pieces, with the edits that fall in them; edits are ascending. */
export function* copyWithEdits(
  source: ByteSource,
  start: number,
  end: number,
  edits: readonly ByteEdit[],
): Iterable<Uint8Array> {
  let next = 0;
  while (next < edits.length && edits[next]!.offset + edits[next]!.bytes.length <= start) next++;
  for (let at = start; at < end; at += CHUNK) {
    const stop = Math.min(at + CHUNK, end);
    const chunk = new Uint8Array(source.read(at, stop - at));
    for (let i = next; i < edits.length && edits[i]!.offset < stop; i++) {
      const { offset, bytes } = edits[i]!;
      const from = Math.max(offset, at);
      const to = Math.min(offset + bytes.length, stop);
      if (from < to) chunk.set(bytes.subarray(from - offset, to - offset), from - at);
      // An edit that goes on in the next chunk is met again there.
      if (offset + bytes.length <= stop && i === next) next++;
    }
    yield chunk;
  }
}

/** Another tensor of a checkpoint that would change with the edited one without being the same view, if there is one. */
function sharedWith(
  { tensor, start, values }: TensorEdit,
  all: readonly CheckpointTensor[],
): CheckpointTensor | undefined {
  const low = tensor.layout.offset;
  const high = extentOf(tensor.dims, tensor.layout.strides, low);
  let touched: Set<number> | undefined;
  return all.find((other) => {
    const { dims, strides, offset } = other.layout;
    if (other === tensor || other.storage !== tensor.storage || other.problem !== null) return false;
    if (offset >= high || extentOf(dims, strides, offset) <= low || sameView(other, tensor)) return false;
    const own = (touched ??= new Set(positionsOf(tensor.layout, start, values.length)));
    return positionsOf(other.layout, 0, other.elements).some((position) => own.has(position));
  });
}

function sameView(a: CheckpointTensor, b: CheckpointTensor): boolean {
  return (
    a.layout.offset === b.layout.offset &&
    a.dims.length === b.dims.length &&
    a.dims.every((dim, i) => dim === b.dims[i]) &&
    a.layout.strides.every((stride, i) => stride === b.layout.strides[i])
  );
}
