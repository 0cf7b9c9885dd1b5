import { isFloat } from '../../model/dtype';
import { floatAttribute } from '../../model/onnx/attributes';
import type { OnnxNode, OnnxTensor } from '../../model/onnx/graph';
import { TrainingError } from '../errors';
import { trainingBatchNorm } from '../graph/composites';
import type { Ops } from '../graph/ops';
import { sizeOf } from '../graph/shape';
import type { Value } from '../graph/value';
import type { BatchNorm, ForwardModel } from './forward-model';
import { independentOfImages } from './independent';
import type { Shapes } from './probe';

/**
 * How batch norms act. `frozen`: by their running statistics, which stay. `train`: by the batch's, and the running ones
 * follow, the variance unbiased, as in PyTorch.
 */
export type BatchNormMode = 'train' | 'frozen';

/** A forward graph within a graph under construction. */
export interface Forward {
  readonly input: Value;
  readonly output: Value;
  readonly parameters: ReadonlyMap<string, Value>;
  readonly statistics: ReadonlyMap<string, Value>;
  /** What the running statistics are after the step; empty where they stay. */
  readonly newStatistics: ReadonlyMap<string, Value>;
}

export interface InstantiateOptions {
  readonly batch: number;
  readonly batchNorm: BatchNormMode;
  /** False where the device has no kernel for batch norm's training mode (WebGPU). */
  readonly fusedBatchNorm: boolean;
}

/**
 * Adds the forward graph to `g` for one batch size: weights and statistics as graph inputs, shape arithmetic as
 * constants.
 */
export function instantiate(
  g: Ops,
  forward: ForwardModel,
  shapes: Shapes,
  options: InstantiateOptions,
): Forward {
  return new Instantiation(g, forward, shapes, options).run();
}

class Instantiation {
  private readonly g: Ops;
  private readonly forward: ForwardModel;
  private readonly shapes: Shapes;
  private readonly options: InstantiateOptions;
  private readonly values = new Map<string, Value>();
  private readonly producers = new Map<string, OnnxNode>();
  private readonly batchNorms: ReadonlyMap<OnnxNode, BatchNorm>;
  private readonly newStatistics = new Map<string, Value>();

  constructor(g: Ops, forward: ForwardModel, shapes: Shapes, options: InstantiateOptions) {
    this.g = g;
    this.forward = forward;
    this.shapes = shapes;
    this.options = options;
    this.batchNorms = new Map(forward.batchNorms.map((norm) => [norm.node, norm]));
  }

  run(): Forward {
    const { forward, g } = this;
    const { name } = forward.input;
    const input = g.input(name, this.shapes.typeOf(name, this.options.batch));
    this.values.set(name, input);
    const take = (tensors: ForwardModel['parameters']): Map<string, Value> =>
      new Map(
        [...tensors.values()].map((tensor) => {
          const value = g.input(tensor.name, { dtype: 'float32', shape: tensor.dims });
          this.values.set(tensor.name, value);
          return [tensor.name, value];
        }),
      );
    const parameters = take(forward.parameters);
    const statistics = take(forward.statistics);
    const fixed = independentOfImages(forward.nodes, forward.constants.keys());
    for (const node of forward.nodes) {
      if (node.outputs.every((output) => output === '' || fixed.has(output))) {
        for (const output of node.outputs) this.producers.set(output, node);
      } else this.emit(node);
    }
    const output = this.value(forward.output);
    return { input, output, parameters, statistics, newStatistics: this.newStatistics };
  }

  private emit(node: OnnxNode): void {
    const norm = this.batchNorms.get(node);
    if (norm && this.options.batchNorm === 'train') {
      this.values.set(node.outputs[0]!, this.trainingBatchNorm(norm));
      return;
    }
    const inputs = node.inputs.map((name) => (name === '' ? null : this.value(name)));
    const outputs = node.outputs.map((name) => {
      if (name === '') return null;
      const value = this.g.named(name, this.shapes.typeOf(name, this.options.batch));
      this.values.set(name, value);
      return value;
    });
    this.g.push({
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      inputs,
      outputs,
      attributes: node.attributes,
    });
  }

  /** A value that a node takes: one made before, a constant, or shape arithmetic worked out. */
  private value(name: string): Value {
    const known = this.values.get(name);
    if (known) return known;
    const value = this.constant(name) ?? this.computed(name);
    this.values.set(name, value);
    return value;
  }

  private constant(name: string): Value | null {
    const stored = this.forward.constants.get(name);
    if (stored) return this.g.tensor(stored, numbersOf(stored));
    if (!this.producers.has(name)) return null;
    const numbers = this.shapes.valuesOf(name, this.options.batch);
    if (numbers === null) return null;
    const { dtype, shape } = this.shapes.typeOf(name, this.options.batch);
    if (sizeOf(shape) !== numbers.length) return null;
    if (dtype === 'int64') return this.g.integers(numbers, shape);
    if (isFloat(dtype)) return this.g.floats(Float32Array.from(numbers), shape);
    return null;
  }

  /** A value independent of the images that is too large, or of a type too rare, for a constant: computed in every step. */
  private computed(name: string): Value {
    const node = this.producers.get(name);
    if (!node) throw new TrainingError('unsupported-model', `Nothing in the graph makes '${name}'.`);
    this.emit(node);
    return this.values.get(name)!;
  }

  /** y, and the running statistics after this batch: (1 − m)·old + m·batch, m = 1 − momentum; variance × n/(n − 1). */
  private trainingBatchNorm(norm: BatchNorm): Value {
    const { g } = this;
    const { node } = norm;
    const [x, scale, bias, mean, variance] = node.inputs.map((name) => this.value(name)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const share = 1 - floatAttribute(node, 'momentum', 0.9);
    const count = sizeOf(x.shape) / x.shape[1]!;
    if (count < 2)
      throw new TrainingError(
        'bad-input',
        `Batch norm '${node.name}' needs more than one value per channel to train; use a larger batch or freeze batch norms.`,
      );
    const batch = trainingBatchNorm(g, x, scale, bias, epsilon, this.options.fusedBatchNorm);
    const follow = (running: Value, seen: Value, correction: number): Value =>
      g.plus(g.mul(running, 1 - share), g.mul(seen, share * correction));
    this.newStatistics.set(norm.mean, follow(mean, batch.mean, 1));
    this.newStatistics.set(norm.variance, follow(variance, batch.variance, count / (count - 1)));
    return batch.y;
  }
}

/** The numbers of a stored constant that rules may read: axes, shapes, bounds, exponents. */
function numbersOf(tensor: OnnxTensor): number[] | null {
  if (tensor.data.kind !== 'memory' || sizeOf(tensor.dims) > 4096) return null;
  const bytes = Uint8Array.from(tensor.data.bytes);
  switch (tensor.dtype) {
    case 'int64':
      return Array.from(new BigInt64Array(bytes.buffer), Number);
    case 'int32':
      return Array.from(new Int32Array(bytes.buffer));
    case 'float32':
      return Array.from(new Float32Array(bytes.buffer));
    case 'bool':
      return Array.from(bytes);
    default:
      return null;
  }
}
