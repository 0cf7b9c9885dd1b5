import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import { RuntimeError, messageOf } from '../protocol/errors';
import { decodeValues } from '../model/decode';
import { openSession, type SessionOptions } from './session';
import { toHalf } from './half';

/** Shape of a model's input as it declares it: sizes, or null where any size goes. */
export type InputShape = readonly (number | null)[];

const FLOATS = new Set(['float32', 'float16', 'float64']);

/** An image classifier: one image input, one row of class scores an image. */
export class Classifier {
  /** Declared shape of the image input, e.g. [null, 3, 32, 32]. */
  readonly inputShape: InputShape;
  /** What it runs on: `cpu`, `webgpu`, `cuda`. */
  readonly device: string;

  private readonly session: InferenceSession;
  private readonly input: InferenceSession.TensorValueMetadata;
  private readonly outputName: string;

  private constructor(
    session: InferenceSession,
    device: string,
    input: InferenceSession.TensorValueMetadata,
    outputName: string,
  ) {
    this.session = session;
    this.device = device;
    this.input = input;
    this.outputName = outputName;
    this.inputShape = input.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : null));
  }

  /**
   * Loads the model at `path`. Throws RuntimeError `cannot-load`, or `input-mismatch` where it is no classifier of
   * images: it needs exactly one input without a default, of a floating-point type.
   */
  static async open(path: string, options: SessionOptions): Promise<Classifier> {
    const { session, device } = await openSession(path, options);
    const inputs = session.inputMetadata.filter((input) => input.isTensor);
    const [input, ...others] = inputs;
    if (!input || others.length > 0 || session.inputMetadata.length !== inputs.length) {
      throw new RuntimeError(
        'input-mismatch',
        `The model takes ${session.inputMetadata.length} inputs (${session.inputNames.join(', ')}); Scour runs models that take one, the image.`,
      );
    }
    if (!FLOATS.has(input.type)) {
      throw new RuntimeError(
        'input-mismatch',
        `The model's input '${input.name}' is of type ${input.type}; Scour gives it floating-point images.`,
      );
    }
    const scores = session.outputMetadata.find((output) => output.isTensor && FLOATS.has(output.type));
    if (!scores)
      throw new RuntimeError(
        'input-mismatch',
        'The model has no floating-point output to read class scores from.',
      );
    return new Classifier(session, device, input, scores.name);
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
    const fixed = this.inputShape[0] ?? null;
    const size = dims.reduce((product, dim) => product * dim, 1);
    const step = fixed ?? count;
    const rows: Float32Array[] = [];
    let classes = 0;
    for (let start = 0; start < count; start += step) {
      const here = Math.min(step, count - start);
      let piece = images.subarray(start * size, (start + here) * size);
      if (here < step) {
        const filled = new Float32Array(step * size);
        filled.set(piece);
        piece = filled;
      }
      const row = await this.run(piece, [step, ...dims]);
      classes = row.length / step;
      if (!Number.isInteger(classes) || classes < 2) {
        throw new RuntimeError(
          'input-mismatch',
          `The model's output '${this.outputName}' holds ${row.length} numbers for ${step} images; class scores would be at least 2 an image.`,
        );
      }
      rows.push(row.subarray(0, here * classes));
    }
    const scores = new Float32Array(count * classes);
    rows.reduce((at, row) => (scores.set(row, at), at + row.length), 0);
    return { scores, classes };
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  private async run(values: Float32Array, dims: readonly number[]): Promise<Float32Array> {
    const { Tensor } = await import('onnxruntime-node');
    const tensor =
      this.input.type === 'float16'
        ? new Tensor('float16', toHalf(values), dims)
        : this.input.type === 'float64'
          ? new Tensor('float64', Float64Array.from(values), dims)
          : new Tensor('float32', values, dims);
    let output: Tensor | undefined;
    try {
      ({ [this.outputName]: output } = await this.session.run({ [this.input.name]: tensor }, [
        this.outputName,
      ]));
    } catch (cause) {
      throw new RuntimeError(
        'run-failed',
        `The model cannot be run on input of shape ${dims.join(' × ')}: ${messageOf(cause)}`,
        { cause },
      );
    }
    if (!output) throw new RuntimeError('run-failed', `The model gave no output '${this.outputName}'.`);
    return asFloat32(output);
  }
}

/** The class with the highest score of each row; ties go to the lower class, as in PyTorch and NumPy. */
export function predictions(scores: Float32Array, classes: number): Int32Array {
  const out = new Int32Array(scores.length / classes);
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    for (let k = 1; k < classes; k++) if (scores[i * classes + k]! > scores[i * classes + best]!) best = k;
    out[i] = best;
  }
  return out;
}

function asFloat32(tensor: Tensor): Float32Array {
  if (tensor.type === 'float32') return (tensor as TypedTensor<'float32'>).data;
  if (tensor.type === 'float64') return Float32Array.from((tensor as TypedTensor<'float64'>).data);
  const { data } = tensor as TypedTensor<'float16'>;
  return decodeHalf(data);
}

function decodeHalf(data: Uint16Array | ArrayLike<number>): Float32Array {
  // Newer engines hand out a Float16Array of numbers, older ones the bit patterns.
  return data instanceof Uint16Array
    ? Float32Array.from(
        decodeValues('float16', new Uint8Array(data.buffer, data.byteOffset, data.byteLength), data.length),
      )
    : Float32Array.from(data);
}
