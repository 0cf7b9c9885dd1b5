import { TrainingError } from '../errors';
import { describe } from '../graph/node-view';
import type { Ops } from '../graph/ops';
import type { GraphNode, Value } from '../graph/value';
import type { OnnxTensor } from '../../model/onnx/graph';
import { LaidTensor } from './laid-tensor';
import { operatorOf } from './operators/registry';
import { TfNode } from './tf-node';
import type { Tensor, Tfjs } from './tfjs';

/** A graph that Scour built, computed by TensorFlow.js operator by operator, so that its autodiff sees every one. */
export class TfGraph {
  /** Graph inputs that the outputs depend on. */
  readonly inputs: ReadonlySet<string>;
  private readonly tf: Tfjs;
  private readonly g: Ops;
  private readonly outputs: ReadonlyMap<string, Value>;
  private readonly nodes: readonly GraphNode[];
  private readonly constants = new Map<string, Tensor>();

  /** Throws TrainingError `unsupported-model` where an operator has no mapping. */
  constructor(tf: Tfjs, g: Ops, outputs: ReadonlyMap<string, Value>) {
    this.tf = tf;
    this.g = g;
    this.outputs = outputs;
    this.nodes = g.liveNodes(outputs.values());
    for (const node of this.nodes) if (mapped(node) === undefined) throw notMapped(node);
    const made = new Set(this.nodes.flatMap(({ outputs: each }) => each.map((value) => value?.name)));
    const read = [...this.nodes.flatMap((node) => node.inputs), ...outputs.values()];
    const inputs = new Set<string>();
    for (const value of read) {
      if (value === null || made.has(value.name)) continue;
      const constant = g.constantOf(value);
      if (constant === null) inputs.add(value.name);
      else if (!this.constants.has(value.name)) this.constants.set(value.name, tensorOf(tf, constant));
    }
    this.inputs = inputs;
  }

  /**
   * The outputs by name, with their axes as ONNX has them, from the graph inputs by name. To be called within tf.tidy:
   * every intermediate tensor is left to it.
   */
  evaluate(inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
    const { tf, g } = this;
    const values = new Map<string, LaidTensor>();
    for (const [name, tensor] of [...this.constants, ...inputs])
      values.set(name, LaidTensor.first(tf, tensor));
    const valueOf = (value: Value): LaidTensor => {
      const found = values.get(value.name);
      if (!found) throw new TypeError(`'${value.name}' was not given.`);
      return found;
    };
    for (const node of this.nodes) {
      const tensors = node.inputs.map((input) => (input === null ? null : valueOf(input)));
      const results = mapped(node)!(new TfNode(tf, g, node, tensors));
      node.outputs.forEach((output, i) => {
        if (output !== null && results[i]) values.set(output.name, results[i]);
      });
    }
    return new Map([...this.outputs].map(([name, value]) => [name, valueOf(value).asFirst()]));
  }

  /** Frees the constants. */
  dispose(): void {
    for (const tensor of this.constants.values()) tensor.dispose();
  }
}

function mapped(node: GraphNode): ReturnType<typeof operatorOf> {
  return node.domain === '' ? operatorOf(node.opType) : undefined;
}

function notMapped(node: GraphNode): TrainingError {
  return new TrainingError(
    'unsupported-model',
    `${describe(node)} is an operator that Scour does not compute with TensorFlow.js. Train this model with onnxruntime instead.`,
  );
}

/** A constant as a tensor that outlives tf.tidy. int64 becomes int32, the only integers TensorFlow.js has. */
function tensorOf(tf: Tfjs, { name, dtype, dims, data }: OnnxTensor): Tensor {
  if (data.kind !== 'memory') throw new TypeError(`Constant '${name}' was not read.`);
  const { buffer } = Uint8Array.from(data.bytes);
  const shape = [...dims];
  switch (dtype) {
    case 'float32':
      return tf.keep(tf.tensor(new Float32Array(buffer), shape, 'float32'));
    case 'int64':
      return tf.keep(tf.tensor(toInt32(new BigInt64Array(buffer)), shape, 'int32'));
    case 'int32':
      return tf.keep(tf.tensor(new Int32Array(buffer), shape, 'int32'));
    case 'bool':
      return tf.keep(tf.tensor(new Uint8Array(buffer), shape, 'bool'));
    default:
      throw new TrainingError(
        'unsupported-model',
        `Constant '${name}' is of type ${dtype}, which TensorFlow.js does not have. Train this model with onnxruntime instead.`,
      );
  }
}

const [LEAST, MOST] = [-(2n ** 31n), 2n ** 31n - 1n];

/** Numbers beyond int32 stand for "to the end" in slices and are cut to it. */
export function toInt32(values: BigInt64Array): Int32Array {
  return Int32Array.from(values, (value) => Number(value < LEAST ? LEAST : value > MOST ? MOST : value));
}
