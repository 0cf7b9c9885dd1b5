import type { DeviceMemory } from '../runtime/device-memory';
import { DeviceTensor, disposeAll, type AnyTensor } from '../runtime/device-tensor';
import type { HostTensor } from '../runtime/training-session';
import { TrainingError } from './errors';
import type { ForwardModel } from './forward/forward-model';
import { sameShape, sizeOf } from './graph/shape';
import type { Optimizer } from './optimizers';
import { NAMES, type ParameterPlan } from './program';

/** Everything that training changes, at one moment. */
export interface TrainingSnapshot {
  readonly step: number;
  readonly optimizer: string;
  /** float32, row-major, by the names that training graphs use. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/**
 * Parameters, running statistics and optimizer state: on the device where it keeps them, else in main memory. A step
 * writes new ones, which take the place of the old once the step is known to be good.
 */
export class ParameterState {
  step = 0;
  private readonly optimizer: string;
  private readonly trained: readonly string[];
  private readonly tensors = new Map<string, AnyTensor>();
  /** Buffers in main memory for the next step to write to: those of the step before the last. */
  private readonly spare = new Map<string, HostTensor>();
  /** Values in main memory of tensors that are on the device. */
  private readonly copies = new Map<string, HostTensor>();
  private memory: DeviceMemory | null = null;
  private zerosOnDevice: ReadonlyMap<string, DeviceTensor> | null = null;
  private isLost = false;
  /** Names of what steps change; the others (frozen parameters) are only read. */
  private readonly changing: readonly string[];
  /** Names of the optimizer's state. */
  private readonly slots: ReadonlySet<string>;

  constructor(forward: ForwardModel, trained: readonly ParameterPlan[], optimizer: Optimizer) {
    this.optimizer = optimizer.name;
    this.trained = trained.map(({ name }) => name);
    const masks = new Map(trained.map(({ name, mask }) => [name, mask]));
    for (const { name, dims, values } of [...forward.parameters.values(), ...forward.statistics.values()]) {
      const mask = masks.get(name);
      this.tensors.set(
        name,
        floats(dims, mask ? values.map((value, i) => value * mask[i]!) : values.slice()),
      );
    }
    const slots = trained.flatMap(({ name }) => {
      const { dims } = forward.parameters.get(name)!;
      return optimizer.slots.map((slot) => [NAMES.state(slot, name), zeros(dims)] as const);
    });
    for (const [name, tensor] of slots) this.tensors.set(name, tensor);
    this.slots = new Set(slots.map(([name]) => name));
    const isTrained = new Set(this.trained);
    const frozen = new Set([...forward.parameters.keys()].filter((name) => !isTrained.has(name)));
    this.changing = [...this.tensors.keys()].filter((name) => !frozen.has(name));
  }

  /** Moves what is in main memory onto the device. Throws RuntimeError `run-failed` or `out-of-memory`. */
  async place(memory: DeviceMemory): Promise<void> {
    this.memory = memory;
    for (const [name, tensor] of this.tensors) {
      if (tensor instanceof DeviceTensor) continue;
      this.tensors.set(name, await memory.place(tensor));
      this.spare.delete(name);
      this.copies.set(name, tensor);
    }
  }

  /** What a step reads, by name. */
  current(): ReadonlyMap<string, AnyTensor> {
    this.checkHeld();
    return this.tensors;
  }

  /** What a step that writes to main memory may write to, by the name of its output. */
  buffers(): Map<string, HostTensor> {
    return new Map(
      this.changing.map((name) => {
        const buffer = this.spare.get(name) ?? zeros(this.tensor(name).shape);
        this.spare.set(name, buffer);
        return [NAMES.updated(name), buffer];
      }),
    );
  }

  /** What a step has written, by the name of its output, takes the place of what it has read. */
  commit(written: ReadonlyMap<string, AnyTensor>): void {
    for (const name of this.changing) {
      const tensor = written.get(NAMES.updated(name));
      if (tensor) this.replace(name, tensor);
    }
    this.step++;
  }

  /** A tensor that was made for this state takes the place of one of it. */
  replace(name: string, tensor: AnyTensor): void {
    const before = this.tensor(name);
    this.tensors.set(name, tensor);
    this.copies.delete(name);
    if (before instanceof DeviceTensor) before.dispose();
    else if (!(tensor instanceof DeviceTensor)) this.spare.set(name, before);
  }

  /** Zeros to add gradients to, by the name of the graph input. They stay this state's. */
  async zeroGradients(): Promise<ReadonlyMap<string, AnyTensor>> {
    if (this.zerosOnDevice) return this.zerosOnDevice;
    const inMain = new Map(
      this.trained.map((name) => [NAMES.accumulated(name), zeros(this.tensor(name).shape)]),
    );
    if (this.memory === null) return inMain;
    const placed = new Map<string, DeviceTensor>();
    for (const [name, tensor] of inMain) placed.set(name, await this.memory.place(tensor));
    this.zerosOnDevice = placed;
    return placed;
  }

