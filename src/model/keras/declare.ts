import type { DeclaredConvolution, DeclaredNorm } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import { Flow, agreeOn, type FlowNode, type Step } from './flow';
import type { KerasGraph, KerasLayer } from './graph';
import { numberAt } from './json';
import { kernelView } from './kernels';
import {
  channelStep,
  convolutionKind,
  hasGentleActivation,
  isBatchNorm,
  isChannelsFirst,
  normalisesChannels,
  weightRoles,
  type ConvolutionKind,
} from './layer-kinds';

/** The weights of a layer by role (`kernel`, `gamma` …). */
export type FoundWeights = ReadonlyMap<string, CheckpointTensor>;
export type LayerWeights = FoundWeights | { /** Why they cannot be told. */ readonly problem: string };

/** Finds a layer's weights in a file; asked only for layers with roles. */
export type WeightFinder = (layer: KerasLayer, roles: readonly string[]) => LayerWeights;

/** A layer's name within the whole model. */
export function layerName({ path }: KerasLayer): string {
  return path.join('/');
}

/** Every convolution of a Keras graph, in the order of its layers, with the batch norm that its output flows into. */
export function declaredConvolutions(graph: KerasGraph, find: WeightFinder): DeclaredConvolution[] {
  const norms = new Map<KerasLayer, DeclaredNorm>();
  for (const layer of graph.layers) {
    const norm = isBatchNorm(layer) ? normOf(layer, find) : null;
    if (norm) norms.set(layer, norm);
  }
  const nodes = graph.calls.map(({ layer, inputs }): FlowNode<KerasLayer> => ({
    label: `${layer.className} '${layer.path.at(-1) ?? ''}'`,
    inputs,
    step: stepOf(layer),
  }));
  const flow = new Flow(nodes, graph.outputs);
  const calls = new Map<KerasLayer, number[]>();
  graph.calls.forEach(({ layer }, i) => calls.set(layer, [...(calls.get(layer) ?? []), i]));
  return graph.layers.flatMap((layer) => {
    const kind = convolutionKind(layer.className);
    if (!kind) return [];
    const downstream = (calls.get(layer) ?? []).map((call) => flow.after(call));
    const agreed = agreeOn(downstream, layerName);
    const paired = agreed.norm ? pairable(layer, kind, agreed.norm, norms.get(agreed.norm) ?? null) : null;
    const norm = typeof paired === 'string' ? null : paired;
    return convolutionsOf(layer, kind, norm, typeof paired === 'string' ? paired : agreed.note, find);
  });
}

function stepOf(layer: KerasLayer): Step<KerasLayer> {
  return isBatchNorm(layer) ? { kind: 'norm', norm: layer } : { kind: channelStep(layer) };
}

/** A batch norm with its weights; null where the file does not hold them all. */
function normOf(layer: KerasLayer, find: WeightFinder): DeclaredNorm | null {
  const weights = find(layer, weightRoles(layer) ?? []);
  if ('problem' in weights) return null;
  const [mean, variance] = [weights.get('moving_mean'), weights.get('moving_variance')];
  if (!mean || !variance) return null;
  return {
    name: layerName(layer),
    gamma: weights.get('gamma') ?? null,
    beta: weights.get('beta') ?? null,
    mean,
    variance,
    epsilon: numberAt(layer.config, 'epsilon', 1e-3),
  };
}

/** The norm, where it can be taken for the convolution's own; else what to say of it. */
function pairable(
  layer: KerasLayer,
  { rank }: ConvolutionKind,
  normLayer: KerasLayer,
  norm: DeclaredNorm | null,
): DeclaredNorm | string {
  const alone = 'Scored on its weight alone: ';
  const name = `'${layerName(normLayer)}'`;
  if (!norm) return `${alone}the file does not hold the weights of ${name}, which normalises it.`;
  if (!hasGentleActivation(layer))
    return `${alone}its activation, before ${name}, can enlarge differences between values.`;
  if (!normalisesChannels(normLayer, rank, isChannelsFirst(layer)))
    return `${alone}${name} works along another axis than the channels'.`;
  return norm;
}

/** One convolution, or the two of a separable layer: only the last one's output is what the norm sees. */
function convolutionsOf(
  layer: KerasLayer,
  kind: ConvolutionKind,
  norm: DeclaredNorm | null,
  note: string | null,
  find: WeightFinder,
): DeclaredConvolution[] {
  const operator = layer.className;
  const name = layerName(layer);
  const weights = find(layer, weightRoles(layer) ?? []);
  const missing = (problem: string): DeclaredConvolution => ({
    ...{ name, operator, weight: null, bias: null, groups: 1, norm: null, note: null },
    problem,
  });
  if ('problem' in weights) return [missing(weights.problem)];
  const part = (
    name: string,
    role: string,
    layout: 'plain' | 'depthwise' | 'transposed',
    last: boolean,
  ): DeclaredConvolution => {
    const tensor = weights.get(role);
    const groups = layout === 'plain' && kind.layout === 'plain' ? numberAt(layer.config, 'groups', 1) : 1;
    const view = tensor ? kernelView(tensor, layout, kind.rank, groups) : null;
    if (!tensor || !view)
      return missing(`Its ${role} has not the ${kind.rank + 2} dimensions of a ${operator} layer's.`);
    const own = { name, operator, weight: view.weight, groups: view.groups, problem: null };
    const bias = weights.get('bias') ?? null;
    if (!last)
      return {
        ...own,
        bias: null,
        norm: null,
        note: 'The depthwise half of a separable layer: its pointwise half follows.',
      };
    const channels = view.weight.dims[0]!;
    const odd = [norm?.gamma, norm?.beta, norm?.mean, norm?.variance, bias].find(
      (vector) => vector && (vector.dims.length !== 1 || vector.dims[0] !== channels),
    );
    if (odd)
      return { ...missing(`'${odd.name}' has not one value for each of its ${channels} channels.`), name };
    return { ...own, bias, norm, note };
  };
  switch (kind.layout) {
    case 'separable':
      return [
        part(`${name}/depthwise`, 'depthwise_kernel', 'depthwise', false),
        part(`${name}/pointwise`, 'pointwise_kernel', 'plain', true),
      ];
    case 'depthwise':
      return [part(name, 'depthwise_kernel', 'depthwise', true)];
    case 'plain':
    case 'transposed':
      return [part(name, 'kernel', kind.layout, true)];
  }
}

/**
 * Kernels that no convolution of the graph claims, as layers that were not scored: those of custom layers, of wrappers
 * and of recurrent convolutions must not vanish from a report.
 */
export function unclaimedKernels(
  tensors: Iterable<CheckpointTensor>,
  convolutions: readonly DeclaredConvolution[],
): DeclaredConvolution[] {
  const claimed = new Set(convolutions.map(({ weight }) => weight?.name));
  // A layer that has lost some of its weights is listed already.
  const listed = new Set(
    convolutions.filter(({ weight }) => !weight).map(({ name }) => name.split('/').at(-1)!),
  );
  return Array.from(tensors)
    .filter(
      ({ name, dims }) =>
        dims.length >= 3 &&
        dims.length <= 5 &&
        !claimed.has(name) &&
        !listed.has(name.split('/').at(-2) ?? ''),
    )
    .map((tensor) => ({
      ...{
        name: tensor.name,
        operator: 'unknown',
        weight: null,
        bias: null,
        groups: 1,
        norm: null,
        note: null,
      },
      problem: `Its ${tensor.dims.join(' × ')} weights belong to a layer that Scour does not read (a custom layer, a wrapper, or no convolution).`,
    }));
}
