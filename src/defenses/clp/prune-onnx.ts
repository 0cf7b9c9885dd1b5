import { bitsOf } from '../../model/dtype';
import { intAttribute } from '../../model/onnx/attributes';
import { constantChain, type ConstantChain } from '../../model/onnx/constant';
import type { Edit } from '../../model/onnx/edit';
import { encodeTensor } from '../../model/onnx/encode';
import type { OnnxNode } from '../../model/onnx/graph';
import type { OnnxFile } from '../../model/onnx/open';
import { field, rewriteNode, rewriteTensor } from '../../model/onnx/rewrite';
import { GRAPH } from '../../model/onnx/schema';
import { putElement } from './put-element';
import type { OnnxLayer, PruneTarget } from './onnx-layers';

/** Channels to silence, by layer name. */
export type Selection = ReadonlyMap<string, readonly number[]>;

/** One constant input of one node, and the elements of the constant that become zero. */
export interface Silence {
  readonly node: OnnxNode;
  readonly input: number;
  /** Elements of the value that the node sees, row-major. */
  readonly elements: readonly number[];
}

/**
 * The edits that set the selected channels' outputs to zero (METHODS.md §1): γ = β = 0 of the paired batch norm, or
 * weight and bias of the convolution where there is none. A tensor that something else uses too is copied first.
 */
export function pruneEdits(file: OnnxFile, layers: readonly OnnxLayer[], selection: Selection): Edit[] {
  const writer = new ConstantWriter(file);
  for (const silence of silencesOf(file, layers, selection)) writer.silence(silence);
  return writer.finish();
}

/** The constants that silence the selected channels, each input of a node once. */
export function silencesOf(
  file: OnnxFile,
  layers: readonly OnnxLayer[],
  selection: Selection,
): readonly Silence[] {
  const silences = new Map<string, Silence>();
  for (const { layer, target } of layers) {
    const channels = selection.get(layer.name) ?? [];
    if (target === null || channels.length === 0) continue;
    for (const silence of silencesOfLayer(file, target, layer.channels, channels)) {
      const key = `${silence.node.outputs[0] ?? ''}\0${silence.input}`;
      const known = silences.get(key);
      silences.set(key, known ? { ...known, elements: [...known.elements, ...silence.elements] } : silence);
    }
  }
  return [...silences.values()];
}

function silencesOfLayer(
  file: OnnxFile,
  target: PruneTarget,
  channels: number,
  selected: readonly number[],
): Silence[] {
  const { pairing, operator, downstream } = target;
  if (pairing?.kind === 'batch-norm') {
    return [1, 2].map((input) => ({ node: pairing.node, input, elements: selected }));
  }
  if (pairing?.kind === 'affine') {
    const factor = { node: pairing.node, input: pairing.factor, elements: selected };
    return pairing.shift ? [factor, { ...pairing.shift, elements: selected }] : [factor];
  }
  const dims = file.evaluator.shape(target.weight);
  const weight: Silence = {
    node: operator.node,
    input: operator.weightInput,
    elements: selected.flatMap((k) =>
      weightElements(dims, operator.transposed, operator.groups, channels, k),
    ),
  };
  const bias = operator.node.inputs[operator.biasInput]
    ? [{ node: operator.node, input: operator.biasInput, elements: selected }]
    : [];
  return [weight, ...bias, ...downstream.shifts.map((shift) => ({ ...shift, elements: selected }))];
}

/** Elements of a convolution's weight that make output channel k. */
function weightElements(
  dims: readonly number[],
  transposed: boolean,
  groups: number,
  channels: number,
  k: number,
): number[] {
  const taps = dims.slice(2).reduce((product, side) => product * side, 1);
  if (!transposed) {
    const size = dims[1]! * taps;
    return Array.from({ length: size }, (_, i) => k * size + i);
  }
  const perGroup = channels / groups;
  const rows = dims[0]! / groups;
  const group = Math.floor(k / perGroup);
  return Array.from({ length: rows * taps }, (_, i) => {
    const row = group * rows + Math.floor(i / taps);
    return (row * perGroup + (k % perGroup)) * taps + (i % taps);
  });
}

/** Collects edits of stored tensors, copying those that are shared. */
class ConstantWriter {
  private readonly file: OnnxFile;
  private readonly edits: Edit[] = [];
  /** New inputs of nodes, gathered so that a node is rewritten once. */
  private readonly rewired = new Map<OnnxNode, Map<number, string>>();
  private readonly names: Set<string>;

  constructor(file: OnnxFile) {
    this.file = file;
    const { graph } = file.model;
    this.names = new Set([
      ...graph.initializers.keys(),
      ...graph.inputs.map(({ name }) => name),
      ...graph.nodes.flatMap((node) => node.outputs),
    ]);
  }

  silence({ node, input, elements }: Silence): void {
    const { index, evaluator, reader } = this.file;
    const value = node.inputs[input] ?? '';
    const chain = constantChain(index, value);
    if (typeof chain === 'string') throw new RangeError(chain);
    const origin = evaluator.origin(chain);
    const stored = elements.map((element) => (origin === null ? element : origin[element]!));
    const zero = this.zeroPoint(node, input, chain);
    if (!this.isShared(chain, value)) {
      this.editInPlace(chain, stored, zero);
      return;
    }
    const bytes = new Uint8Array(reader.bytes(chain.tensor));
    for (const element of stored) putElement(bytes, chain.tensor.dtype, element, zero(element));
    this.rewire(node, input, this.copyChain(chain, bytes, node));
  }