  /** A copy. */
  async valuesOf(name: string): Promise<Float32Array> {
    return ((await this.inMain(name)).data as Float32Array).slice();
  }

  /** Copies of parameters and running statistics, as they are now. */
  async values(): Promise<(name: string) => Float32Array> {
    const names = [...this.tensors.keys()].filter((name) => !this.slots.has(name));
    const values = new Map<string, Float32Array>();
    for (const name of names) values.set(name, await this.valuesOf(name));
    return (name) => values.get(name) ?? unknown(name);
  }

  setValues(name: string, values: Float32Array): void {
    const tensor = this.tensor(name);
    const size = sizeOf(tensor.shape);
    if (size !== values.length)
      throw new TrainingError('bad-input', `'${name}' has ${size} values, not ${values.length}.`);
    if (tensor instanceof DeviceTensor) this.replace(name, floats(tensor.shape, values.slice()));
    else (tensor.data as Float32Array).set(values);
  }

  /** `reuse`: a snapshot that nobody needs any more, whose memory may be written over. */
  async snapshot(reuse?: TrainingSnapshot): Promise<TrainingSnapshot> {
    const { step, optimizer } = this;
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { shape }] of this.current()) {
      const values = (await this.inMain(name)).data as Float32Array;
      const used = reuse?.tensors.get(name)?.data;
      const isReused = used?.length === values.length;
      if (isReused) used.set(values);
      tensors.set(name, { shape, data: isReused ? used : values.slice() });
    }
    return { step, optimizer, tensors };
  }

  /** Moves everything off the device. What cannot be read there is lost, and a later use of this state says so. */
  async withdraw(): Promise<void> {
    for (const [name, tensor] of this.tensors) {
      if (!(tensor instanceof DeviceTensor)) continue;
      try {
        if (!this.isLost) this.tensors.set(name, await this.inMain(name));
      } catch {
        this.isLost = true;
      }
      tensor.dispose();
    }
    this.copies.clear();
    disposeAll(this.zerosOnDevice?.values() ?? []);
    this.zerosOnDevice = null;
    this.memory = null;
  }

  restore(snapshot: TrainingSnapshot): void {
    if (snapshot.optimizer !== this.optimizer)
      throw unfit(`it was made with ${snapshot.optimizer}, not ${this.optimizer}`);
    this.take(snapshot, [...this.tensors.keys()]);
    this.step = snapshot.step;
  }

  /** Parameters and running statistics of a snapshot, whatever optimizer it was made with; this one's state is reset. */
  adopt(snapshot: TrainingSnapshot): void {
    this.take(
      snapshot,
      [...this.tensors.keys()].filter((name) => !this.slots.has(name)),
    );
    for (const name of this.slots) this.setValues(name, new Float32Array(sizeOf(this.tensor(name).shape)));
    this.step = 0;
  }

  private take({ tensors }: TrainingSnapshot, names: readonly string[]): void {
    for (const name of names) {
      const { shape } = this.tensor(name);
      const saved = tensors.get(name);
      if (!saved) throw unfit(`'${name}' is missing`);
      if (!sameShape(saved.shape, shape) || saved.data.length !== sizeOf(shape))
        throw unfit(`'${name}' has another shape`);
    }
    for (const name of names) this.setValues(name, tensors.get(name)!.data);
  }

  /** The tensor, or what it is on the device. */
  private async inMain(name: string): Promise<HostTensor> {
    const tensor = this.tensor(name);
    if (!(tensor instanceof DeviceTensor)) return tensor;
    const copy = this.copies.get(name) ?? (await this.memory!.read(tensor));
    this.copies.set(name, copy);
    return copy;
  }

  private tensor(name: string): AnyTensor {
    this.checkHeld();
    return this.tensors.get(name) ?? unknown(name);
  }

  private checkHeld(): void {
    if (this.isLost)
      throw new TrainingError(
        'run-failed',
        'The weights were on a device that failed, and are lost. Continue from the last checkpoint.',
      );
  }
}

function unknown(name: string): never {
  throw new TrainingError('bad-input', `The model has no parameter or statistic '${name}'.`);
}

function unfit(what: string): TrainingError {
  return new TrainingError('bad-checkpoint', `The checkpoint cannot be continued from: ${what}.`);
}

function floats(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data };
}

function zeros(shape: readonly number[]): HostTensor {
  return floats(shape, new Float32Array(sizeOf(shape)));
}
