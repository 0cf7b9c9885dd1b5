import { intTensor } from '../../model/onnx/build';
import type { OnnxNode, OnnxTensor } from '../../model/onnx/graph';
import type { ForwardModel } from './forward-model';

/**
 * Frees a graph from the batch size it was exported with: where a Reshape has its target written out with a multiple
 * of that batch in front, the first dimension follows from the others instead. `shapeOf` gives the shapes of values as
 * they are with the batch `declared`. A graph that fixes the batch in other ways fails when it is probed.
 */
export function freeBatch(
  forward: ForwardModel,
  declared: number,
  shapeOf: (name: string) => readonly number[],
): ForwardModel {
  const constants = new Map(forward.constants);
  const nodes = forward.nodes.map((node): OnnxNode => {
    const target = forward.constants.get(node.inputs[1] ?? '');
    if (node.domain !== '' || node.opType !== 'Reshape' || target === undefined) return node;
    const [first, ...rest] = shapeOf(node.outputs[0] ?? '');
    // What is left open (−1) or copied (0) in front follows the batch already.
    if (first === undefined || first % declared !== 0 || leading(target) !== first) return node;
    const freed = intTensor(`${target.name}/any batch/${node.outputs[0] ?? ''}`, target.dims, [-1, ...rest]);
    constants.set(freed.name, freed);
    return { ...node, inputs: [node.inputs[0] ?? '', freed.name] };
  });
  return { ...forward, nodes, constants };
}

/** The first number of an int64 constant; null where it has none at hand. */
function leading({ data, dtype }: OnnxTensor): number | null {
  if (data.kind !== 'memory' || dtype !== 'int64' || data.bytes.length < 8) return null;
  return Number(new DataView(data.bytes.buffer, data.bytes.byteOffset).getBigInt64(0, true));
}
