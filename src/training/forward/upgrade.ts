import { floatTensor, float, int, intTensor, node as makeNode, text } from '../../model/onnx/build';
import { floatAttribute, intAttribute, intsAttribute, textAttribute } from '../../model/onnx/attributes';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../../model/onnx/graph';
import { TrainingError } from '../errors';

/** The operator set that training graphs are written in, unless the model's own is newer. */
export const TRAINING_OPSET = 18;

/** What a node becomes: nodes of operator set 18, with the constants that were attributes before. */
export interface Upgraded {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
}

/**
 * A node of the standard domain, operator set `opset` ≥ 7, in operator set 18: attributes that became inputs, Softmax
 * over trailing axes, Upsample. Nodes that mean the same come back as they are. Subgraphs are not rewritten: a node
 * that has one is an error below operator set 18.
 */
export function upgrade(node: OnnxNode, opset: number): Upgraded {
  if (node.domain !== '' || opset >= TRAINING_OPSET) return { nodes: [node], constants: [] };
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph' || attribute.type === 'graphs') {
      throw new TrainingError(
        'unsupported-model',
        `${node.opType} '${node.name || (node.outputs[0] ?? '')}' holds a subgraph, which Scour cannot bring from operator set ${opset} to ${TRAINING_OPSET}. Export the model with operator set ${TRAINING_OPSET} or later.`,
      );
    }
  }
  return CONVERSIONS[node.opType]?.(node, opset) ?? { nodes: [node], constants: [] };
}

type Conversion = (node: OnnxNode, opset: number) => Upgraded | null;

/** The ints attribute `name` as input number `position`. */
function attributeToInput(name: string, position: number, before: number): Conversion {
  return (node, opset) => {
    const values = intsAttribute(node, name);
    if (opset >= before || values === null) return null;
    const constant = intTensor(`${node.outputs[0] ?? ''}/${name}`, [values.length], values);
    return {
      nodes: [withInputs(without(node, [name]), new Map([[position, constant.name]]))],
      constants: [constant],
    };
  };
}

const reduction = attributeToInput('axes', 1, 18);

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: attributeToInput('axes', 1, 13),
  ReduceSumSquare: reduction,
  Squeeze: attributeToInput('axes', 1, 13),
  Unsqueeze: attributeToInput('axes', 1, 13),
  Split: split,
  Softmax: softmax,
  LogSoftmax: softmax,
  Clip: clip,
  Pad: pad,
  Slice: slice,
  Upsample: (node) => upsample(node),
  Resize: (node, opset) => (opset < 11 ? upsample(node) : null),
  BatchNormalization: (node) => ({
    nodes: [{ ...without(node, ['spatial']), outputs: node.outputs.slice(0, 1) }],
    constants: [],
  }),
};

function split(node: OnnxNode, opset: number): Upgraded {
  const sized = attributeToInput('split', 1, 13)(node, opset);
  if (sized !== null || node.inputs[1]) return sized ?? { nodes: [node], constants: [] };
  return { nodes: [withAttributes(node, { num_outputs: int(node.outputs.length) })], constants: [] };
}

/** Before opset 13, Softmax joined all axes from `axis` (default 1) on. */
function softmax(node: OnnxNode, opset: number): Upgraded | null {
  if (opset >= 13) return null;
  const [input, output] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
  const [rows, normalised, shape] = [`${output}/rows`, `${output}/normalised`, `${output}/shape`];
  return {
    nodes: [
      makeNode('Flatten', [input], [rows], { axis: int(intAttribute(node, 'axis', 1)) }, ''),
      makeNode(node.opType, [rows], [normalised], { axis: int(1) }, node.name),
      makeNode('Shape', [input], [shape], {}, ''),
      makeNode('Reshape', [normalised, shape], [output], {}, ''),
    ],
    constants: [],
  };
}

function clip(node: OnnxNode, opset: number): Upgraded | null {
  if (opset >= 11) return null;
  const constants: OnnxTensor[] = [];
  const inputs = new Map<number, string>();
  ['min', 'max'].forEach((name, i) => {
    if (node.attributes.get(name)?.type !== 'float') return;
    const constant = floatTensor(`${node.outputs[0] ?? ''}/${name}`, [], [floatAttribute(node, name, 0)]);
    constants.push(constant);
    inputs.set(i + 1, constant.name);
  });
  return { nodes: [withInputs(without(node, ['min', 'max']), inputs)], constants };
}

function pad(node: OnnxNode, opset: number): Upgraded | null {
  if (opset >= 11) return null;
  const output = node.outputs[0] ?? '';
  const pads = intsAttribute(node, 'pads') ?? [];
  const constants = [
    intTensor(`${output}/pads`, [pads.length], pads),
    floatTensor(`${output}/value`, [], [floatAttribute(node, 'value', 0)]),
  ];
  const inputs = new Map(constants.map((constant, i) => [i + 1, constant.name]));
  return { nodes: [withInputs(without(node, ['pads', 'value']), inputs)], constants };
}

function slice(node: OnnxNode, opset: number): Upgraded | null {
  if (opset >= 10) return null;
  const constants: OnnxTensor[] = [];
  const inputs = new Map<number, string>();
  ['starts', 'ends', 'axes'].forEach((name, i) => {
    const values = intsAttribute(node, name);
    if (values === null) return;
    const constant = intTensor(`${node.outputs[0] ?? ''}/${name}`, [values.length], values);
    constants.push(constant);
    inputs.set(i + 1, constant.name);
  });
  return { nodes: [withInputs(without(node, ['starts', 'ends', 'axes']), inputs)], constants };
}

/** Upsample, and Resize of opset 10: scales as attribute (7) or input 1; coordinates scale from the corner. */
function upsample(node: OnnxNode): Upgraded {
  const attribute = node.attributes.get('scales');
  const constants =
    attribute?.type === 'floats'
      ? [floatTensor(`${node.outputs[0] ?? ''}/scales`, [attribute.value.length], attribute.value)]
      : [];
  const scales = constants[0]?.name ?? node.inputs[1] ?? '';
  const mode = textAttribute(node, 'mode', 'nearest');
  return {
    nodes: [
      {
        ...node,
        opType: 'Resize',
        inputs: [node.inputs[0] ?? '', '', scales],
        attributes: new Map<string, OnnxAttribute>([
          ['mode', text(mode === 'bilinear' ? 'linear' : mode)],
          ['coordinate_transformation_mode', text('asymmetric')],
          ['nearest_mode', text('floor')],
          ['cubic_coeff_a', float(-0.75)],
        ]),
      },
    ],
    constants,
  };
}

function without(node: OnnxNode, names: readonly string[]): OnnxNode {
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => !names.includes(name))) };
}

function withAttributes(node: OnnxNode, more: Readonly<Record<string, OnnxAttribute>>): OnnxNode {
  return { ...node, attributes: new Map([...node.attributes, ...Object.entries(more)]) };
}

/** The node with some inputs set; what lies before them and is absent is left out (''). */
function withInputs(node: OnnxNode, positions: ReadonlyMap<number, string>): OnnxNode {
  const inputs = [...node.inputs];
  for (const [position, name] of positions) {
    while (inputs.length < position) inputs.push('');
    inputs[position] = name;
  }
  return { ...node, inputs };
}
