import { isFloat } from '../../model/dtype';
import { graphOf, modelOf, valueInfo } from '../../model/onnx/build';
import { encodeModel } from '../../model/onnx/encode';
import { messageOf } from '../../protocol/errors';
import { TrainingSession, type HostTensor } from '../../runtime/training-session';
import { checkScores } from '../class-scores';
import { TrainingError } from '../errors';
import type { ValueType } from '../graph/builder';
import { sizeOf } from '../graph/shape';
import type { ForwardModel } from './forward-model';
import { freeBatch } from './free-batch';

/** Two small batches: every dimension and every number in shape arithmetic is a + b·N, and two points give a and b. */
const BATCHES = [2, 3] as const;

/** Values of shape arithmetic are kept up to this many elements. */
const KEEP = 4096;

interface Observed {
  readonly type: ValueType;
  readonly values: readonly number[] | null;
}

/** What the values of a forward graph are like at any batch size, learnt by running it at two. */
export class Shapes {
  private readonly small: ReadonlyMap<string, Observed>;
  private readonly large: ReadonlyMap<string, Observed>;

  constructor(small: ReadonlyMap<string, Observed>, large: ReadonlyMap<string, Observed>) {
    this.small = small;
    this.large = large;
  }

  /** Element type and shape of a value at batch size `batch`. */
  typeOf(name: string, batch: number): ValueType {
    const [a, b] = this.pair(name);
    if (a.type.shape.length !== b.type.shape.length)
      throw new TrainingError('dynamic-shape', `The rank of '${name}' changes with the batch size.`);
    const shape = extrapolate(a.type.shape, b.type.shape, batch);
    return { dtype: isFloat(a.type.dtype) ? 'float32' : a.type.dtype, shape };
  }

  /** The numbers in a small value that does not depend on the image, at batch size `batch`; null where they are not known. */
  valuesOf(name: string, batch: number): readonly number[] | null {
    const [a, b] = this.pair(name);
    if (a.values?.length !== b.values?.length || a.values === null || b.values === null) return null;
    if (isFloat(a.type.dtype) && a.values.some((value, i) => value !== b.values![i])) return null;
    return extrapolate(a.values, b.values, batch);
  }

  private pair(name: string): [Observed, Observed] {
    const [a, b] = [this.small.get(name), this.large.get(name)];
    if (!a || !b) throw new TypeError(`Value '${name}' was not observed.`);
    return [a, b];
  }
}

/**
 * The forward graph with its batch size left open: see `freeBatch`. Graphs that were exported so come back as they are.
 * Throws as `probe` does.
 */
export async function withFreeBatch(forward: ForwardModel, image: readonly number[]): Promise<ForwardModel> {
  const [declared] = forward.input.shape;
  if (typeof declared !== 'number' || declared < 1) return forward;
  const observed = await observe(forward, image, declared);
  return freeBatch(forward, declared, (name) => observed.get(name)?.type.shape ?? []);
}

/**
 * Runs the forward graph twice on constant images, all intermediate values kept, and reads shapes off the results: so
 * shape inference is onnxruntime's own. `image` is the input's shape without the batch.
 * Throws TrainingError `unsupported-model` where the graph does not run or its batch size cannot be changed.
 */
export async function probe(forward: ForwardModel, image: readonly number[]): Promise<Shapes> {
  const [small, large] = [
    await observe(forward, image, BATCHES[0]),
    await observe(forward, image, BATCHES[1]),
  ];
  const shapes = new Shapes(small, large);
  checkScores(forward.output, shapes.typeOf(forward.output, 2).shape);
  return shapes;
}

async function observe(
  forward: ForwardModel,
  image: readonly number[],
  batch: number,
): Promise<Map<string, Observed>> {
  const shape = [batch, ...image];
  const weights = [...forward.parameters.values(), ...forward.statistics.values()];
  const outputs = forward.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const graph = graphOf({
    name: 'probe',
    nodes: forward.nodes,
    initializers: forward.constants.values(),
    inputs: [
      valueInfo(forward.input.name, 'float32', shape),
      ...weights.map(({ name, dims }) => valueInfo(name, 'float32', dims)),
    ],
    outputs: outputs.map((name) => valueInfo(name, null, null)),
  });
  const model = { ...modelOf(graph, 0), opsets: forward.opsets };
  const feeds = new Map<string, HostTensor>(
    weights.map(({ name, dims, values }) => [name, { dtype: 'float32', shape: dims, data: values }]),
  );
  feeds.set(forward.input.name, {
    dtype: 'float32',
    shape,
    data: new Float32Array(sizeOf(shape)).fill(0.5),
  });
  let results: Map<string, HostTensor>;
  try {
    const session = await TrainingSession.create(encodeModel(model), {
      device: 'cpu',
      threads: 1,
      optimize: false,
    });
    results = await session.run(feeds);
    await session.release();
  } catch (cause) {
    throw new TrainingError(
      'unsupported-model',
      `This model does not run with a batch of ${batch} images of ${image.join(' × ')}. If it was exported for one batch size, export it with a dynamic one. (${messageOf(cause)})`,
      { cause },
    );
  }
  const observed = new Map<string, Observed>();
  for (const [name, tensor] of [...feeds, ...results]) {
    const values = tensor.data.length <= KEEP ? Array.from(tensor.data, Number) : null;
    observed.set(name, { type: { dtype: tensor.dtype, shape: tensor.shape }, values });
  }
  return observed;
}

function extrapolate(small: readonly number[], large: readonly number[], batch: number): number[] {
  return small.map((value, i) => value + (large[i]! - value) * (batch - BATCHES[0]));
}
