import type { OnnxFile } from '../../model/onnx/open';
import type { OnnxNode } from '../../model/onnx/graph';
import { flowOf, type Flow } from './blocks';
import { weightLayers, type WeightLayer } from './weight-layers';

/** Layers of one depth, which get one ratio. */
export interface Stage {
  /** `stem`, `stage 1`, `stage 2` …, `classifier`. */
  readonly name: string;
  readonly layers: readonly WeightLayer[];
}

/** Parts that a network is divided into where its feature maps never shrink. */
const PARTS = 4;

/**
 * The stages of a network, from its graph alone: the first layer is the stem; the classifier is the last layer, with the
 * hidden layers of its head; what lies between is divided wherever a block makes the feature map smaller, or into four
 * parts by depth where none does (transformers). A stage that a network does not have is left out.
 * Throws TrainingError `unsupported-model` for a cycle, ModelError where shapes cannot be read.
 */
export function stagesOf(file: OnnxFile): Stage[] {
  const flow = flowOf(file);
  const byNode = new Map<OnnxNode, WeightLayer>(weightLayers(file).map((layer) => [layer.node, layer]));
  const blocks = flow.blocks.map(({ nodes, reduction }) => ({
    layers: nodes.flatMap((node) => byNode.get(node) ?? []),
    reduction,
  }));
  const all = blocks.flatMap(({ layers }) => layers);
  const last = all.at(-1);
  if (last === undefined) return [];
  const head = all.filter(({ node }) => flow.isHead(node));
  const classifier = new Set(head.length < all.length ? [...head, last] : [last]);
  const stem = all.find((layer) => !classifier.has(layer)) ?? null;
  const body = blocks.flatMap(({ layers, reduction }): Level[] => {
    const own = layers.filter((layer) => layer !== stem && !classifier.has(layer));
    // What holds most of the network is no block of it: a graph with connections across all stages.
    const isBlock = own.length <= all.length / 2;
    return isBlock
      ? [{ layers: own, reduction }]
      : own.map((layer) => ({ layers: [layer], reduction: flow.reductionAt(layer.node) }));
  });
  return [
    ...(stem === null ? [] : [{ name: 'stem', layers: [stem] }]),
    ...divided(body.filter(({ layers }) => layers.length > 0)).map((layers, i) => ({
      name: `stage ${i + 1}`,
      layers,
    })),
    { name: 'classifier', layers: all.filter((layer) => classifier.has(layer)) },
  ];
}

interface Level {
  readonly layers: readonly WeightLayer[];
  readonly reduction: Flow['blocks'][number]['reduction'];
}

function divided(body: readonly Level[]): WeightLayer[][] {
  const stages: WeightLayer[][] = [];
  let reduction = 0;
  for (const level of body) {
    if (level.reduction > reduction) stages.push([]);
    reduction = Math.max(reduction, level.reduction);
    stages.at(-1)!.push(...level.layers);
  }
  if (stages.length !== 1 || body.length < PARTS) return stages;
  return Array.from({ length: PARTS }, (_, part) =>
    body
      .slice(Math.floor((part * body.length) / PARTS), Math.floor(((part + 1) * body.length) / PARTS))
      .flatMap(({ layers }) => layers),
  );
}
