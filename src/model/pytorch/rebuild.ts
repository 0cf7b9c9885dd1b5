import { CheckpointTensor, type Quantization, type TensorStorage } from '../checkpoint-tensor';
import { bitsOf, isFloat, type DType } from '../dtype';
import { MemorySource } from '../source';
import { extentOf, rowMajor } from '../strides';
import {
  calleeName,
  globalName,
  isNode,
  tupleItems,
  type PickleNode,
  type PickleObject,
  type PickleValue,
} from '../pickle/values';
import { sizes, type FoundTensor } from './found-tensor';
import type { NestedStorages } from './nested';
import type { NumpyReader } from './numpy';
import { isCount, type FoundStorage, type StorageResolver } from './storages';
import { torchType } from './types';

/** `Parameter(Parameter(…))`. */
const MAX_WRAPPERS = 8;

const NOWHERE: TensorStorage = {
  label: 'nothing',
  open: () => new MemorySource('nothing', new Uint8Array(0)),
  fileOffset: null,
  bigEndian: false,
};

/** Where else than by references a pickle's storages and tensors are found. */
export interface Elsewhere {
  /** Storages that are pickles within the pickle. */
  readonly nested?: NestedStorages;
  /** Tensors that lie outside the pickle (files of PyTorch before 0.2). */
  readonly tensor?: (id: PickleValue) => FoundTensor | undefined;
}

/** Recognises tensors among a pickle's values: the calls that PyTorch and NumPy write for them. */
export class TensorRebuilder {
  private readonly resolve: StorageResolver;
  private readonly numpy: NumpyReader;
  private readonly elsewhere: Elsewhere;
  private readonly known = new Map<PickleNode, FoundTensor | null>();

  constructor(resolve: StorageResolver, numpy: NumpyReader, elsewhere: Elsewhere = {}) {
    this.resolve = resolve;
    this.numpy = numpy;
    this.elsewhere = elsewhere;
  }

  /** The tensor that a value stands for, or null where it stands for something else. */
  tensorOf(value: PickleValue | undefined): FoundTensor | null {
    return this.unwrap(value, MAX_WRAPPERS);
  }

  private unwrap(value: PickleValue | undefined, left: number): FoundTensor | null {
    if (!isNode(value) || left === 0) return null;
    if (value.kind === 'persistent') return this.elsewhere.tensor?.(value.id) ?? null;
    if (value.kind !== 'object') return null;
    const known = this.known.get(value);
    if (known !== undefined) return known;
    const found = this.interpret(value, left);
    this.known.set(value, found);
    return found;
  }

  private interpret(object: PickleObject, left: number): FoundTensor | null {
    const args = tupleItems(object.args) ?? [];
    switch (calleeName(object)) {
      case 'torch._utils._rebuild_tensor':
      case 'torch._utils._rebuild_tensor_v2':
        return this.strided(args, null, null);
      case 'torch._utils._rebuild_tensor_v3':
        return this.strided(args, torchType(args[6]), null);
      case 'torch._utils._rebuild_qtensor':
        return this.quantised(args);
      case 'torch._utils._rebuild_parameter':
      case 'torch._utils._rebuild_parameter_with_state':
      case 'torch.nn.parameter.Parameter':
      case 'torch.nn.parameter.Buffer':
        return this.unwrap(args[0] ?? tupleItems(object.states[0])?.[0], left - 1);
      case 'torch._tensor._rebuild_from_type_v2': {
        const inner: PickleObject = { ...object, callee: args[0] ?? null, args: args[2] ?? null, states: [] };
        return calleeName(inner) === null ? null : this.interpretOnce(inner, left);
      }
      case 'torch._utils._rebuild_sparse_tensor':
      case 'torch._utils._rebuild_sparse_csr_tensor':
        return unreadable('is sparse, which Scour does not read', [], 'unknown');
      case 'torch._utils._rebuild_meta_tensor_no_storage': {
        const dims = sizes(args[1]);
        return dims && unreadable('has no values in this file (meta device)', dims, torchType(args[0]));
      }
      default:
        return this.legacyTensor(object) ?? this.numpy.arrayOf(object);
    }
  }

