import type { DType } from '../dtype';
import { globalName, type PickleValue } from '../pickle/values';

const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
  QInt8Storage: 'int8',
  QUInt8Storage: 'uint8',
  QInt32Storage: 'int32',
};

const TYPES: Readonly<Record<string, DType>> = {
  float64: 'float64',
  double: 'float64',
  float32: 'float32',
  float: 'float32',
  float16: 'float16',
  half: 'float16',
  bfloat16: 'bfloat16',
  float8_e4m3fn: 'float8e4m3fn',
  float8_e4m3fnuz: 'float8e4m3fnuz',
  float8_e5m2: 'float8e5m2',
  float8_e5m2fnuz: 'float8e5m2fnuz',
  int64: 'int64',
  long: 'int64',
  int32: 'int32',
  int: 'int32',
  int16: 'int16',
  short: 'int16',
  int8: 'int8',
  qint8: 'int8',
  uint8: 'uint8',
  quint8: 'uint8',
  qint32: 'int32',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
  complex64: 'complex64',
  complex128: 'complex128',
};

/** Element type of a storage class; 'untyped' for storages of bytes, null for what is no storage class. */
export function storageType(value: PickleValue | undefined): DType | 'untyped' | null {
  const name = globalName(value)?.replace(/^torch\.(cuda\.|storage\.)?/, '');
  if (name === undefined) return null;
  if (/^_?(Untyped|Typed)Storage$/.test(name)) return 'untyped';
  return Object.hasOwn(STORAGES, name) ? STORAGES[name]! : name.endsWith('Storage') ? 'unknown' : null;
}

/** The element type that a `torch.dtype` names. */
export function torchType(value: PickleValue | undefined): DType {
  const name = globalName(value)?.replace(/^torch\./, '') ?? '';
  return Object.hasOwn(TYPES, name) ? TYPES[name]! : 'unknown';
}
