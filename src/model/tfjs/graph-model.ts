import type { DeclaredConvolution, DeclaredNorm } from '../checkpoint';
import type { CheckpointTensor } from '../checkpoint-tensor';
import { Flow, agreeOn, type FlowNode, type Step } from '../keras/flow';
import { at, isObject, listAt, numberAt, objectAt, textAt, type JsonObject } from '../keras/json';
import { kernelView } from '../keras/kernels';

/** A node of a TensorFlow graph as JSON holds it. */
interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of the nodes it takes values from, control inputs left out. */
  readonly inputs: readonly string[];
  readonly attributes: JsonObject;
}

interface Kernel {
  readonly layout: 'plain' | 'depthwise' | 'transposed';
  readonly rank: number;
  /** Which input the kernel is. */
  readonly input: number;
}

const CONVOLUTIONS: Readonly<Record<string, Kernel>> = {
  Conv2D: { layout: 'plain', rank: 2, input: 1 },
  _FusedConv2D: { layout: 'plain', rank: 2, input: 1 },
  Conv3D: { layout: 'plain', rank: 3, input: 1 },
  DepthwiseConv2dNative: { layout: 'depthwise', rank: 2, input: 1 },
  FusedDepthwiseConv2dNative: { layout: 'depthwise', rank: 2, input: 1 },
  Conv2DBackpropInput: { layout: 'transposed', rank: 2, input: 1 },
};
const NORM = /^FusedBatchNorm(V[23])?$/;
/** BiasAdd adds constants, which changes no difference between values. */
const SAME = new Set(['Identity', 'BiasAdd', 'StopGradient', 'PlaceholderWithDefault']);
const CHANNELWISE = new Set([
  'Relu',
  'Relu6',
  'Elu',
  'LeakyRelu',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'MaxPool',
  'AvgPool',
  'Pad',
  'PadV2',
]);
const GENTLE_FUSED = new Set(['BiasAdd', 'Relu', 'Relu6', 'Elu', 'Sigmoid', 'Tanh']);
const MAX_NODES = 200_000;

/**
 * The convolutions of a TensorFlow.js graph model with the batch norms that their outputs flow into. Converters fold
 * batch norms into kernels where they can; then a kernel stands for itself.
 */
export function graphConvolutions(
  topology: unknown,
  weights: ReadonlyMap<string, CheckpointTensor>,
): DeclaredConvolution[] {
  const described = listAt(topology, 'node').slice(0, MAX_NODES);
  const nodes = described.filter(isObject).map(nodeOf);
  const places = new Map(nodes.map(({ name }, i) => [name, i]));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const constant = (name: string | undefined): CheckpointTensor | undefined => {
    let node = name === undefined ? undefined : byName.get(name);
    for (let steps = 0; node?.op === 'Identity' && steps < 16; steps++)
      node = byName.get(node.inputs[0] ?? '');
    return node?.op === 'Const' ? weights.get(node.name) : undefined;
  };
  const isConstant = (name: string): boolean => {
    const node = byName.get(name);
    return node?.op === 'Const' || (node?.op === 'Identity' && constant(name) !== undefined);
  };
  const norms = new Map<GraphNode, DeclaredNorm>();
  for (const node of nodes) {
    const norm = NORM.test(node.op) ? normOf(node, constant) : null;
    if (norm) norms.set(node, norm);
  }
  const flow = new Flow(
    nodes.map((node): FlowNode<DeclaredNorm> => ({
      label: `${node.op} '${node.name}'`,
      inputs: node.inputs.filter((name) => !isConstant(name)).map((name) => places.get(name) ?? -1),
      step: stepOf(node, norms),
    })),
    new Set(),
  );
  return nodes.flatMap((node, i): DeclaredConvolution[] => {
    const kind = Object.hasOwn(CONVOLUTIONS, node.op) ? CONVOLUTIONS[node.op]! : null;
    if (!kind) return [];
    const common = { name: node.name, operator: node.op, bias: null };
    const tensor = constant(node.inputs[kind.input]);
    const view = tensor ? kernelView(tensor, kind.layout, kind.rank, 1) : null;
    if (!view) {
      const problem = tensor
        ? `Its kernel has not ${kind.rank + 2} dimensions.`
        : 'Its kernel is computed from other values when the model runs.';
      return [{ ...common, weight: null, groups: 1, norm: null, note: null, problem }];
    }
    const gentle = fusedOperations(node).every((operation) => GENTLE_FUSED.has(operation));
    const { norm, note } = gentle ? agreeOn([flow.after(i)], ({ name }) => name) : { norm: null, note: null };
    const fits = norm === null || norm.variance.dims[0] === view.weight.dims[0];
    return [
      {
        ...{ ...common, ...view, problem: null },
        norm: fits ? norm : null,
        note: fits ? note : `Scored on its weight alone: '${norm.name}' has another number of channels.`,
      },
    ];
  });
}

function nodeOf(described: JsonObject): GraphNode {
  const inputs = listAt(described, 'input').filter((name) => typeof name === 'string');
  return {
    name: textAt(described, 'name') ?? '',
    op: textAt(described, 'op') ?? '',
    inputs: inputs.filter((name) => !name.startsWith('^')).map((name) => name.replace(/:\d+$/, '')),
    attributes: objectAt(described, 'attr'),
  };
}

function normOf(
  { name, inputs, attributes }: GraphNode,
  constant: (name: string | undefined) => CheckpointTensor | undefined,
): DeclaredNorm | null {
  const [gamma, beta, mean, variance] = inputs.slice(1, 5).map(constant);
  if (!gamma || !beta || !mean || variance?.dims.length !== 1) return null;
  return { name, gamma, beta, mean, variance, epsilon: numberAt(at(attributes, 'epsilon'), 'f', 1e-3) };
}

function stepOf(node: GraphNode, norms: ReadonlyMap<GraphNode, DeclaredNorm>): Step<DeclaredNorm> {
  const norm = norms.get(node);
  if (norm) return { kind: 'norm', norm };
  if (SAME.has(node.op)) return { kind: 'same' };
  if (node.op === 'LeakyRelu' && Math.abs(numberAt(at(node.attributes, 'alpha'), 'f', 0.2)) > 1)
    return { kind: 'other' };
  return { kind: CHANNELWISE.has(node.op) ? 'channelwise' : 'other' };
}

/** What a fused convolution does after convolving; names are base64 in JSON. */
function fusedOperations({ attributes }: GraphNode): string[] {
  return listAt(at(at(attributes, 'fused_ops'), 'list'), 's').map((name) =>
    typeof name === 'string' ? Buffer.from(name, 'base64').toString('latin1') : '',
  );
}
