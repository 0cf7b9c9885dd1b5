import { intsAttribute } from '../../model/onnx/attributes';
import { constantChain } from '../../model/onnx/constant';
import type { OnnxNode } from '../../model/onnx/graph';
import type { OnnxFile } from '../../model/onnx/open';
import { topological } from '../../training/forward/topological';

/** A stretch of the network between two values that everything passes through: a residual block, or a plain layer. */
export interface Block {
  /** In topological order. */
  readonly nodes: readonly OnnxNode[];
  /** How much smaller a feature map is than the image, per side, at the end of the block. */
  readonly reduction: number;
}

/** How an image becomes scores: what lies on the way, how far it is scaled down, where its area is gone. */
export interface Flow {
  readonly blocks: readonly Block[];
  /** Of a node's output. */
  readonly reductionAt: (node: OnnxNode) => number;
  /** True behind the last spatial value: all that follows works on one vector per image. */
  readonly isHead: (node: OnnxNode) => boolean;
}

/** Nodes that read sizes, not pixels: what they make is no path of the image. */
const SIZES = new Set(['Shape', 'Size']);
const POOLS = new Set(['MaxPool', 'AveragePool', 'LpPool']);
const GLOBAL = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool', 'Flatten']);

/**
 * Divides a graph into blocks: walking it in topological order, a block ends wherever exactly one value is still needed
 * by what follows. Side branches (shortcuts, squeeze-and-excitation, dense connections) thereby stay in one block.
 * Throws TrainingError `unsupported-model` for a cycle.
 */
export function flowOf(file: OnnxFile): Flow {
  const { graph } = file.model;
  const image = graph.inputs.find(({ name }) => !graph.initializers.has(name))?.name ?? '';
  const scores = graph.outputs[0]?.name ?? '';
  const nodes = onTheWay(topological(graph.nodes), image, scores);
  const reductions = new Map<string, number>([[image, 1]]);
  const vectors = new Set<string>();
  for (const node of nodes) {
    const inputs = node.inputs.filter((name) => reductions.has(name));
    const before = inputs.reduce((most, name) => Math.max(most, reductions.get(name)!), 0);
    const isVector = collapses(file, node) || inputs.every((name) => vectors.has(name));
    for (const output of node.outputs) {
      reductions.set(output, before * strideOf(node));
      if (isVector) vectors.add(output);
    }
  }
  const spatialFollows = new Set<string>();
  for (const node of [...nodes].reverse()) {
    if (node.outputs.every((name) => vectors.has(name) && !spatialFollows.has(name))) continue;
    for (const name of node.inputs) spatialFollows.add(name);
  }
  return {
    blocks: cut(nodes, image, scores, reductions),
    reductionAt: (node) => reductions.get(node.outputs[0] ?? '') ?? 1,
    isHead: ({ outputs: [output = ''] }) => vectors.has(output) && !spatialFollows.has(output),
  };
}

/** The nodes that lie between the image and the scores. */
function onTheWay(nodes: readonly OnnxNode[], image: string, scores: string): OnnxNode[] {
  const reached = new Set([image]);
  const forward = nodes.filter((node) => {
    const isReached = !SIZES.has(node.opType) && node.inputs.some((name) => reached.has(name));
    if (isReached) for (const output of node.outputs) if (output !== '') reached.add(output);
    return isReached;
  });
  const needed = new Set([scores]);
  return forward
    .reverse()
    .filter((node) => {
      const isNeeded = node.outputs.some((name) => needed.has(name));
      if (isNeeded) for (const name of node.inputs) needed.add(name);
      return isNeeded;
    })
    .reverse();
}

function cut(
  nodes: readonly OnnxNode[],
  image: string,
  scores: string,
  reductions: ReadonlyMap<string, number>,
): Block[] {
  const open = new Map<string, number>([[scores, 1]]);
  for (const node of nodes)
    for (const name of new Set(node.inputs)) open.set(name, (open.get(name) ?? 0) + 1);
  const live = new Set([image]);
  const blocks: Block[] = [];
  let current: OnnxNode[] = [];
  for (const node of nodes) {
    current.push(node);
    for (const name of new Set(node.inputs)) {
      const left = open.get(name)! - 1;
      open.set(name, left);
      if (left === 0) live.delete(name);
    }
    for (const name of node.outputs) if ((open.get(name) ?? 0) > 0) live.add(name);
    if (live.size > 1) continue;
    const [end = scores] = live;
    blocks.push({ nodes: current, reduction: reductions.get(end) ?? 1 });
    current = [];
  }
  return blocks;
}

function strideOf(node: OnnxNode): number {
  if (node.domain !== '') return 1;
  const stride = Math.max(1, ...(intsAttribute(node, 'strides') ?? []));
  if (node.opType === 'Conv' || POOLS.has(node.opType)) return stride;
  return node.opType === 'ConvTranspose' ? 1 / stride : 1;
}

/** True where a feature map becomes a vector: global pooling, a mean over two axes, a reshape to images × features. */
function collapses(file: OnnxFile, node: OnnxNode): boolean {
  if (node.domain !== '') return false;
  if (GLOBAL.has(node.opType)) return true;
  if (node.opType === 'ReduceMean') {
    const axes = intsAttribute(node, 'axes')?.length ?? lengthOf(file, node.inputs[1] ?? '');
    return axes !== null && axes >= 2;
  }
  return node.opType === 'Reshape' && lengthOf(file, node.inputs[1] ?? '') === 2;
}

/** Number of elements of a stored list; null where it is not stored. */
function lengthOf(file: OnnxFile, value: string): number | null {
  if (value === '') return null;
  const chain = constantChain(file.index, value);
  return typeof chain === 'string' ? null : (file.evaluator.shape(chain)[0] ?? null);
}
