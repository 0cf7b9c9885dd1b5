import type { Values } from '../../model/decode';
import type { ConstantChain, ConstantEvaluator } from '../../model/onnx/constant';
import type { TensorReader } from '../../model/onnx/tensor-data';
import type { ConvolutionOperator } from './convolution';
import type { ReadChannels } from './layers';

export interface WeightShape {
  readonly channels: number;
  readonly rows: number;
  readonly taps: number;
}

/**
 * How to read a convolution's weight channel by channel, as count × rows × taps. A plain weight is read by range, so a
 * large layer is never held as a whole; a weight behind transposes or dequantisation is evaluated once and kept.
 */
export function weightAccess(
  reader: TensorReader,
  evaluator: ConstantEvaluator,
  chain: ConstantChain,
  operator: ConvolutionOperator,
  shape: WeightShape,
): ReadChannels {
  const size = shape.rows * shape.taps;
  const plain =
    !operator.transposed &&
    operator.quantization === null &&
    chain.steps.every(({ opType }) => opType === 'Identity' || opType === 'Cast');
  if (plain) return (start, count) => reader.slice(chain.tensor, start * size, count * size);
  let whole: Values | null = null;
  return (start, count) => {
    whole ??= materialise(evaluator, chain, operator, shape);
    return whole.subarray(start * size, (start + count) * size);
  };
}

function materialise(
  evaluator: ConstantEvaluator,
  chain: ConstantChain,
  operator: ConvolutionOperator,
  shape: WeightShape,
): Values {
  const { values } = evaluator.evaluateChain(chain);
  const ordered = operator.transposed ? byOutputChannel(values, operator.groups, shape) : values;
  return operator.quantization === null ? ordered : dequantized(evaluator, ordered, operator, shape);
}

/** C_in × C_out/groups × taps → C_out × C_in/groups × taps. */
function byOutputChannel(values: Values, groups: number, { channels, rows, taps }: WeightShape): Values {
  const out =
    values instanceof Float64Array ? new Float64Array(values.length) : new Float32Array(values.length);
  const perGroup = channels / groups;
  for (let k = 0; k < channels; k++) {
    const group = Math.floor(k / perGroup);
    for (let r = 0; r < rows; r++) {
      const from = ((group * rows + r) * perGroup + (k % perGroup)) * taps;
      out.set(values.subarray(from, from + taps), (k * rows + r) * taps);
    }
  }
  return out;
}

/** (w − zero)·scale with scale and zero point for the tensor or for each output channel (QLinearConv, ConvInteger). */
function dequantized(
  evaluator: ConstantEvaluator,
  values: Values,
  operator: ConvolutionOperator,
  { channels }: WeightShape,
): Values {
  const constant = (input: number | null, fallback: number): ArrayLike<number> => {
    const name = input === null ? '' : (operator.node.inputs[input] ?? '');
    return name === '' ? [fallback] : evaluator.evaluate(name).values;
  };
  const scale = constant(operator.quantization?.scale ?? null, 1);
  const zero = constant(operator.quantization?.zero ?? null, 0);
  const size = values.length / channels;
  return Float32Array.from(values, (value, i) => {
    const k = Math.floor(i / size);
    return (value - zero[zero.length === 1 ? 0 : k]!) * scale[scale.length === 1 ? 0 : k]!;
  });
}