  finish(): Edit[] {
    for (const [node, inputs] of this.rewired) {
      if (node.span === null) throw new TypeError('only nodes of a file can be rewired');
      this.edits.push({
        kind: 'replace',
        message: node.span,
        bytes: rewriteNode(this.file.source, node.span, node.inputs, { inputs }),
      });
    }
    return this.edits;
  }

  /** True where the stored tensor, or a value on the way to the node, is used by anything else. */
  private isShared(chain: ConstantChain, value: string): boolean {
    const { index } = this.file;
    const stored = chain.holder?.outputs[0] ?? chain.tensor.name;
    return [stored, value, ...chain.steps.map((step) => step.outputs[0] ?? '')].some((name) =>
      index.isShared(name),
    );
  }

  private editInPlace(
    { tensor }: ConstantChain,
    elements: readonly number[],
    zero: (element: number) => number,
  ): void {
    const { data } = tensor;
    if (data.kind === 'raw' && !tensor.ambiguous && bitsOf(tensor.dtype) >= 8) {
      const width = bitsOf(tensor.dtype) / 8;
      for (const element of elements) {
        const bytes = new Uint8Array(width);
        putElement(bytes, tensor.dtype, 0, zero(element));
        this.edits.push({ kind: 'overwrite', start: data.span.start + element * width, bytes });
      }
      return;
    }
    // Typed and external values move into raw_data: the suspicious file's external data is never written to.
    const bytes = new Uint8Array(this.file.reader.bytes(tensor));
    for (const element of elements) putElement(bytes, tensor.dtype, element, zero(element));
    if (tensor.span === null) throw new TypeError('only tensors of a file can be edited');
    this.edits.push({
      kind: 'replace',
      message: tensor.span,
      bytes: rewriteTensor(this.file.source, tensor.span, bytes),
    });
  }

  /** Adds a copy of the stored tensor with other values and of the steps that lead to `consumer`; returns the new value. */
  private copyChain(chain: ConstantChain, bytes: Uint8Array, consumer: OnnxNode): string {
    const { source, model } = this.file;
    const graphSpan = model.graph.span;
    if (graphSpan === null || consumer.span === null)
      throw new TypeError('only graphs of a file can be edited');
    let name = this.fresh(chain.tensor.name || chain.holder?.outputs[0] || 'constant');
    const tensor = chain.tensor.span
      ? rewriteTensor(source, chain.tensor.span, bytes, name)
      : encodeTensor({ ...chain.tensor, name }, bytes);
    this.edits.push({ kind: 'append', message: graphSpan, bytes: field(GRAPH.initializer, tensor) });
    for (const step of chain.steps) {
      if (step.span === null) throw new TypeError('only nodes of a file can be copied');
      const output = this.fresh(step.outputs[0] ?? 'value');
      const copy = rewriteNode(source, step.span, step.inputs, {
        inputs: new Map([[0, name]]),
        outputs: [output],
        name: output,
      });
      this.edits.push({ kind: 'before', message: consumer.span, bytes: field(GRAPH.node, copy) });
      name = output;
    }
    return name;
  }

  private rewire(node: OnnxNode, input: number, value: string): void {
    const inputs = this.rewired.get(node) ?? new Map<number, string>();
    this.rewired.set(node, inputs.set(input, value));
  }

  private fresh(name: string): string {
    let candidate = `${name}_pruned`;
    for (let n = 2; this.names.has(candidate); n++) candidate = `${name}_pruned_${n}`;
    this.names.add(candidate);
    return candidate;
  }

  /** What "zero" is for a stored element: the zero point of its slice where the value is quantised. */
  private zeroPoint(node: OnnxNode, input: number, chain: ConstantChain): (element: number) => number {
    const { evaluator } = this.file;
    const dims = chain.tensor.dims;
    const bySlice = (zero: ArrayLike<number>, axis: number): ((element: number) => number) => {
      const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
      return (element) => zero[zero.length === 1 ? 0 : Math.floor(element / inner) % (dims[axis] ?? 1)] ?? 0;
    };
    const step = chain.steps.find(({ opType }) => opType === 'DequantizeLinear');
    if (step) {
      const before = evaluator.shape({ ...chain, steps: chain.steps.slice(0, chain.steps.indexOf(step)) });
      if (before.length !== dims.length && intAttribute(step, 'axis', 1) !== 0)
        throw new RangeError('a reshape stands before DequantizeLinear');
      const { zero, axis } = evaluator.quantization(step, before);
      return bySlice(zero, axis);
    }
    const quantization = node.opType === 'QLinearConv' ? 5 : node.opType === 'ConvInteger' ? 3 : null;
    const isWeight = quantization !== null && input === (node.opType === 'QLinearConv' ? 3 : 1);
    const name = isWeight ? (node.inputs[quantization] ?? '') : '';
    return name === '' ? () => 0 : bySlice(evaluator.evaluate(name).values, 0);
  }
}
