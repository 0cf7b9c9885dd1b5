import type * as onnxruntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { DeviceTensor, inMainMemory, type AnyTensor } from './device-tensor';
import { loadOnnxruntime } from './ort';
import { RuntimeError, messageOf } from '../protocol/errors';
import type { Device as DeviceChoice } from './session';

/** A tensor in main memory. int64 values are bigints; bool values are 0 or 1. */
export interface HostTensor {
  readonly dtype: 'float32' | 'int64' | 'int32' | 'bool' | 'uint8';
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}

/** Where a graph runs. */
export type TrainingDevice = Exclude<DeviceChoice, 'auto'>;

type Runtime = typeof onnxruntime;

export interface TrainingSessionOptions {
  readonly device: TrainingDevice;
  /** Threads of the CPU provider. */
  readonly threads: number;
  /** Off for graphs that run once. Default: everything onnxruntime offers. */
  readonly optimize?: boolean;
  /** Writes onnxruntime's profile under this file name prefix. */
  readonly profile?: string;
  /** Names of outputs to leave on the device, where it is one that can: see `DeviceMemory`. Default: none. */
  readonly keep?: ReadonlySet<string>;
}

/**
 * One onnxruntime session over a graph that Scour built, with every tensor passed in and out by name. Outputs may be
 * written into buffers of the caller's, so that training swaps two sets of parameters instead of allocating new ones.
 * `run` blocks the thread while the graph computes.
 */
export class TrainingSession {
  private readonly runtime: Runtime;
  private readonly session: InferenceSession;
  private readonly keeps: boolean;
  /** Tensors of this session that are on the device still. */
  private left = 0;
  private isReleased = false;

  private constructor(runtime: Runtime, session: InferenceSession, keeps: boolean) {
    this.runtime = runtime;
    this.session = session;
    this.keeps = keeps;
  }

  /** Throws RuntimeError `cannot-load`, `device-unavailable` or `out-of-memory`. */
  static async create(model: Uint8Array, options: TrainingSessionOptions): Promise<TrainingSession> {
    const { device, threads, optimize = true, profile, keep = new Set<string>() } = options;
    // Loaded when first needed: it is large, and most commands do not train.
    const runtime = await loadOnnxruntime();
    try {
      const session = await runtime.InferenceSession.create(model, {
        executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: optimize ? 'all' : 'disabled',
        // Laying all values out in one block ahead takes two thirds more memory here, and no less time: docs/training.md.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
        ...(keep.size === 0
          ? {}
          : { preferredOutputLocation: Object.fromEntries([...keep].map((name) => [name, 'gpu-buffer'])) }),
      });
      return new TrainingSession(runtime, session, keep.size > 0);
    } catch (cause) {
      throw runtimeError(cause, device);
    }
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /**
   * Runs a graph that leaves nothing on the device. `into` holds buffers to write outputs to, by name: they must not be
   * among `feeds`. The result has every output. Throws RuntimeError `run-failed` or `out-of-memory`.
   */
  async run(
    feeds: ReadonlyMap<string, AnyTensor>,
    into: ReadonlyMap<string, HostTensor> = new Map(),
  ): Promise<Map<string, HostTensor>> {
    const results = await this.runKeeping(feeds, into);
    return new Map([...results].map(([name, tensor]) => [name, inMainMemory(tensor)]));
  }

  /** As `run`, with outputs left on the device among the results. Where a session keeps any, it does not use `into`. */
  async runKeeping(
    feeds: ReadonlyMap<string, AnyTensor>,
    into: ReadonlyMap<string, HostTensor> = new Map(),
  ): Promise<Map<string, AnyTensor>> {
    const inputs: Record<string, Tensor> = {};
    for (const name of this.session.inputNames) {
      const tensor = feeds.get(name);
      if (!tensor)
        throw new RuntimeError('input-mismatch', `The graph needs '${name}', which was not given.`);
      inputs[name] = this.toOrt(tensor);
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const name of this.session.outputNames) {
      const buffer = this.keeps ? undefined : into.get(name);
      fetches[name] = buffer ? this.toOrt(buffer) : null;
    }
    try {
      const results = await this.session.run(inputs, fetches);
      return new Map(
        this.session.outputNames.map((name) => [
          name,
          fetches[name] ? into.get(name)! : this.fromOrt(name, results[name]!),
        ]),
      );
    } catch (cause) {
      throw runtimeError(cause, null);
    }
  }

  private toOrt(tensor: AnyTensor): Tensor {
    if (tensor instanceof DeviceTensor) return tensor.native;
    return new this.runtime.Tensor(tensor.dtype, tensor.data as Float32Array, tensor.shape);
  }

  /** Writes the profile, where one was asked for. */
  endProfiling(): void {
    this.session.endProfiling();
  }

  /**
   * Frees the session, once every tensor that it left on the device is disposed of: one that is freed after the last
   * session on its device ends the process.
   */
  async release(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    if (this.left === 0) await this.session.release();
  }

  private fromOrt(name: string, tensor: Tensor): AnyTensor {
    const dtype = tensor.type;
    switch (dtype) {
      case 'float32':
      case 'int64':
      case 'int32':
      case 'bool':
      case 'uint8':
        // Where it is, is what onnxruntime says, not what was asked for.
        if (tensor.location !== 'gpu-buffer')
          return { dtype, shape: tensor.dims, data: tensor.data as Float32Array };
        this.left++;
        return new DeviceTensor(dtype, tensor, () => {
          this.left--;
          if (this.left === 0 && this.isReleased) void this.session.release();
        });
      default:
        throw new RuntimeError(
          'run-failed',
          `Output '${name}' is of type ${dtype}, which Scour does not use.`,
        );
    }
  }
}

function runtimeError(cause: unknown, device: TrainingDevice | null): RuntimeError {
  if (cause instanceof RuntimeError) return cause;
  const message = messageOf(cause);
  if (/bad_alloc|out of memory|Failed to allocate|allocation failed/i.test(message)) {
    return new RuntimeError('out-of-memory', `There is not enough memory to run the graph: ${message}`, {
      cause,
    });
  }
  if (device !== null && device !== 'cpu' && /provider|backend|adapter|device/i.test(message)) {
    return new RuntimeError('device-unavailable', `The device '${device}' cannot be used: ${message}`, {
      cause,
    });
  }
  return device === null
    ? new RuntimeError('run-failed', `onnxruntime could not run the graph: ${message}`, { cause })
    : new RuntimeError('cannot-load', `onnxruntime could not load the graph: ${message}`, { cause });
}
