import { isBuiltins } from '../pickle/containers';
import type { AllowList } from '../pickle/machine';

/**
 * Globals whose use in a pickle builds data and nothing else. What is not listed is reported, whatever it is: there is
 * no list of dangerous names. (PyTorch's own list for `weights_only=True` is the starting point.)
 */
const LISTED = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'argparse.Namespace',
  '_codecs.encode',
  'torch.Size',
  'torch.Tensor',
  'torch.device',
  'torch._tensor._rebuild_from_type_v2',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._utils._rebuild_qtensor',
  'torch._utils._rebuild_sparse_tensor',
  'torch._utils._rebuild_sparse_csr_tensor',
  'torch._utils._rebuild_meta_tensor_no_storage',
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
  'torch.serialization._get_layout',
  'torch.per_tensor_affine',
  'torch.per_channel_affine',
  'torch.per_channel_affine_float_qparams',
  'torch.strided',
  'torch.contiguous_format',
  'torch.channels_last',
  'torch.preserve_format',
  'torch.storage.UntypedStorage',
  'torch.storage.TypedStorage',
  'torch.storage._UntypedStorage',
  'torch.storage._TypedStorage',
  'numpy.ndarray',
  'numpy.dtype',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy.core.numeric._frombuffer',
  'numpy._core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy._core.numeric._frombuffer',
]);

const BUILTIN_DATA = new Set([
  ...['set', 'frozenset', 'list', 'dict', 'tuple', 'int', 'float', 'bool', 'str', 'bytes', 'bytearray'],
  ...['complex', 'slice', 'object', 'unicode', 'long'],
]);

/** Helpers that TorchScript's reader knows; the names exist for no other reader. */
const TORCHSCRIPT = new Set([
  'torch.jit._pickle.build_intlist',
  'torch.jit._pickle.build_tensorlist',
  'torch.jit._pickle.build_doublelist',
  'torch.jit._pickle.build_boollist',
  'torch.jit._pickle.build_tensor_from_id',
  'torch.jit._pickle.restore_type_tag',
]);

/** Element types as PyTorch names them. */
const TORCH_TYPE =
  /^(u?int(8|16|32|64)|q(u?int8|int32|uint4x2|uint2x4)|float(16|32|64)?|float8_e[45]m[23](fn|fnuz)?|bfloat16|half|double|bool|short|long|uint1|complex(32|64|128)|cfloat|cdouble)$/;
const TORCH_STORAGE =
  /^(Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|ComplexFloat|ComplexDouble|QInt8|QUInt8|QInt32|QUInt4x2|QUInt2x4|Untyped|_Untyped|Typed)Storage$/;
const TORCH_TENSOR = /^(Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Tensor$/;

/** The allow-list of files that Python unpickles. */
export const ALLOWED: AllowList = (module, name) => {
  if (isBuiltins(module)) return BUILTIN_DATA.has(name);
  if (module === 'torch' && (TORCH_TYPE.test(name) || TORCH_STORAGE.test(name) || TORCH_TENSOR.test(name))) {
    return true;
  }
  if (module === 'torch.cuda' && (TORCH_STORAGE.test(name) || TORCH_TENSOR.test(name))) return true;
  return !name.includes('.') && LISTED.has(`${module}.${name}`);
};

/**
 * The allow-list of TorchScript archives, which PyTorch's own C++ reader unpickles: `__torch__` names classes of the
 * archive and imports nothing.
 */
export const ALLOWED_TORCHSCRIPT: AllowList = (module, name) =>
  module === '__torch__' ||
  module.startsWith('__torch__.') ||
  TORCHSCRIPT.has(`${module}.${name}`) ||
  ALLOWED(module, name);

/** True for the layer classes of PyTorch itself, which whole pickled modules are made of. */
export function isTorchModuleClass(module: string, name: string): boolean {
  return (
    /^torch\.nn\.modules\.(activation|adaptive|batchnorm|channelshuffle|container|conv|distance|dropout|flatten|fold|instancenorm|lazy|linear|normalization|padding|pixelshuffle|pooling|rnn|sparse|transformer|upsampling)$/.test(
      module,
    ) && /^[A-Z][A-Za-z0-9]*$/.test(name)
  );
}
