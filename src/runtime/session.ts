import type { InferenceSession } from 'onnxruntime-node';
import { RuntimeError, messageOf } from '../protocol/errors';

export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

export interface SessionOptions {
  readonly device: Device;
  /** Threads within an operator; 0 leaves it to onnxruntime (one a core). */
  readonly threads: number;
}

/**
 * Loads an onnxruntime session; with `auto`, on the CPU, which every platform has. The only place that creates
 * inference sessions. Throws RuntimeError `device-unavailable` or `cannot-load`.
 */
export async function openSession(
  path: string,
  options: SessionOptions,
): Promise<{ session: InferenceSession; device: string }> {
  const ort = await import('onnxruntime-node');
  const device = options.device === 'auto' ? 'cpu' : options.device;
  if (!ort.listSupportedBackends().some(({ name }) => name === device)) {
    const names = ort.listSupportedBackends().map(({ name }) => name);
    throw new RuntimeError(
      'device-unavailable',
      `Device '${device}' is not available here; onnxruntime offers ${names.join(', ')}.`,
    );
  }
  try {
    const session = await ort.InferenceSession.create(path, {
      executionProviders: [device],
      intraOpNumThreads: options.threads,
      // Warnings about a suspicious file's oddities are Scour's to give.
      logSeverityLevel: 3,
    });
    return { session, device };
  } catch (cause) {
    throw new RuntimeError(
      'cannot-load',
      `onnxruntime cannot load ${path} on ${device}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
