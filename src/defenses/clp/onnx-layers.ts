import { floatAttribute, intAttribute, nodeLabel } from '../../model/onnx/attributes';
import { constantChain, type ConstantChain, type ConstantEvaluator } from '../../model/onnx/constant';
import type { OnnxGraph } from '../../model/onnx/graph';
import { subgraphsOf, type GraphIndex } from '../../model/onnx/graph-index';
import type { TensorReader } from '../../model/onnx/tensor-data';
import { ScourError } from '../../protocol/errors';
import { convolutionOf, type ConvolutionOperator } from './convolution';
import type { ChannelScale, ConvolutionLayer, LayerHead, ReadChannels, ScorableLayer } from './layers';
import { followOutput, type Downstream, type Pairing } from './pairing';
import { weightAccess } from './weight-access';
import { MAX_GRAM_SIDE } from './spectral';

/** A convolution of an ONNX graph with all that pruning must know of it. */
export interface OnnxLayer {
  readonly layer: ConvolutionLayer;
  /** Null for convolutions that are only listed (inside subgraphs). */
  readonly target: PruneTarget | null;
}

export interface PruneTarget {
  readonly operator: ConvolutionOperator;
  readonly weight: ConstantChain;
  readonly pairing: Pairing | null;
  readonly downstream: Downstream;
}

export interface LayerOptions {
  /** Adds the batch norm's ε to its variance. The reference does not (METHODS.md §1). */
  readonly withEpsilon: boolean;
}

/**
 * Every convolution of a graph, in graph order, paired by data flow. A convolution whose output several batch norms
 * normalise is listed once for each. Convolutions inside If, Loop and Scan are listed as skipped.
 */
export function onnxLayers(
  index: GraphIndex,
  reader: TensorReader,
  evaluator: ConstantEvaluator,
  options: LayerOptions,
): OnnxLayer[] {
  const names = new Set<string>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; names.has(name); n++) name = `${wanted} (${n})`;
    names.add(name);
    return name;
  };
  const layers: OnnxLayer[] = [];
  for (const node of index.graph.nodes) {
    const operator = convolutionOf(node);
    if (operator) layers.push(...layersOf(index, reader, evaluator, operator, options, unique));
    for (const graph of subgraphsOf(node)) layers.push(...listed(graph, nodeLabel(node), unique));
  }
  return layers;
}

function listed(graph: OnnxGraph, owner: string, unique: (name: string) => string): OnnxLayer[] {
  return graph.nodes.flatMap((node) => {
    const operator = convolutionOf(node);
    const inner = subgraphsOf(node).flatMap((nested) => listed(nested, owner, unique));
    if (!operator) return inner;
    const head = headOf(operator, unique(nodeLabel(node)), null, [], 0);
    return [
      {
        layer: {
          ...head,
          status: 'skipped',
          reason: `It lies inside the subgraph of '${owner}', which Scour does not follow.`,
        } as const,
        target: null,
      },
      ...inner,
    ];
  });
}

