import { isFloat } from '../../model/dtype';
import { intAttribute, nodeLabel } from '../../model/onnx/attributes';
import { constantChain, type ConstantChain } from '../../model/onnx/constant';
import type { OnnxNode } from '../../model/onnx/graph';
import type { OnnxFile } from '../../model/onnx/open';
import { convolutionOf } from '../clp/convolution';

/** A convolution or linear layer whose weights BCU re-draws in part. */
export interface WeightLayer {
  /** Of its node; unique within the model. Untrusted text. */
  readonly name: string;
  readonly node: OnnxNode;
  readonly kind: 'convolution' | 'linear';
  /** The value that training graphs call its weight. */
  readonly weight: string;
  /** Number of weights, without the bias. */
  readonly elements: number;
  /** Bias of a linear layer, re-drawn with the weight; null where it has none, and for convolutions, whose bias is kept. */
  readonly bias: string | null;
  /** kh · kw · C_out of a convolution, the number of inputs of a linear layer. */
  readonly fan: number;
}

/**
 * The convolutions and linear layers (Gemm, MatMul by a constant) of a graph, in its order. Layers whose weight is
 * computed while the model runs, or stored quantised, are not among them: training does not reach those.
 * Throws ModelError where the shape of a weight cannot be read.
 */
export function weightLayers(file: OnnxFile): WeightLayer[] {
  const names = new Set<string>();
  return file.model.graph.nodes.flatMap((node) => {
    const layer = convolution(file, node) ?? linear(file, node);
    if (layer === null) return [];
    let name = nodeLabel(node);
    for (let n = 2; names.has(name); n++) name = `${nodeLabel(node)} (${n})`;
    names.add(name);
    return [{ ...layer, name, node }];
  });
}

type Anonymous = Omit<WeightLayer, 'name' | 'node'>;

function convolution(file: OnnxFile, node: OnnxNode): Anonymous | null {
  const operator = convolutionOf(node);
  const weight = operator === null ? null : stored(file, operator.weight);
  if (operator === null || weight === null) return null;
  const { dims, elements, parameter } = weight;
  const channels = operator.transposed ? (dims[1] ?? 1) * operator.groups : (dims[0] ?? 1);
  const taps = product(dims.slice(2));
  return { kind: 'convolution', weight: parameter, elements, bias: null, fan: taps * channels };
}

function linear(file: OnnxFile, node: OnnxNode): Anonymous | null {
  if (node.domain !== '' || (node.opType !== 'Gemm' && node.opType !== 'MatMul')) return null;
  for (const input of [1, 0]) {
    const weight = stored(file, node.inputs[input] ?? '');
    if (weight === null || weight.dims.length < 2) continue;
    const { dims, elements, parameter } = weight;
    const isTransposed =
      node.opType === 'Gemm' && intAttribute(node, input === 1 ? 'transB' : 'transA', 0) !== 0;
    const inputsFirst = (input === 1) !== isTransposed;
    const fan = dims.at(inputsFirst ? -2 : -1)!;
    const outputs = dims.at(inputsFirst ? -1 : -2)!;
    return { kind: 'linear', weight: parameter, elements, bias: biasOf(file, node, outputs), fan };
  }
  return null;
}

/** Gemm brings its bias along; behind a MatMul it is added, from either side. */
function biasOf(file: OnnxFile, node: OnnxNode, outputs: number): string | null {
  const bias = (value: string): string | null => {
    const found = stored(file, value);
    return found !== null && found.elements === outputs ? found.parameter : null;
  };
  if (node.opType === 'Gemm') return bias(node.inputs[2] ?? '');
  const result = node.outputs[0] ?? '';
  const [use, ...others] = file.index.uses(result);
  if (use === undefined || others.length > 0 || use.node.domain !== '' || use.node.opType !== 'Add')
    return null;
  return bias(use.node.inputs[1 - use.input] ?? '');
}

interface Stored {
  /** As the layer sees it. */
  readonly dims: readonly number[];
  readonly elements: number;
  readonly parameter: string;
}

function stored(file: OnnxFile, value: string): Stored | null {
  if (value === '') return null;
  const chain = constantChain(file.index, value);
  if (typeof chain === 'string' || !isFloat(chain.tensor.dtype)) return null;
  const dims = file.evaluator.shape(chain);
  return { dims, elements: product(dims), parameter: parameterOf(chain) };
}

/** The name under which training graphs hold a stored tensor: that of the value behind any Identity nodes. */
export function parameterOf({ tensor, holder, steps }: ConstantChain): string {
  let name = holder?.outputs[0] ?? tensor.name;
  for (const step of steps) {
    if (step.opType !== 'Identity') break;
    name = step.outputs[0] ?? name;
  }
  return name;
}

function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}
