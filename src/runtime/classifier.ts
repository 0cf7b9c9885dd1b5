import { RuntimeError } from '../protocol/errors';
import type { Provider } from './device';
import { Network, type InputShape } from './network';
import type { SessionOptions } from './session';

export type { InputShape } from './network';

/** An image classifier: one image input, one row of class scores an image. */
export class Classifier {
  /** Declared shape of the image input, e.g. [null, 3, 32, 32]. */
  readonly inputShape: InputShape;
  /** What it runs on: `cpu`, `webgpu`, `cuda`. */
  readonly device: Provider;
  /** Of how the device and the output were chosen. */
  readonly warnings: readonly string[];
  /** Number of classes, where the model's output declares it. */
  readonly classes: number | null;

  /** Name of the output that class scores are read from. */
  readonly outputName: string;

  private readonly network: Network;

  private constructor(network: Network, outputName: string, classes: number | null, warnings: string[]) {
    this.network = network;
    this.inputShape = network.inputShape;
    this.device = network.device;
    this.outputName = outputName;
    this.classes = classes;
    this.warnings = warnings;
  }

  /**
   * Loads the model at `path`. Throws RuntimeError `cannot-load`, or `input-mismatch` where it is no classifier of
   * images. Of several floating-point outputs the first that is declared as a row of scores an image is read.
   */
  static async open(path: string, options: SessionOptions): Promise<Classifier> {
    const network = await Network.open(path, options);
    const scores = network.outputs.find(({ shape }) => shape.length === 2) ?? network.outputs[0];
    if (!scores) {
      await network.release();
      throw new RuntimeError(
        'input-mismatch',
        'The model has no floating-point output to read class scores from.',
      );
    }
    const warnings = [...network.warnings];
    if (network.outputs.length > 1) {
      const names = network.outputs.map(({ name }) => name).join(', ');
      warnings.push(
        `The model has ${network.outputs.length} outputs (${names}); class scores are read from '${scores.name}'.`,
      );
    }
    return new Classifier(network, scores.name, declaredClasses(scores.shape), warnings);
  }

  /**
   * Class scores of `count` images given one after the other in the model's input layout: count × K. `dims` is the
   * shape of one image. Models of fixed batch size are run in pieces of it, the last filled up with zeros.
   */
  async scores(
    images: Float32Array,
    count: number,
    dims: readonly number[],
  ): Promise<{ scores: Float32Array; classes: number }> {
    const output = (await this.network.run(images, count, dims, [this.outputName])).get(this.outputName)!;
    const classes = output.data.length / count;
    if (!Number.isInteger(classes) || classes < 2) {
      throw new RuntimeError(
        'input-mismatch',
        `The model's output '${this.outputName}' holds ${output.data.length} numbers for ${count} images; class scores would be at least 2 an image.`,
      );
    }
    return { scores: output.data, classes };
  }

  async release(): Promise<void> {
    await this.network.release();
  }
}

function declaredClasses(shape: InputShape): number | null {
  const row = shape.slice(1);
  return row.length === 0 || row.includes(null) ? null : row.reduce<number>((n, dim) => n * dim!, 1);
}

/** What `predictions` gives for an image whose scores are not all numbers. */
export const NO_PREDICTION = -1;

/**
 * The class with the highest score of each row; ties go to the lower class, as in PyTorch and NumPy. A row that holds
 * NaN has no prediction.
 */
export function predictions(scores: Float32Array, classes: number): Int32Array {
  const out = new Int32Array(scores.length / classes);
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    let isNumber = true;
    for (let k = 0; k < classes; k++) {
      const score = scores[i * classes + k]!;
      if (Number.isNaN(score)) isNumber = false;
      if (score > scores[i * classes + best]!) best = k;
    }
    out[i] = isNumber ? best : NO_PREDICTION;
  }
  return out;
}
