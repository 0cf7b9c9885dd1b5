import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { File, ready, type Group } from 'h5wasm/node';
import type { OnnxNode } from '../../src/model/onnx/graph';
import { openOnnx } from '../../src/model/onnx/open';
import { ROOT } from './machine';

/** One network in every format that Scour reads, so that scans can be compared. */

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

interface Network {
  readonly nodes: readonly OnnxNode[];
  readonly weights: ReadonlyMap<string, Weight>;
}

/** The nodes and weights of an ONNX file that `resnet18` made. */
export function networkOf(file: string): Network {
  const opened = openOnnx(file);
  const { nodes, initializers } = opened.model.graph;
  const weights = new Map(
    Array.from(initializers, ([name, tensor]) => {
      const values = Float32Array.from(opened.reader.values(tensor));
      return [name, { name: torchName(name), dims: tensor.dims, values }] as const;
    }),
  );
  opened.close();
  return { nodes, weights };
}

/** As PyTorch's CIFAR ResNet calls it, so that its architecture is recognised. */
function torchName(name: string): string {
  return name
    .replace(/conv(\d)\.bn\./, 'bn$1.')
    .replace('shortcut.bn.', 'shortcut.1.')
    .replace('shortcut.weight', 'shortcut.0.weight')
    .replace(/^fc\./, 'linear.');
}

export function writeSafetensors(file: string, { weights }: Network): void {
  let at = 0;
  const entries = Array.from(weights.values(), ({ name, dims, values }) => {
    const begin = at;
    at += values.byteLength;
    return [name, { dtype: 'F32', shape: dims, data_offsets: [begin, at] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const out = openSync(file, 'w');
  writeSync(out, Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer));
  writeSync(out, header);
  for (const { values } of weights.values()) writeSync(out, values);
  closeSync(out);
}

/** What `torch.save` makes of the weights in a safetensors file; false where PyTorch is not installed. */
export function writePth(file: string, safetensors: string): boolean {
  const script = path.join(ROOT, 'test/bench/save_pth.py');
  return spawnSync('/usr/bin/python3', [script, safetensors, file]).status === 0;
}

/** What Keras 2 saves as HDF5: a functional model with its configuration. `packed`: in chunks, compressed. */
export async function writeKeras(file: string, { nodes, weights }: Network, packed: boolean): Promise<void> {
  await ready;
  const out = new File(file, 'w');
  out.create_attribute('keras_version', '2.11.0');
  out.create_attribute('backend', 'tensorflow');
  const root = out.create_group('model_weights');
  const layers: object[] = [layer('InputLayer', 'input', { batch_input_shape: [null, 32, 32, 3] }, [])];
  const names: string[] = [];
  /** The layer that made each value. */
  const makers = new Map([['input', 'input']]);
  for (const node of nodes) {
    const from = node.inputs.flatMap((input) => makers.get(input) ?? []);
    const name = node.name.replaceAll('/', '_');
    makers.set(node.outputs[0]!, name);
    layers.push(layer(CLASSES[node.opType]!, name, configOf(node, weights), from));
    names.push(name);
    const own = root.create_group(name);
    const stored = ROLES[node.opType]?.flatMap((role, i) => {
      const weight = weights.get(node.inputs[i + 1] ?? '');
      return weight ? [[`${name}/${role}:0`, weight] as const] : [];
    });
    own.create_attribute(
      'weight_names',
      (stored ?? []).map(([label]) => label),
    );
    if (stored && stored.length > 0) {
      const inner = own.create_group(name);
      for (const [label, weight] of stored) write(inner, label.slice(name.length + 1), weight, packed);
    }
  }
  root.create_attribute('layer_names', names);
  const config = {
    layers,
    input_layers: [['input', 0, 0]],
    output_layers: [[names.at(-1), 0, 0]],
  };
  out.create_attribute('model_config', JSON.stringify({ class_name: 'Functional', config }));
  out.close();
}

const CLASSES: Readonly<Record<string, string>> = {
  Conv: 'Conv2D',
  BatchNormalization: 'BatchNormalization',
  Relu: 'ReLU',
  Add: 'Add',
  GlobalAveragePool: 'GlobalAveragePooling2D',
  Flatten: 'Flatten',
  Gemm: 'Dense',
};
const ROLES: Readonly<Record<string, readonly string[]>> = {
  Conv: ['kernel'],
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  Gemm: ['kernel', 'bias'],
};

function configOf(node: OnnxNode, weights: Network['weights']): object {
  if (node.opType !== 'Conv') return node.opType === 'BatchNormalization' ? { axis: [3], epsilon: 1e-5 } : {};
  const strides = node.attributes.get('strides');
  const side = weights.get(node.inputs[1]!)!.dims[2];
  return {
    kernel_size: [side, side],
    padding: 'same',
    use_bias: false,
    strides: strides?.type === 'ints' ? strides.value : [1, 1],
  };
}

function layer(className: string, name: string, config: object, from: readonly string[]): object {
  return {
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])],
  };
}

/** Sides of the pieces that h5py cuts a dataset into: halved in turn until a piece has some 64 KiB. */
function chunksOf(shape: readonly number[]): number[] {
  const sides = [...shape];
  for (let axis = 0; sides.reduce((all, side) => all * side, 4) > 65_536; axis = (axis + 1) % sides.length)
    sides[axis] = Math.ceil(sides[axis]! / 2);
  return sides;
}

/** Kernels are kernel sides × C_in × C_out in Keras, matrices inputs × outputs. */
function write(group: Group, name: string, { dims, values }: Weight, packed: boolean): void {
  const order = dims.length === 4 ? [2, 3, 1, 0] : dims.length === 2 ? [1, 0] : [0];
  const shape = order.map((axis) => dims[axis]!);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((all, dim) => all * dim, 1));
  const data = new Float32Array(values.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = values[order.reduce((at, axis, place) => at + index[place]! * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  const chunks = packed && dims.length > 1 ? { chunks: chunksOf(shape), compression: 4 } : {};
  group.create_dataset({ name, data, shape, ...chunks });
}
