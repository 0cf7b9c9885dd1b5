import type { DeclaredConvolution } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import { declaredConvolutions, type LayerWeights } from './declare';
import type { KerasCall, KerasLayer } from './graph';
import { isBatchNorm } from './layer-kinds';

/** The weights of one layer in a file without a configuration. */
export interface UndescribedLayer {
  readonly name: string;
  /** By role: `kernel`, `gamma` … */
  readonly weights: ReadonlyMap<string, CheckpointTensor>;
}

/**
 * Convolutions of a file that holds weights only. What kind a layer is, its weights' roles say; where the file keeps the
 * order in which layers were made (`inOrder`), the batch norm made right after a convolution is taken for its own.
 */
export function guessedConvolutions(
  layers: readonly UndescribedLayer[],
  inOrder: boolean,
): DeclaredConvolution[] {
  const kinds = layers.flatMap(({ name, weights }) => {
    const className = classOf(name, weights);
    if (className === null) return [];
    const config = {
      use_bias: weights.has('bias'),
      scale: weights.has('gamma'),
      center: weights.has('beta'),
    };
    return [{ layer: { path: [name], className, config, storePath: name } satisfies KerasLayer, weights }];
  });
  const weightsOf = new Map<KerasLayer, LayerWeights>(kinds.map(({ layer, weights }) => [layer, weights]));
  const calls = kinds.map(({ layer, weights }, i): KerasCall => {
    const before = i > 0 ? kinds[i - 1] : undefined;
    const follows =
      inOrder && before && isBatchNorm(layer) && channelsOf(before.weights) === channelsOf(weights);
    return { layer, inputs: follows ? [i - 1] : [] };
  });
  const graph = { layers: kinds.map(({ layer }) => layer), calls, outputs: new Set<number>() };
  const none: LayerWeights = { problem: 'The file has no weights of it.' };
  return declaredConvolutions(graph, (layer) => weightsOf.get(layer) ?? none).map((convolution) => ({
    ...convolution,
    note:
      convolution.norm === null
        ? 'Scored on its weight alone (confidence low): the file holds weights and no graph, so whether a batch norm follows is not known.'
        : `Paired with '${convolution.norm.name}', the layer made right after it (confidence medium): the file holds weights and no graph.`,
  }));
}

function classOf(name: string, weights: ReadonlyMap<string, CheckpointTensor>): string | null {
  if (weights.has('moving_variance')) return 'BatchNormalization';
  const kernel = weights.get('depthwise_kernel') ?? weights.get('kernel');
  const rank = (kernel?.dims.length ?? 0) - 2;
  if (rank < 1 || rank > 3) return null;
  if (weights.has('pointwise_kernel')) return `SeparableConv${rank}D`;
  if (weights.has('depthwise_kernel')) return `DepthwiseConv${rank}D`;
  return /transpose/i.test(name) ? `Conv${rank}DTranspose` : `Conv${rank}D`;
}

/** Channels of a layer's output: the length of its norm's variance, or of a kernel's last axis. */
function channelsOf(weights: ReadonlyMap<string, CheckpointTensor>): number | undefined {
  const last = weights.get('moving_variance') ?? weights.get('pointwise_kernel') ?? weights.get('kernel');
  if (last) return last.dims.at(-1);
  const depthwise = weights.get('depthwise_kernel');
  return depthwise && (depthwise.dims.at(-1) ?? 0) * (depthwise.dims.at(-2) ?? 0);
}
