import { constantChain } from '../../model/onnx/constant';
import type { OnnxFile } from '../../model/onnx/open';
import { topological } from '../../training/forward/topological';
import { stagesOf } from '../bcu/stages';
import { parameterOf } from '../bcu/weight-layers';

/** The classifier and the two stages before it. */
const LATE_STAGES = 3;

/**
 * Names of the parameters of a network's last two stages and its classifier, batch norms and biases included, from the
 * graph alone: everything that is used at or behind the first layer of those stages. A network of fewer stages is late
 * as a whole. Throws as `stagesOf` does.
 */
export function lateParameters(file: OnnxFile): Set<string> {
  const nodes = topological(file.model.graph.nodes);
  const layers = stagesOf(file)
    .slice(-LATE_STAGES)
    .flatMap((stage) => stage.layers);
  const first = Math.min(...layers.map(({ node }) => nodes.indexOf(node)));
  return new Set(
    nodes.slice(first).flatMap(({ inputs }) =>
      inputs.flatMap((value) => {
        const chain = value === '' ? 'left out' : constantChain(file.index, value);
        return typeof chain === 'string' ? [] : [parameterOf(chain)];
      }),
    ),
  );
}
