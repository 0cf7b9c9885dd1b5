import { encodeModel } from '../../model/onnx/encode';
import type { OnnxGraph, OnnxModel, OnnxNode } from '../../model/onnx/graph';
import type { TensorReader } from '../../model/onnx/tensor-data';
import { messageOf } from '../../protocol/errors';
import { TrainingSession } from '../../runtime/training-session';
import { TrainingError } from '../errors';
import { sizeOf } from '../graph/shape';
import { independentOfImages } from './independent';

/** Branches may hold further Ifs; exporters nest a few levels at most. */
const MAX_ROUNDS = 8;

/**
 * The model with every If whose condition follows from shapes and constants replaced by the branch it takes. PyTorch's
 * exporter writes such Ifs for squeeze and for Python conditions on shapes. An If that depends on the image stays: no
 * gradient passes it. `image`: shape without the batch.
 * Throws TrainingError `unsupported-model` where the conditions cannot be computed.
 */
export async function inlineIfs(
  model: OnnxModel,
  reader: TensorReader,
  image: readonly number[],
): Promise<OnnxModel> {
  let current = model;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const fixed = independentOfImages(current.graph.nodes, current.graph.initializers.keys());
    const ifs = current.graph.nodes.filter(
      ({ domain, opType, inputs }) => domain === '' && opType === 'If' && fixed.has(inputs[0] ?? ''),
    );
    if (ifs.length === 0) break;
    const taken = await conditionsOf(current, reader, image, new Set(ifs.map(({ inputs }) => inputs[0]!)));
    const chosen = new Map(ifs.map((node) => [node, taken.get(node.inputs[0]!) === true]));
    current = { ...current, graph: withBranches(current.graph, chosen) };
  }
  return current;
}

/** The values of boolean scalars, as the model computes them. */
async function conditionsOf(
  model: OnnxModel,
  reader: TensorReader,
  image: readonly number[],
  names: ReadonlySet<string>,
): Promise<Map<string, boolean>> {
  const { graph } = model;
  const input = graph.inputs.find(({ name }) => !graph.initializers.has(name));
  const [declared] = input?.shape ?? [];
  const shape = [typeof declared === 'number' ? declared : 2, ...image];
  const conditions = {
    ...model,
    graph: { ...graph, outputs: [...names].map((name) => ({ name, dtype: null, shape: null })) },
  };
  try {
    const bytes = encodeModel(conditions, (tensor) => reader.bytes(tensor));
    const session = await TrainingSession.create(bytes, { device: 'cpu', threads: 1, optimize: false });
    const data = new Float32Array(sizeOf(shape)).fill(0.5);
    const results = await session.run(new Map([[input?.name ?? '', { dtype: 'float32', shape, data }]]));
    await session.release();
    return new Map([...results].map(([name, value]) => [name, Number(value.data[0] ?? 0) !== 0]));
  } catch (cause) {
    throw new TrainingError(
      'unsupported-model',
      `This model chooses between branches while it runs, and which ones cannot be found out: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The graph with the nodes of the taken branch in place of each If. Names from a branch get the If's output in front. */
function withBranches(graph: OnnxGraph, chosen: ReadonlyMap<OnnxNode, boolean>): OnnxGraph {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node): OnnxNode[] => {
    const taken = chosen.get(node);
    const branch = node.attributes.get(taken ? 'then_branch' : 'else_branch');
    if (taken === undefined || branch?.type !== 'graph') return [node];
    const inner = branch.value;
    const names = new Map<string, string>();
    for (const name of [...inner.initializers.keys(), ...inner.nodes.flatMap(({ outputs }) => outputs)])
      if (name !== '') names.set(name, `${node.outputs[0] ?? ''}/${name}`);
    const nameOf = (name: string): string => names.get(name) ?? name;
    for (const [name, tensor] of inner.initializers)
      initializers.set(nameOf(name), { ...tensor, name: nameOf(name) });
    const results = inner.outputs.map(({ name }, i): OnnxNode => {
      const output = node.outputs[i] ?? '';
      return {
        name: '',
        opType: 'Identity',
        domain: '',
        inputs: [nameOf(name)],
        outputs: [output],
        attributes: new Map(),
        span: null,
      };
    });
    const body = inner.nodes.map((each) => ({
      ...each,
      name: '',
      inputs: each.inputs.map(nameOf),
      outputs: each.outputs.map(nameOf),
      span: null,
    }));
    return [...body, ...results.filter(({ outputs }) => outputs[0] !== '')];
  });
  return { ...graph, nodes, initializers };
}
