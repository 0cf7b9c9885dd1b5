import type { OnnxFile } from '../../model/onnx/open';

/**
 * Why the paper's ratios and settings (CVPR 2023, §4: convolutional nets with batch norm) may not fit a network, for a
 * person; empty where the paper studied its kind.
 */
export function unstudied({ model }: OnnxFile): string[] {
  const has = (...operators: string[]): boolean =>
    model.graph.nodes.some(({ opType }) => operators.includes(opType));
  if (!has('Conv', 'ConvTranspose'))
    return [
      'The paper studied convolutional nets with batch norm; this graph has no convolution, so expect to tune the ratios.',
    ];
  if (
    has('LayerNormalization', 'Attention', 'MultiHeadAttention', 'Erf', 'Gelu') &&
    !has('BatchNormalization')
  )
    return [
      'The paper studied convolutional nets with batch norm; this one normalises by layer, as transformers do, so expect to tune the ratios.',
    ];
  if (!has('BatchNormalization'))
    return [
      'The paper studied convolutional nets with batch norm; this graph has none, so expect to tune the ratios.',
    ];
  return [];
}
