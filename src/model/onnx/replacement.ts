import { encodeTensor } from './encode';
import { bitsOf } from '../dtype';
import { constantChain } from './constant';
import type { Edit } from './edit';
import type { OnnxModel, OnnxNode, OnnxTensor } from './graph';
import type { OnnxFile } from './open';
import { field, rewriteNode, rewriteTensor } from './rewrite';
import { GRAPH } from './schema';

/**
 * The edits that give an open file the values of `changed`, a version of its model in which some stored tensors were
 * replaced by ones in memory (see the trainer's `exportModel`); everything else in the file stays, byte for byte. A value
 * that was an alias of a tensor used elsewhere too becomes a tensor of its own. Throws ModelError where a tensor that
 * must be moved cannot be read.
 */
export function replacementEdits(file: OnnxFile, changed: OnnxModel): Edit[] {
  return new Replacement(file, changed).edits();
}

class Replacement {
  private readonly file: OnnxFile;
  private readonly changed: OnnxModel;
  private readonly names: Set<string>;
  /** What nodes are to read instead of a value. */
  private readonly renamed = new Map<string, string>();
  private readonly made: Edit[] = [];

  constructor(file: OnnxFile, changed: OnnxModel) {
    this.file = file;
    this.changed = changed;
    const { graph } = file.model;
    this.names = new Set([
      ...graph.initializers.keys(),
      ...graph.inputs.map(({ name }) => name),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  edits(): Edit[] {
    for (const tensor of this.changed.graph.initializers.values())
      if (tensor.data.kind === 'memory') this.replace(tensor, tensor.data.bytes);
    this.rewire();
    return this.made;
  }

  private replace(tensor: OnnxTensor, bytes: Uint8Array): void {
    const { index } = this.file;
    const isValue = this.file.model.graph.initializers.has(tensor.name) || index.producer(tensor.name);
    const chain = isValue ? constantChain(index, tensor.name) : 'it is new';
    if (typeof chain === 'string') {
      this.add(tensor, bytes);
      return;
    }
    const stored = chain.holder?.outputs[0] ?? chain.tensor.name;
    const path = [stored, tensor.name, ...chain.steps.map(({ outputs }) => outputs[0] ?? '')];
    if (tensor.name !== stored && path.some((name) => index.isShared(name))) this.add(tensor, bytes);
    else this.overwrite(chain.tensor, bytes);
  }

  private overwrite(stored: OnnxTensor, bytes: Uint8Array): void {
    const { data, span, ambiguous, dtype } = stored;
    if (data.kind === 'raw' && !ambiguous && bitsOf(dtype) >= 8) {
      this.made.push({ kind: 'overwrite', start: data.span.start, bytes });
      return;
    }
    // Typed and external values move into raw_data: a suspicious file's external data is never written to.
    if (span === null) throw new TypeError('only tensors of a file can be replaced');
    this.made.push({
      kind: 'replace',
      message: span,
      bytes: rewriteTensor(this.file.source, span, bytes),
    });
  }

  private add(tensor: OnnxTensor, bytes: Uint8Array): void {
    const { graph } = this.file.model;
    if (graph.span === null) throw new TypeError('only graphs of a file can be edited');
    const name = this.fresh(tensor.name);
    this.renamed.set(tensor.name, name);
    const message = encodeTensor({ ...tensor, name }, bytes);
    this.made.push({ kind: 'append', message: graph.span, bytes: field(GRAPH.initializer, message) });
  }

  /** Nodes read the new tensors, and inputs that `changed` connects otherwise are connected so. */
  private rewire(): void {
    const wanted = new Map<string, OnnxNode>(
      this.changed.graph.nodes.map((node) => [node.outputs[0] ?? '', node]),
    );
    for (const node of this.file.model.graph.nodes) {
      const inputs = new Map<number, string>();
      const target = wanted.get(node.outputs[0] ?? '');
      if (target === undefined || node.span === null) continue;
      node.inputs.forEach((name, i) => {
        const asked = target.inputs[i] ?? name;
        const now = this.renamed.get(asked) ?? asked;
        if (now !== name) inputs.set(i, now);
      });
      if (inputs.size === 0) continue;
      this.made.push({
        kind: 'replace',
        message: node.span,
        bytes: rewriteNode(this.file.source, node.span, node.inputs, { inputs }),
      });
    }
  }

  private fresh(name: string): string {
    let candidate = `${name}_trained`;
    for (let n = 2; this.names.has(candidate); n++) candidate = `${name}_trained_${n}`;
    this.names.add(candidate);
    return candidate;
  }
}
