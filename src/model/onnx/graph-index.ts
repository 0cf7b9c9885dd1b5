import { ModelError } from '../../protocol/errors';
import type { OnnxGraph, OnnxNode } from './graph';

/** One place where a value is used: input number `input` of `node`. */
export interface Use {
  readonly node: OnnxNode;
  readonly input: number;
}

/**
 * Who makes and who uses each value of a graph. Values that subgraphs (If, Loop, Scan) capture from outside count as
 * used by the node that holds the subgraph, at no particular input.
 */
export class GraphIndex {
  readonly graph: OnnxGraph;
  private readonly producers = new Map<string, OnnxNode>();
  private readonly users = new Map<string, Use[]>();
  private readonly captured = new Map<string, number>();
  private readonly outputs: ReadonlySet<string>;

  /**
   * Throws ModelError `malformed` (a value made twice), `missing-initializer` (a value made by nobody) or
   * `cyclic-graph`. `path` is for messages.
   */
  constructor(graph: OnnxGraph, path: string) {
    this.graph = graph;
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
    const captures = new Map<OnnxNode, string[]>();
    for (const node of graph.nodes) {
      for (const output of node.outputs) {
        if (output === '') continue;
        if (this.producers.has(output)) {
          throw new ModelError(
            'malformed',
            path,
            `${path} is not valid ONNX: value '${output}' is made by two nodes.`,
          );
        }
        this.producers.set(output, node);
      }
      node.inputs.forEach((name, input) => {
        if (name === '') return;
        const uses = this.users.get(name);
        if (uses) uses.push({ node, input });
        else this.users.set(name, [{ node, input }]);
      });
      const names = capturedNames(node);
      if (names.size > 0) captures.set(node, [...names]);
      for (const name of names) this.captured.set(name, (this.captured.get(name) ?? 0) + 1);
    }
    this.check(captures, path);
  }

  /** The node that makes a value; undefined for graph inputs and initializers. */
  producer(value: string): OnnxNode | undefined {
    return this.producers.get(value);
  }

  /** Inputs of this graph's own nodes that take the value. */
  uses(value: string): readonly Use[] {
    return this.users.get(value) ?? [];
  }

  isOutput(value: string): boolean {
    return this.outputs.has(value);
  }

  /** True where something besides one single input depends on the value: changing it would change more than that. */
  isShared(value: string): boolean {
    return this.uses(value).length + (this.captured.get(value) ?? 0) + (this.isOutput(value) ? 1 : 0) > 1;
  }

  /** Kahn's algorithm over the nodes; what is left is a cycle. */
  private check(captures: ReadonlyMap<OnnxNode, readonly string[]>, path: string): void {
    const known = new Set([
      ...this.graph.inputs.map(({ name }) => name),
      ...this.graph.initializers.keys(),
      ...this.graph.sparse,
    ]);
    const waiting = new Map<OnnxNode, number>();
    const next = new Map<OnnxNode, OnnxNode[]>();
    const ready: OnnxNode[] = [];
    for (const node of this.graph.nodes) {
      let open = 0;
      for (const name of [...node.inputs, ...(captures.get(node) ?? [])]) {
        if (name === '' || known.has(name)) continue;
        const producer = this.producers.get(name);
        if (!producer) {
          throw new ModelError(
            'missing-initializer',
            path,
            `${path} is not valid ONNX: node '${node.name || node.outputs[0] || node.opType}' (${node.opType}) needs '${name}', which is no input, initializer or output of another node.`,
          );
        }
        open++;
        const followers = next.get(producer);
        if (followers) followers.push(node);
        else next.set(producer, [node]);
      }
      waiting.set(node, open);
      if (open === 0) ready.push(node);
    }
    let done = 0;
    for (let node = ready.pop(); node; node = ready.pop()) {
      done++;
      for (const follower of next.get(node) ?? []) {
        const open = waiting.get(follower)! - 1;
        waiting.set(follower, open);
        if (open === 0) ready.push(follower);
      }
    }
    if (done < this.graph.nodes.length) {
      const stuck = this.graph.nodes.find((node) => waiting.get(node)! > 0);
      throw new ModelError(
        'cyclic-graph',
        path,
        `${path} is not valid ONNX: its graph has a cycle (through '${stuck?.name || stuck?.outputs[0] || ''}').`,
      );
    }
  }
}

/** Subgraphs in a node's attributes. */
export function subgraphsOf(node: OnnxNode): OnnxGraph[] {
  const graphs: OnnxGraph[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph') graphs.push(attribute.value);
    else if (attribute.type === 'graphs') graphs.push(...attribute.value);
  }
  return graphs;
}

/** Names that a node's subgraphs take from outside. */
function capturedNames(node: OnnxNode): Set<string> {
  const names = new Set<string>();
  for (const graph of subgraphsOf(node)) for (const name of freeNames(graph)) names.add(name);
  return names;
}

function freeNames(graph: OnnxGraph): Set<string> {
  const bound = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.sparse,
  ]);
  for (const node of graph.nodes) for (const output of node.outputs) bound.add(output);
  const free = new Set<string>();
  const use = (name: string): void => {
    if (name !== '' && !bound.has(name)) free.add(name);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach(use);
    for (const name of capturedNames(node)) use(name);
  }
  graph.outputs.forEach(({ name }) => use(name));
  return free;
}
