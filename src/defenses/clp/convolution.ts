import { intAttribute } from '../../model/onnx/attributes';
import type { OnnxNode } from '../../model/onnx/graph';

/** A node that convolves, and where its parameters enter. */
export interface ConvolutionOperator {
  readonly node: OnnxNode;
  /** Name of the weight value and the input at which it enters. */
  readonly weight: string;
  readonly weightInput: number;
  /** Input at which the bias enters; it may be absent. */
  readonly biasInput: number;
  readonly groups: number;
  /** Weight is C_in × C_out/groups × kernel (ConvTranspose) instead of C_out × C_in/groups × kernel. */
  readonly transposed: boolean;
  /** Inputs of the weight's scale and zero point, where the operator itself dequantises. */
  readonly quantization: { readonly scale: number | null; readonly zero: number } | null;
}

/** The convolution that a node is, or null. */
export function convolutionOf(node: OnnxNode): ConvolutionOperator | null {
  const place = placeOf(node);
  if (place === null) return null;
  return {
    node,
    weight: node.inputs[place.weightInput] ?? '',
    groups: Math.max(1, intAttribute(node, 'group', 1)),
    ...place,
  };
}

type Place = Omit<ConvolutionOperator, 'node' | 'weight' | 'groups'>;

function placeOf(node: OnnxNode): Place | null {
  const plain: Place = { weightInput: 1, biasInput: 2, transposed: false, quantization: null };
  if (node.domain === 'com.microsoft') return node.opType === 'FusedConv' ? plain : null;
  if (node.domain !== '') return null;
  switch (node.opType) {
    case 'Conv':
      return plain;
    case 'ConvTranspose':
      return { ...plain, transposed: true };
    case 'DeformConv':
      // Inputs: X, W, offset, B, mask.
      return { ...plain, biasInput: 3 };
    case 'ConvInteger':
      // The scale comes after the convolution, one for all channels or none: it cannot be told from the graph alone.
      return { ...plain, biasInput: -1, quantization: { scale: null, zero: 3 } };
    case 'QLinearConv':
      return { ...plain, weightInput: 3, biasInput: 8, quantization: { scale: 4, zero: 5 } };
    default:
      return null;
  }
}
