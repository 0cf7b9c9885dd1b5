import type { OnnxNode } from '../../model/onnx/graph';
import type { ForwardModel } from '../forward/forward-model';
import { NORMALISATIONS } from './operators';

/** A convolution with a bias and no normalisation of its own: what an exporter makes of convolution and batch norm. */
export interface BareConvolution {
  readonly node: OnnxNode;
  /** Names of its parameters; no other node takes them. */
  readonly weight: string;
  readonly bias: string;
}

/** Operators that a normalisation may lie behind and still be the convolution's own. */
const LAYOUT = new Set(['Identity', 'Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast']);
const GLOBAL = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool', 'ReduceMean', 'ReduceMax']);

/**
 * The convolutions of a graph that a batch norm can be put behind and folded into again: stored weight and bias that they
 * alone take, no normalisation behind them. Not among them: the layer that makes the logits, and convolutions of what a
 * global pooling made (squeeze-and-excitation, classifiers), which work on one vector an image and never had a norm.
 */
export function bareConvolutions({ nodes, parameters, output }: ForwardModel): BareConvolution[] {
  const uses = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const name of node.inputs) uses.set(name, [...(uses.get(name) ?? []), node]);
  const pooled = pooledValues(nodes);
  return nodes.flatMap((node) => {
    const [, weight = '', bias = ''] = node.inputs;
    const own = [weight, bias].every((name) => parameters.has(name) && uses.get(name)?.length === 1);
    const isBare =
      node.opType === 'Conv' &&
      node.domain === '' &&
      own &&
      node.outputs[0] !== output &&
      !pooled.has(node.outputs[0] ?? '') &&
      !isNormalised(node.outputs[0] ?? '', uses);
    return isBare ? [{ node, weight, bias }] : [];
  });
}

/** Values that follow from global pooling, and from nothing that still has pixels. */
function pooledValues(nodes: readonly OnnxNode[]): Set<string> {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const pooled = new Set<string>();
  for (const { opType, inputs, outputs } of nodes) {
    const computed = inputs.filter((name) => made.has(name));
    if (GLOBAL.has(opType) || (computed.length > 0 && computed.every((name) => pooled.has(name))))
      for (const output of outputs) pooled.add(output);
  }
  return pooled;
}

function isNormalised(value: string, uses: ReadonlyMap<string, readonly OnnxNode[]>): boolean {
  return (uses.get(value) ?? []).some(
    ({ opType, outputs }) =>
      NORMALISATIONS.has(opType) ||
      (LAYOUT.has(opType) && outputs.some((output) => isNormalised(output, uses))),
  );
}
