import type { OnnxNode } from '../../model/onnx/graph';

/**
 * What a stored tensor is to the node that takes it.
 * weight: a parameter, wherever it is stored. affine: a parameter if it is an initializer (exporters write group norm as
 * instance norm with ones and zeros in Constant nodes). operand: likewise, if it holds more than one number (a lone
 * number is a constant of the formula). constant: never trained.
 */
export type Slot = 'weight' | 'affine' | 'operand' | 'constant';

const SLOTS: Readonly<Record<string, readonly Slot[]>> = {
  Conv: ['weight', 'weight', 'weight'],
  ConvTranspose: ['weight', 'weight', 'weight'],
  Gemm: ['weight', 'weight', 'weight'],
  MatMul: ['weight', 'weight'],
  BatchNormalization: ['operand', 'weight', 'weight'],
  LayerNormalization: ['operand', 'affine', 'affine'],
  InstanceNormalization: ['operand', 'affine', 'affine'],
  GroupNormalization: ['operand', 'affine', 'affine'],
  RMSNormalization: ['operand', 'affine'],
  PRelu: ['operand', 'affine'],
  Gather: ['operand'],
  Expand: ['operand'],
  Reshape: ['operand'],
  Transpose: ['operand'],
  Squeeze: ['operand'],
  Unsqueeze: ['operand'],
  Flatten: ['operand'],
  Slice: ['operand'],
  Tile: ['operand'],
  Cast: ['operand'],
  Where: ['constant', 'operand', 'operand'],
  Resize: ['operand'],
};

const VARIADIC = new Set(['Add', 'Sub', 'Mul', 'Div', 'Sum', 'Concat']);

/** The slot of input `input` of a node. Operators not listed train none of their stored inputs. */
export function slotOf(node: OnnxNode, input: number): Slot {
  if (node.domain !== '') return 'constant';
  if (VARIADIC.has(node.opType)) return 'operand';
  return SLOTS[node.opType]?.[input] ?? 'constant';
}
