import type { CheckpointTensor } from '../../model/checkpoint-tensor';
import { ConstantEvaluator } from '../../model/onnx/constant';
import { GraphIndex } from '../../model/onnx/graph-index';
import { TensorReader } from '../../model/onnx/tensor-data';
import { MemorySource } from '../../model/source';
import type { WeightedGraph } from '../../model/weighted-graph';
import type { CheckpointLayer } from './checkpoint-layers';
import { onnxLayers, type LayerOptions, type PruneTarget } from './onnx-layers';

/** The convolutions of a checkpoint whose graph is known, paired by data flow as those of an ONNX file. `path` is the checkpoint's. */
export function graphLayers(path: string, graph: WeightedGraph, options: LayerOptions): CheckpointLayer[] {
  const index = new GraphIndex(graph.model.graph, path);
  const reader = new TensorReader(new MemorySource(path, new Uint8Array(0)), null);
  const layers = onnxLayers(index, reader, new ConstantEvaluator(index, reader), options);
  return layers.map(({ layer, target }) => ({
    layer,
    silenced: target === null ? [] : silencedBy(target, graph.weights),
  }));
}

/** γ and β of the paired norm, or weight and bias of the convolution where there is none. */
function silencedBy(
  { operator, pairing, downstream }: PruneTarget,
  weights: WeightedGraph['weights'],
): CheckpointTensor[] {
  const inputs = ((): (string | undefined)[] => {
    if (pairing === null) {
      const { node, weightInput, biasInput } = operator;
      const shifts = downstream.shifts.map((shift) => shift.node.inputs[shift.input]);
      return [node.inputs[weightInput], node.inputs[biasInput], ...shifts];
    }
    const { node } = pairing;
    if (pairing.kind === 'batch-norm') return [node.inputs[1], node.inputs[2]];
    const { factor, shift } = pairing;
    return [node.inputs[factor], shift?.node.inputs[shift.input]];
  })();
  return inputs
    .filter((name) => name !== undefined && name !== '')
    .map((name) => {
      const tensor = weights.get(name!);
      if (!tensor) throw new TypeError(`'${name}' is no weight of the checkpoint`);
      return tensor;
    });
}
