/** ONNX operators that normalise: their second input is a scale, their third a shift. */
export const NORMALISATIONS: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'LayerNormalization',
  'RMSNormalization',
]);
