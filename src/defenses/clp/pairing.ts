import { floatAttribute, intsAttribute } from '../../model/onnx/attributes';
import { constantChain, permOf, type ConstantEvaluator } from '../../model/onnx/constant';
import type { OnnxNode } from '../../model/onnx/graph';
import type { GraphIndex } from '../../model/onnx/graph-index';

/** What rescales a convolution's channels. */
export type Pairing =
  /** BatchNormalization: output = γ (x − mean)/√(var + ε) + β. */
  | { readonly kind: 'batch-norm'; readonly node: OnnxNode }
  /** Mul by a constant of one factor a channel, and the Add of a constant that may follow. */
  | {
      readonly kind: 'affine';
      readonly node: OnnxNode;
      readonly factor: number;
      readonly shift: ShiftUse | null;
    };

/** A constant with one value a channel that a node adds: `input` is where the constant enters. */
export interface ShiftUse {
  readonly node: OnnxNode;
  readonly input: number;
}

/** What was found downstream of one convolution's output. */
export interface Downstream {
  readonly pairings: readonly Pairing[];
  /** Constants added to the convolution's output before any pairing (a bias kept as its own node). */
  readonly shifts: readonly ShiftUse[];
  /** Operators between the convolution and its norm, other than those that pass values through unchanged. */
  readonly through: readonly string[];
  /** Operators that also use the convolution's output, and so see it without the norm. */
  readonly besides: readonly string[];
}

/** A norm further away than this is not looked for. */
const MAX_STEPS = 64;

/** Operators that hand their first input on unchanged, up to rounding and layout. */
const PASS = new Set(['Identity', 'Dropout', 'Cast', 'QuantizeLinear', 'DequantizeLinear', 'Transpose']);

/**
 * Operators that work on each channel by itself with Lipschitz constant at most 1: through them |γ/√v|·‖W‖ still bounds
 * the channel, and zeroing γ and β still silences it.
 */
const CHANNELWISE = new Set([
  'Relu',
  'LeakyRelu',
  'Elu',
  'Clip',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'MaxPool',
  'AveragePool',
]);

/**
 * Follows a convolution's output to the batch norm that normalises it (METHODS.md §1: pair by data flow, never by
 * definition order). A batch norm that sees a sum or a concatenation of activations is no convolution's.
 * `channels`: number of output channels; the channel axis of the output is 1.
 */
export function followOutput(
  index: GraphIndex,
  evaluator: ConstantEvaluator,
  output: string,
  channels: number,
): Downstream {
  const pairings: Pairing[] = [];
  const shifts: ShiftUse[] = [];
  const through = new Set<string>();
  const besides = new Set<string>();
  const visit = (
    value: string,
    axis: number,
    plain: boolean,
    passed: readonly string[],
    depth: number,
  ): void => {
    for (const { node, input } of index.uses(value)) {
      if (isOperator(node, 'BatchNormalization') && input === 0 && axis === 1) {
        pairings.push({ kind: 'batch-norm', node });
        passed.forEach((name) => through.add(name));
        continue;
      }
      if (
        plain &&
        (isOperator(node, 'Mul') ||
          isOperator(node, 'Div') ||
          isOperator(node, 'Add') ||
          isOperator(node, 'Sub'))
      ) {
        const constant = perChannelOperand(index, evaluator, node, input, axis, channels);
        if (constant !== null && node.opType === 'Mul') {
          const shift = followingShift(index, evaluator, node, axis, channels);
          pairings.push({ kind: 'affine', node, factor: constant, shift });
          continue;
        }
        if (constant !== null && (node.opType === 'Add' || (node.opType === 'Sub' && input === 0))) {
          shifts.push({ node, input: constant });
          visit(node.outputs[0] ?? '', axis, plain, passed, depth + 1);
          continue;
        }
      }
      const next = depth < MAX_STEPS ? axisAfter(evaluator, node, input, axis) : null;
      if (next === null) {
        besides.add(node.opType);
        continue;
      }
      const unchanged = PASS.has(node.opType);
      visit(
        node.outputs[0] ?? '',
        next,
        plain && unchanged,
        unchanged ? passed : [...passed, node.opType],
        depth + 1,
      );
    }
    if (index.isOutput(value)) besides.add('the model’s output');
  };
  visit(output, 1, true, [], 0);
  return { pairings, shifts, through: [...through], besides: pairings.length > 0 ? [...besides] : [] };
}

