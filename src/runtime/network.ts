import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import { decodeValues } from '../model/decode';
import { RuntimeError, messageOf } from '../protocol/errors';
import { toHalf } from './half';
import type { Provider } from './device';
import { openSession, type SessionOptions } from './session';

/** Shape of a model's input as it declares it: sizes, or null where any size goes. */
export type InputShape = readonly (number | null)[];

export interface NetworkOutput {
  /** count × what one image gives. */
  readonly data: Float32Array;
  /** Shape of what one image gives. */
  readonly dims: readonly number[];
}

const FLOATS = new Set(['float32', 'float16', 'float64']);

/** A network that takes one image (or a batch of them) and gives floating-point tensors, each with one row an image. */
export class Network {
  /** Declared shape of the image input, e.g. [null, 3, 32, 32]. */
  readonly inputShape: InputShape;
  /** What it runs on: `cpu`, `webgpu`, `cuda`. */
  readonly device: Provider;
  /** What a user must know of how the device was chosen. */
  readonly warnings: readonly string[];
  /** Floating-point outputs and their declared shapes, in the model's order. */
  readonly outputs: readonly { readonly name: string; readonly shape: InputShape }[];

  private readonly session: InferenceSession;
  private readonly input: InferenceSession.TensorValueMetadata;

  private constructor(
    session: InferenceSession,
    device: Provider,
    warnings: readonly string[],
    input: InferenceSession.TensorValueMetadata,
  ) {
    this.session = session;
    this.device = device;
    this.warnings = warnings;
    this.input = input;
    this.inputShape = sizes(input.shape);
    this.outputs = session.outputMetadata
      .filter((output) => output.isTensor)
      .filter(({ type }) => FLOATS.has(type))
      .map(({ name, shape }) => ({ name, shape: sizes(shape) }));
  }

  /**
   * Loads the network at `path`. Throws RuntimeError `cannot-load`, or `input-mismatch` where it does not take exactly
   * one input without a default, of a floating-point type.
   */
  static async open(path: string, options: SessionOptions): Promise<Network> {
    const { session, device, warnings } = await openSession(path, options);
    try {
      return new Network(session, device, warnings, imageInput(session));
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * The named outputs for `count` images given one after the other in the input's layout; `dims` is the shape of one
   * image. Networks of fixed batch size are run in pieces of it, the last filled up with zeros. Throws RuntimeError
   * `input-mismatch` or `run-failed`.
   */
  async run(
    images: Float32Array,
    count: number,
    dims: readonly number[],
    names: readonly string[],
  ): Promise<Map<string, NetworkOutput>> {
    this.checkShape(dims);
    const step = this.inputShape[0] ?? count;
    const size = dims.reduce((product, dim) => product * dim, 1);
    const collected = new Map<string, { data: Float32Array; dims: readonly number[] }>();
    for (let start = 0; start < count; start += step) {
      const here = Math.min(step, count - start);
      let piece = images.subarray(start * size, (start + here) * size);
      if (here < step) {
        const filled = new Float32Array(step * size);
        filled.set(piece);
        piece = filled;
      }
      const outputs = await this.runOnce(piece, [step, ...dims], names);
      for (const name of names) {
        const tensor = outputs[name];
        if (!tensor) throw new RuntimeError('run-failed', `The model gave no output '${name}'.`);
        const values = asFloat32(tensor);
        const rest = rowDims(tensor.dims, values.length, step, name);
        const row = values.length / step;
        if (step === count) {
          collected.set(name, { data: values, dims: rest });
          continue;
        }
        const known = collected.get(name) ?? { data: new Float32Array(count * row), dims: rest };
        known.data.set(values.subarray(0, here * row), start * row);
        collected.set(name, known);
      }
    }
    return collected;
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  /** onnxruntime's own message for this is cryptic, so it is said before. */
  private checkShape(dims: readonly number[]): void {
    const declared = this.inputShape;
    const isFit =
      declared.length === dims.length + 1 && dims.every((dim, i) => (declared[i + 1] ?? dim) === dim);
    if (declared.length > 0 && !isFit)
      throw new RuntimeError(
        'input-mismatch',
        `The images are N × ${dims.join(' × ')}, but the model's input '${this.input.name}' is ${declared.map((dim) => dim ?? 'N').join(' × ')}.`,
      );
  }

  private async runOnce(
    values: Float32Array,
    dims: readonly number[],
    names: readonly string[],
  ): Promise<InferenceSession.OnnxValueMapType> {
    const { Tensor } = await import('onnxruntime-node');
    const tensor =
      this.input.type === 'float16'
        ? new Tensor('float16', toHalf(values), dims)
        : this.input.type === 'float64'
          ? new Tensor('float64', Float64Array.from(values), dims)
          : new Tensor('float32', values, dims);
    try {
      return await this.session.run({ [this.input.name]: tensor }, names);
    } catch (cause) {
      throw new RuntimeError(
        'run-failed',
        `The model cannot be run on input of shape ${dims.join(' × ')}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

function imageInput(session: InferenceSession): InferenceSession.TensorValueMetadata {
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
  return input;
}

function sizes(shape: readonly (number | string)[]): InputShape {
  return shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : null));
}

function rowDims(dims: readonly number[], length: number, count: number, name: string): readonly number[] {
  if (dims[0] === count) return dims.slice(1);
  if (length % count === 0) return [length / count];
  throw new RuntimeError(
    'input-mismatch',
    `The model's output '${name}' of shape [${dims.join(', ')}] does not divide into ${count} images: there must be as many numbers for each.`,
  );
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
