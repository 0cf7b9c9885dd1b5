/** Element types of weights, by the names of ONNX and NumPy. */
export type DType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'int4'
  | 'uint4'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128'
  /** A type that this version does not know; such a tensor is never read. */
  | 'unknown';

const BITS: Readonly<Record<DType, number>> = {
  float64: 64,
  float32: 32,
  float16: 16,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  int64: 64,
  int32: 32,
  int16: 16,
  int8: 8,
  uint64: 64,
  uint32: 32,
  uint16: 16,
  uint8: 8,
  int4: 4,
  uint4: 4,
  bool: 8,
  string: 0,
  complex64: 64,
  complex128: 128,
  unknown: 0,
};

/** Bits of one element; 0 for strings, whose size varies, and for unknown types. */
export function bitsOf(dtype: DType): number {
  return BITS[dtype];
}

/** Bytes that `elements` values occupy (4-bit types are packed two to a byte). */
export function bytesOf(dtype: DType, elements: number): number {
  return Math.ceil((elements * BITS[dtype]) / 8);
}

/** True for real floating-point types, the ones whose values can be weights as they stand. */
export function isFloat(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16';
}
