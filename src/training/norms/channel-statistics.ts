import { floatTensor, graphOf, int, intTensor, modelOf, node, valueInfo } from '../../model/onnx/build';
import { encodeModel } from '../../model/onnx/encode';
import { TrainingSession } from '../../runtime/training-session';
import { TrainingError } from '../errors';
import type { ForwardModel } from '../forward/forward-model';
import type { Shapes } from '../forward/probe';
import { range, sizeOf } from '../graph/shape';

/** N × C × H × W, row-major, as the model takes them. */
export interface ImageBatch {
  readonly images: Float32Array;
  readonly size: number;
}

/** Of one value, one number a channel. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  /** Biased: Σ(x − μ)² / n. */
  readonly variance: Float64Array;
}

interface Sums {
  count: number;
  mean: Float64Array;
  /** Σ(x − μ)² */
  squares: Float64Array;
}

/**
 * Mean and variance per channel of values of a graph (N × C × spatial) over all images, as the model computes them at
 * inference, on the CPU. Batches are added up in double precision by Chan, Golub and LeVeque's formula (1983, eq. 1.5).
 * Throws TrainingError `bad-input` where there are no images, `unsupported-model` where a statistic is not finite.
 */
export async function channelStatistics(
  forward: ForwardModel,
  shapes: Shapes,
  values: readonly string[],
  batches: AsyncIterable<ImageBatch>,
  threads: number,
): Promise<Map<string, ChannelStatistics>> {
  const image = shapes.typeOf(forward.input.name, 1).shape.slice(1);
  const session = await TrainingSession.create(measuring(forward, shapes, values, image), {
    device: 'cpu',
    threads,
  });
  const all = new Map<string, Sums>();
  try {
    for await (const { images, size } of batches) {
      const feeds = { dtype: 'float32', shape: [size, ...image], data: images } as const;
      const out = await session.run(new Map([[forward.input.name, feeds]]));
      for (const value of values) {
        const [mean, squares] = NAMES.map((name) =>
          Float64Array.from(out.get(name(value))!.data as Float32Array),
        );
        const { shape } = shapes.typeOf(value, size);
        const seen = { count: sizeOf(shape) / shape[1]!, mean: mean!, squares: squares! };
        const before = all.get(value);
        all.set(value, before ? added(before, seen) : seen);
      }
    }
  } finally {
    await session.release();
  }
  return new Map(
    values.map((value) => {
      const sums = all.get(value);
      if (!sums) throw new TrainingError('bad-input', 'There are no images to measure statistics on.');
      const statistics = { mean: sums.mean, variance: sums.squares.map((each) => each / sums.count) };
      if (![...statistics.mean, ...statistics.variance].every(Number.isFinite))
        throw new TrainingError(
          'unsupported-model',
          `The values of '${value}' are not finite on these images: no batch norm can be put there. The model's weights may be damaged, or mean and std wrong.`,
        );
      return [value, statistics];
    }),
  );
}

const NAMES = [
  (value: string) => `scour:channel-mean:${value}`,
  (value: string) => `scour:channel-squares:${value}`,
] as const;

/** The graph with weights as constants, and of each value the channels' means and sums of squared deviations. */
function measuring(
  forward: ForwardModel,
  shapes: Shapes,
  values: readonly string[],
  image: readonly number[],
): Uint8Array {
  const constants = [...forward.constants.values()];
  const added = values.flatMap((value) => {
    const [mean, squares] = NAMES.map((name) => name(value)) as [string, string];
    const [axes, spread, centred] = [`${mean}:axes`, `${mean}:spread`, `${mean}:centred`];
    const { length: rank } = shapes.typeOf(value, 1).shape;
    constants.push(intTensor(axes, [rank - 1], [0, ...range(2, rank)]));
    return [
      node('ReduceMean', [value, axes], [spread], { keepdims: int(1) }),
      node('Sub', [value, spread], [centred]),
      node('ReduceSumSquare', [centred, axes], [squares], { keepdims: int(0) }),
      node('Squeeze', [spread, axes], [mean]),
    ];
  });
  const stored = [...forward.parameters.values(), ...forward.statistics.values()];
  const graph = graphOf({
    name: 'statistics',
    nodes: [...forward.nodes, ...added],
    initializers: [...constants, ...stored.map(({ name, dims, values: v }) => floatTensor(name, dims, v))],
    inputs: [valueInfo(forward.input.name, 'float32', [null, ...image])],
    outputs: values.flatMap((value) => NAMES.map((name) => valueInfo(name(value), 'float32', null))),
  });
  return encodeModel({ ...modelOf(graph, 0), opsets: forward.opsets });
}

function added(a: Sums, b: Sums): Sums {
  const count = a.count + b.count;
  return {
    count,
    mean: a.mean.map((mean, k) => mean + ((b.mean[k]! - mean) * b.count) / count),
    squares: a.squares.map(
      (sum, k) => sum + b.squares[k]! + ((b.mean[k]! - a.mean[k]!) ** 2 * a.count * b.count) / count,
    ),
  };
}