function layersOf(
  index: GraphIndex,
  reader: TensorReader,
  evaluator: ConstantEvaluator,
  operator: ConvolutionOperator,
  options: LayerOptions,
  unique: (name: string) => string,
): OnnxLayer[] {
  const label = nodeLabel(operator.node);
  const skip = (reason: string): OnnxLayer[] => [
    { layer: { ...headOf(operator, unique(label), null, [], 0), status: 'skipped', reason }, target: null },
  ];
  const chain = constantChain(index, operator.weight);
  if (typeof chain === 'string') return skip(`Its weight ${chain}.`);
  try {
    const dims = evaluator.shape(chain);
    if (dims.length < 3)
      return skip(`Its weight has ${dims.length} dimensions; a convolution's has at least 3.`);
    const channels = operator.transposed ? dims[1]! * operator.groups : dims[0]!;
    const rows = operator.transposed ? dims[0]! / operator.groups : dims[1]!;
    const kernel = dims.slice(2);
    const taps = kernel.reduce((product, side) => product * side, 1);
    if (channels === 0 || rows === 0 || taps === 0) return skip('Its weight has no elements.');
    if (!Number.isInteger(rows) || channels % operator.groups !== 0) {
      return skip(`Its weight of shape [${dims.join(', ')}] does not divide into ${operator.groups} groups.`);
    }
    if (Math.min(rows, taps) > MAX_GRAM_SIDE) {
      return skip(
        `Its channels are matrices of ${rows} × ${taps}; Scour scores up to ${MAX_GRAM_SIDE} on the smaller side.`,
      );
    }
    const downstream = followOutput(index, evaluator, operator.node.outputs[0] ?? '', channels);
    const open = (): ReadChannels =>
      weightAccess(reader, evaluator, chain, operator, { channels, rows, taps });
    const pairings: (Pairing | null)[] = downstream.pairings.length > 0 ? [...downstream.pairings] : [null];
    return pairings.map((pairing) => {
      const norm = pairing === null ? null : nodeLabel(pairing.node);
      const name = unique(pairings.length > 1 && norm !== null ? `${label} → ${norm}` : label);
      const head = headOf(operator, name, norm, kernel, channels, storedName(chain));
      const layer: ScorableLayer = {
        ...head,
        status: 'scorable',
        note: noteOf(index, operator, pairing, downstream),
        rows,
        taps,
        open,
        scale: pairing === null ? null : () => scaleOf(evaluator, pairing, channels, options),
      };
      return { layer, target: { operator, weight: chain, pairing, downstream } };
    });
  } catch (error) {
    // RangeError: a constant that does not fit its operators. What the file itself gets wrong stays a ModelError.
    if (error instanceof ScourError || !(error instanceof RangeError)) throw error;
    return skip(`Its weight cannot be followed: ${error.message}.`);
  }
}

/** What the file calls the stored weight: the initializer, or the output of the Constant node that holds it. */
function storedName({ tensor, holder }: ConstantChain): string {
  return holder?.outputs[0] ?? tensor.name;
}

function headOf(
  operator: ConvolutionOperator,
  name: string,
  norm: string | null,
  kernel: readonly number[],
  channels: number,
  weight = operator.weight,
): LayerHead {
  return { name, weight, norm, operator: operator.node.opType, kernel, groups: operator.groups, channels };
}

function scaleOf(
  evaluator: ConstantEvaluator,
  pairing: Pairing,
  channels: number,
  options: LayerOptions,
): ChannelScale {
  const vector = (input: number, what: string): ChannelScale['gamma'] => {
    const { values } = evaluator.evaluate(pairing.node.inputs[input] ?? '');
    if (values.length !== channels) {
      throw new RangeError(
        `the ${what} of '${nodeLabel(pairing.node)}' has ${values.length} values for ${channels} channels`,
      );
    }
    return values;
  };
  if (pairing.kind === 'affine') return { gamma: vector(pairing.factor, 'factor'), variance: null };
  const gamma = vector(1, 'scale');
  const variance = vector(4, 'running variance');
  const epsilon = options.withEpsilon ? floatAttribute(pairing.node, 'epsilon', 1e-5) : 0;
  return {
    gamma,
    variance: epsilon === 0 ? variance : Float64Array.from(variance, (value) => value + epsilon),
  };
}

function noteOf(
  index: GraphIndex,
  operator: ConvolutionOperator,
  pairing: Pairing | null,
  downstream: Downstream,
): string | null {
  const notes: string[] = [];
  if (pairing === null) {
    const following = index.uses(operator.node.outputs[0] ?? '').map(({ node }) => node.opType);
    const otherNorm = following.find((opType) => /^(Instance|Group|Layer)Normalization$/.test(opType));
    notes.push(
      otherNorm
        ? `Scored on its weight alone: ${otherNorm} rescales by statistics of each input, which a file does not hold.`
        : 'Scored on its weight alone: no batch norm normalises its output (or it was folded into the weight).',
    );
  } else if (pairing.kind === 'affine') {
    notes.push(`Paired with the per-channel factor '${nodeLabel(pairing.node)}'.`);
  } else if (intAttribute(pairing.node, 'training_mode', 0) !== 0) {
    notes.push(
      'Its batch norm is exported in training mode: the running variance in the file is not what the model uses.',
    );
  }
  if (downstream.through.length > 0) notes.push(`Paired through ${downstream.through.join(', ')}.`);
  if (downstream.besides.length > 0) {
    notes.push(
      `Its output is also used by ${downstream.besides.join(', ')}: pruning silences only what passes the norm.`,
    );
  }
  return notes.length > 0 ? notes.join(' ') : null;
}