function isOperator(node: OnnxNode, opType: string): boolean {
  return node.domain === '' && node.opType === opType;
}

/** The channel axis after a node that keeps channels apart; null where the node ends the walk. */
function axisAfter(evaluator: ConstantEvaluator, node: OnnxNode, input: number, axis: number): number | null {
  const standard = node.domain === '' || node.domain === 'com.microsoft';
  if (!standard || input !== 0) return null;
  if (node.opType === 'Transpose') {
    // A convolution's output has as many axes as the permutation.
    const after = permOf(node, intsAttribute(node, 'perm')?.length ?? 4).indexOf(axis);
    return after < 0 ? null : after;
  }
  if (PASS.has(node.opType)) return axis;
  if (node.opType === 'Pad') return keepsChannels(evaluator, node, axis) ? axis : null;
  if (!CHANNELWISE.has(node.opType)) return null;
  if (node.opType === 'LeakyRelu') return Math.abs(floatAttribute(node, 'alpha', 0.01)) <= 1 ? axis : null;
  if (node.opType === 'Elu') return Math.abs(floatAttribute(node, 'alpha', 1)) <= 1 ? axis : null;
  // Pooling slides over axes 2 and up; elsewhere it would mix channels.
  return node.opType.endsWith('Pool') && axis !== 1 ? null : axis;
}

/**
 * The input of a binary operator at which a constant with one value a channel enters beside the activations at
 * `input`; null where there is none. The activations are rank 4 unless the constant says otherwise.
 */
function perChannelOperand(
  index: GraphIndex,
  evaluator: ConstantEvaluator,
  node: OnnxNode,
  input: number,
  axis: number,
  channels: number,
): number | null {
  const other = 1 - input;
  const chain = constantChain(index, node.inputs[other] ?? '');
  if (typeof chain === 'string') return null;
  const dims = evaluator.shape(chain);
  if (dims.reduce((product, dim) => product * dim, 1) !== channels || (channels === 1 && dims.length === 0))
    return null;
  const position = dims.findIndex((dim) => dim === channels);
  // Axes are matched from the right, so a channel axis in front needs as many trailing ones as there are spatial axes.
  const trailing = dims.length - 1 - position;
  const isLast = axis !== 1;
  return isLast ? (trailing === 0 ? other : null) : trailing >= 1 ? other : null;
}

/** The Add of a per-channel constant that directly follows `node`, where it is the only use of its output. */
function followingShift(
  index: GraphIndex,
  evaluator: ConstantEvaluator,
  node: OnnxNode,
  axis: number,
  channels: number,
): ShiftUse | null {
  const output = node.outputs[0] ?? '';
  const [use, ...more] = index.uses(output);
  if (!use || more.length > 0 || index.isOutput(output) || !isOperator(use.node, 'Add')) return null;
  const input = perChannelOperand(index, evaluator, use.node, use.input, axis, channels);
  return input === null ? null : { node: use.node, input };
}

/** True for a Pad that adds to the spatial axes only (exporters write padded pooling so). */
function keepsChannels(evaluator: ConstantEvaluator, node: OnnxNode, axis: number): boolean {
  let pads: readonly number[];
  try {
    pads = intsAttribute(node, 'pads') ?? Array.from(evaluator.evaluate(node.inputs[1] ?? '').values);
  } catch (error) {
    if (error instanceof RangeError) return false; // computed while the model runs
    throw error;
  }
  const rank = pads.length / 2;
  // A list of axes (opset 18) may leave some out: then what each number pads is not plain.
  return !node.inputs[3] && pads[axis] === 0 && pads[axis + rank] === 0;
}
