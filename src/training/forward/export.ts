import type { OnnxModel, OnnxNode, OnnxTensor } from '../../model/onnx/graph';
import { encodeValues } from '../../model/encode-values';
import { tensorOf } from '../../model/onnx/build';
import type { ForwardModel, StoredTensor } from './forward-model';

/**
 * The model as it was read, with the values of its parameters and running statistics replaced, in the types they were
 * stored in. A weight that came through Identity or Constant is now an initializer of its own. Tensors that training
 * did not touch keep referring to the file they came from.
 */
export function exportModel(
  model: OnnxModel,
  forward: ForwardModel,
  valuesOf: (name: string) => Float32Array,
): OnnxModel {
  const changed = new Map([...forward.parameters, ...forward.statistics]);
  const initializers = new Map(model.graph.initializers);
  for (const [name, stored] of changed) initializers.set(name, storedAs(stored, valuesOf(name)));
  const statistics = new Map(
    forward.batchNorms.map(({ node, mean, variance }) => [node.outputs[0]!, [mean, variance]]),
  );
  const nodes = model.graph.nodes
    .filter(
      ({ opType, outputs }) =>
        !((opType === 'Identity' || opType === 'Constant') && changed.has(outputs[0] ?? '')),
    )
    .map((node): OnnxNode => {
      const own = statistics.get(node.outputs[0] ?? '');
      if (node.opType !== 'BatchNormalization' || !own) return node;
      return { ...node, inputs: [...node.inputs.slice(0, 3), ...own], span: null };
    });
  const inputs = model.graph.inputs;
  return { ...model, graph: { ...model.graph, nodes, initializers, inputs } };
}

function storedAs({ name, dims, dtype }: StoredTensor, values: Float32Array): OnnxTensor {
  return tensorOf(name, dtype, dims, encodeValues(dtype, values));
}
