import type { Random } from '../../data/random';
import { heDeviation } from '../../training/fresh-size';
import type { Ratios } from './ratios';
import type { WeightLayer } from './weight-layers';

/** Weights by the name that training graphs use. */
export interface Weights {
  /** A copy. */
  valuesOf(parameter: string): Promise<Float32Array>;
  setValues(parameter: string, values: Float32Array): void;
}

/**
 * Turns the teacher's weights into the student's, in place (METHODS.md §2): of each weight tensor and each linear bias,
 * an element is re-drawn with the layer's probability and kept otherwise. Fresh weights of a convolution are
 * N(0, 2/(kh·kw·C_out)); those of a linear layer, and its bias, are uniform within ±1/√fan_in. Batch norms and all other
 * parameters stay. A tensor that several layers share is re-drawn once, by the first one's ratio.
 *
 * Each tensor has a random stream of its own, so one layer's ratio does not change what another draws.
 */
export async function reinitialise(
  weights: Weights,
  layers: readonly WeightLayer[],
  ratios: Ratios,
  random: Random,
): Promise<void> {
  const done = new Set<string>();
  const redraw = async (parameter: string, ratio: number, draw: (from: Random) => number): Promise<void> => {
    const stream = random.fork();
    if (done.has(parameter)) return;
    done.add(parameter);
    const values = await weights.valuesOf(parameter);
    for (let i = 0; i < values.length; i++) if (stream.bernoulli(ratio)) values[i] = draw(stream);
    weights.setValues(parameter, values);
  };
  for (const { name, kind, weight, bias, fan } of layers) {
    const ratio = ratios.get(name) ?? 0;
    const draw = kind === 'convolution' ? heNormal(fan) : uniform(fan);
    await redraw(weight, ratio, draw);
    if (bias !== null) await redraw(bias, ratio, draw);
  }
}

function heNormal(fan: number): (random: Random) => number {
  const deviation = heDeviation(fan);
  return (random) => random.normal() * deviation;
}

function uniform(fan: number): (random: Random) => number {
  const bound = 1 / Math.sqrt(fan);
  return (random) => (2 * random.uniform() - 1) * bound;
}
