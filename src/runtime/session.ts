import { existsSync } from 'node:fs';
import type { InferenceSession } from 'onnxruntime-node';
import { RuntimeError, isScourError, messageOf } from '../protocol/errors';
import { loadOnnxruntime } from './ort';
import { chooseDevice, type Contestant, type Provider } from './device';

export type Device = 'auto' | Provider;

export interface SessionOptions {
  readonly device: Device;
  /** Threads within an operator; 0 leaves it to onnxruntime (one a core). */
  readonly threads: number;
}

export interface OpenSession {
  readonly session: InferenceSession;
  readonly device: Provider;
  /** Devices that `auto` tried and did not take because they failed, and why. */
  readonly warnings: readonly string[];
}

/** Images in the batch that devices are compared on, where the model leaves it open. */
const TRIAL_BATCH = 16;
/** Side of its images, where the model leaves that open. */
const TRIAL_SIDE = 32;
/** A model that wants more than this at once is not timed on made-up input. */
const TRIAL_MOST = 64 * 1024 * 1024;

/**
 * Loads an onnxruntime session; with `auto`, on the fastest device that works (see `chooseDevice`). The only place that
 * creates inference sessions. Throws RuntimeError `device-unavailable` or `cannot-load`.
 */
export async function openSession(path: string, options: SessionOptions): Promise<OpenSession> {
  const ort = await loadOnnxruntime();
  const offered = ort.listSupportedBackends().map(({ name }) => name);
  const { device, threads } = options;
  if (device !== 'auto') {
    if (!offered.includes(device)) {
      throw new RuntimeError(
        'device-unavailable',
        `Device '${device}' is not available here; onnxruntime offers ${offered.join(', ')}.`,
      );
    }
    try {
      return { session: await create(path, device, threads), device, warnings: [] };
    } catch (cause) {
      if (device === 'cpu') throw cause;
      throw new RuntimeError(
        'device-unavailable',
        `${messageOf(cause)}. Where the device itself is at fault, choose another one (auto, cpu).`,
        { cause },
      );
    }
  }
  return await chooseDevice(await otherDevices(), async (each) =>
    contestant(await create(path, each, threads)),
  );
}

/** Devices besides the CPU that are worth a try on this machine: onnxruntime offers them, and there seems to be a GPU. */
export async function otherDevices(): Promise<Exclude<Provider, 'cpu'>[]> {
  const ort = await loadOnnxruntime();
  const offered = ort.listSupportedBackends().map(({ name }) => name);
  return (['cuda', 'webgpu'] as const).filter((name) => hasGpu() && offered.includes(name));
}

/** False where no GPU is worth looking for: on Linux without a graphics device, drivers only complain on stderr. */
function hasGpu(): boolean {
  return (
    process.platform !== 'linux' || ['/dev/dri', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path))
  );
}

async function create(path: string, device: Provider, threads: number): Promise<InferenceSession> {
  const ort = await loadOnnxruntime();
  try {
    return await ort.InferenceSession.create(path, {
      executionProviders: [device],
      intraOpNumThreads: threads,
      // Warnings about a suspicious file's oddities are Scour's to give.
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new RuntimeError(
      'cannot-load',
      `onnxruntime cannot load ${path} on ${device}: ${messageOf(cause).trim()}`,
      { cause },
    );
  }
}

function contestant(session: InferenceSession): Contestant<InferenceSession> {
  return { session, run: () => runTrial(session), release: () => session.release() };
}

/** Every floating-point output for the same made-up images on each device. Throws RuntimeError `run-failed`. */
async function runTrial(session: InferenceSession): Promise<Float32Array> {
  const { Tensor } = await loadOnnxruntime();
  const feeds: Record<string, InstanceType<typeof Tensor>> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== 'float32')
      throw new RuntimeError('run-failed', 'its speed is measured on models that take float32 images only.');
    const dims = input.shape.map((dim, i) =>
      typeof dim === 'number' && dim > 0 ? dim : i === 0 ? TRIAL_BATCH : i === 1 ? 3 : TRIAL_SIDE,
    );
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (size > TRIAL_MOST) throw new RuntimeError('run-failed', 'the model is too large to be timed.');
    feeds[input.name] = new Tensor(
      'float32',
      Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.7) * 0.5 + 0.5),
      dims,
    );
  }
  try {
    const outputs = Object.values(await session.run(feeds)).filter(({ type }) => type === 'float32');
    return Float32Array.from(outputs.flatMap(({ data }) => Array.from(data as Float32Array)));
  } catch (cause) {
    if (isScourError(cause)) throw cause;
    throw new RuntimeError('run-failed', messageOf(cause), { cause });
  }
}
