import type { OnnxNode } from '../../model/onnx/graph';

/**
 * Names of the values that follow from constants and shapes alone, given the names of the constants. Nodes are in
 * topological order. Random numbers, and nodes that hold subgraphs (which may look outside), do not count.
 */
export function independentOfImages(nodes: readonly OnnxNode[], constants: Iterable<string>): Set<string> {
  const fixed = new Set(constants);
  for (const node of nodes) {
    const shapeOnly = node.domain === '' && (node.opType === 'Shape' || node.opType === 'Size');
    const random = node.opType.startsWith('Random') || node.opType === 'Bernoulli';
    const holdsGraph = [...node.attributes.values()].some(
      ({ type }) => type === 'graph' || type === 'graphs',
    );
    const known = node.inputs.every((name) => name === '' || fixed.has(name));
    if (shapeOnly || (known && !random && !holdsGraph)) for (const output of node.outputs) fixed.add(output);
  }
  return fixed;
}