  private interpretOnce(inner: PickleObject, left: number): FoundTensor | null {
    return left > 1 ? this.interpret(inner, left - 1) : null;
  }

  /** `torch.FloatTensor` objects whose state is (storage, offset, size, stride): before PyTorch 0.2. */
  private legacyTensor(object: PickleObject): FoundTensor | null {
    if (!/^torch\.(cuda\.)?[A-Za-z0-9]*Tensor$/.test(calleeName(object) ?? '')) return null;
    const state = tupleItems(object.states[object.states.length - 1]);
    return state ? this.strided(state, null, null) : null;
  }

  private quantised(args: readonly PickleValue[]): FoundTensor | null {
    const parameters = tupleItems(args[4]);
    const scheme = globalName(parameters?.[0]);
    const [, first, second, axis] = parameters ?? [];
    if (scheme === 'torch.per_tensor_affine' && typeof first === 'number' && typeof second === 'number') {
      const quantization = {
        axis: null,
        scales: Float64Array.of(first),
        zeroPoints: Float64Array.of(second),
      };
      return this.strided(args, null, quantization);
    }
    const dims = sizes(args[2]);
    const scales = this.tensorOf(first);
    const zeroPoints = this.tensorOf(second);
    const readable =
      dims !== null &&
      isCount(axis) &&
      axis < dims.length &&
      [scales, zeroPoints].every(
        (found) =>
          found?.problem === null && found.layout.dims.length === 1 && found.layout.dims[0] === dims[axis],
      );
    if (!readable) return unreadable('is quantised in a way that Scour does not read', dims ?? [], 'unknown');
    return this.strided(args, null, { axis, scales: valuesOf(scales!), zeroPoints: valuesOf(zeroPoints!) });
  }

  private storageOf(reference: PickleValue | undefined): FoundStorage | string {
    if (isNode(reference) && reference.kind === 'persistent') return this.resolve(reference.id);
    const nested =
      isNode(reference) && reference.kind === 'object'
        ? this.elsewhere.nested?.get(reference.args)
        : undefined;
    return nested ?? 'has no storage';
  }

  /** (storage, offset, size, stride, …). */
  private strided(
    args: readonly PickleValue[],
    type: DType | null,
    quantization: Quantization | null,
  ): FoundTensor | null {
    const [reference, offset, size, stride] = args;
    const dims = sizes(size);
    const strides = sizes(stride);
    if (!dims || strides?.length !== dims.length || !isCount(offset)) {
      return unreadable('has a shape that makes no sense', dims ?? [], type ?? 'unknown');
    }
    const found = this.storageOf(reference);
    if (typeof found === 'string') return unreadable(found, dims, type ?? 'unknown');
    return viewOf(found, type, dims, strides, offset, quantization);
  }
}

/** A view of a storage, checked against its size. */
export function viewOf(
  found: FoundStorage,
  type: DType | null,
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
  quantization: Quantization | null,
): FoundTensor {
  const dtype = type ?? (found.type === 'untyped' ? 'uint8' : found.type);
  const layout = { dtype, dims, strides, offset: offset + found.first, quantization };
  const needed = (extentOf(dims, strides, layout.offset) * bitsOf(dtype)) / 8;
  const outOfBounds = needed > found.bytes;
  const problem = outOfBounds
    ? `needs ${needed} bytes of ${found.storage.label}, which has ${found.bytes}`
    : bitsOf(dtype) === 0 || !(isFloat(dtype) || /^u?int|^bool$/.test(dtype))
      ? `holds ${dtype} values, which Scour does not read`
      : null;
  return { layout, storage: found.storage, problem, outOfBounds };
}

function unreadable(problem: string, dims: readonly number[], dtype: DType): FoundTensor {
  const layout = { dtype, dims, strides: rowMajor(dims), offset: 0, quantization: null };
  return { layout, storage: NOWHERE, problem, outOfBounds: false };
}

/** The values of a small contiguous vector (scales, zero points). */
function valuesOf(found: FoundTensor) {
  return new CheckpointTensor('', '', '', found.layout, found.storage, null).values();
}
