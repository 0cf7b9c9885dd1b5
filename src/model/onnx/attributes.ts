import type { OnnxNode, OnnxTensor } from './graph';

/** Anything with attributes: a node of a file, or one under construction. */
type Attributed = Pick<OnnxNode, 'attributes'>;

/** Typed access to a node's attributes, with the default that the operator's specification gives. */
export function intAttribute(node: Attributed, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? attribute.value : fallback;
}

export function floatAttribute(node: Attributed, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'float' ? attribute.value : fallback;
}

export function intsAttribute(node: Attributed, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value : null;
}

export function textAttribute(node: Attributed, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'string' ? attribute.value : fallback;
}

export function tensorAttribute(node: Attributed, name: string): OnnxTensor | null {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'tensor' ? attribute.value : null;
}

/** What a person calls the node: its name, or that of its first output. */
export function nodeLabel(node: OnnxNode): string {
  return node.name || node.outputs[0] || node.opType;
}
