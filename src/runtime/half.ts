import { encodeValues } from '../model/encode-values';

/** float32 → IEEE 754 half-precision bit patterns, the form in which onnxruntime takes float16 tensors. */
export function toHalf(values: Float32Array): Uint16Array {
  return new Uint16Array(encodeValues('float16', values).buffer, 0, values.length);
}
