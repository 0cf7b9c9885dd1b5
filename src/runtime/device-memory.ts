import { graphOf, modelOf, node, valueInfo } from '../model/onnx/build';
import { encodeModel } from '../model/onnx/encode';
import { RuntimeError } from '../protocol/errors';
import { DeviceTensor } from './device-tensor';
import { TrainingSession, type HostTensor, type TrainingSessionOptions } from './training-session';

/**
 * Carries tensors between main memory and the device that sessions leave them on. onnxruntime-node has no call for
 * either way, but a graph that hands its input on does both, by where its output is asked for.
 *
 * WebGPU only: the binding knows no other device's memory, and takes what a CUDA session leaves on its device for main
 * memory.
 */
export class DeviceMemory {
  private readonly up: TrainingSession;
  private readonly down: TrainingSession;

  private constructor(up: TrainingSession, down: TrainingSession) {
    this.up = up;
    this.down = down;
  }

  /**
   * Throws RuntimeError `device-unavailable` where there is no such device, and `run-failed` where a tensor that is left
   * there does not come back as it was.
   */
  static async open(options: Pick<TrainingSessionOptions, 'threads'>): Promise<DeviceMemory> {
    const onDevice = { ...options, device: 'webgpu' } as const;
    const memory = new DeviceMemory(
      await TrainingSession.create(HANDS_ON, { ...onDevice, keep: new Set(['out']) }),
      await TrainingSession.create(HANDS_ON, onDevice),
    );
    try {
      await memory.prove();
      return memory;
    } catch (error) {
      await memory.release();
      throw error;
    }
  }

  /** A copy on the device. Throws RuntimeError `run-failed` or `out-of-memory`. */
  async place(tensor: HostTensor): Promise<DeviceTensor> {
    const placed = (await this.up.runKeeping(new Map([['in', tensor]]))).get('out');
    if (placed instanceof DeviceTensor) return placed;
    throw new RuntimeError('run-failed', 'onnxruntime does not leave outputs on the device');
  }

  /** A copy in main memory. Throws RuntimeError `run-failed` or `out-of-memory`. */
  async read(tensor: DeviceTensor): Promise<HostTensor> {
    return (await this.down.run(new Map([['in', tensor]]))).get('out')!;
  }

  /** Tensors on the device stay, as long as they are not disposed of. */
  async release(): Promise<void> {
    await this.up.release();
    await this.down.release();
  }

  private async prove(): Promise<void> {
    const data = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i));
    const placed = await this.place({ dtype: 'float32', shape: [3, 100], data });
    try {
      const { data: read } = await this.read(placed);
      if (read.length !== data.length || !data.every((value, i) => value === read[i]))
        throw new RuntimeError('run-failed', 'what was left on the device did not come back as it was');
    } finally {
      placed.dispose();
    }
  }
}

/** The graph of one node that hands a tensor of any shape on. */
const HANDS_ON = encodeModel(
  modelOf(
    graphOf({
      nodes: [node('Identity', ['in'], ['out'])],
      initializers: [],
      inputs: [valueInfo('in', 'float32', null)],
      outputs: [valueInfo('out', 'float32', null)],
    }),
    17,
  ),
);
