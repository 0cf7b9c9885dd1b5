import type { HostTensor } from '../runtime/training-session';
import { TrainingError } from './errors';
import type { ForwardModel } from './forward/forward-model';
import { sameShape } from './graph/shape';
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
 * Parameters, running statistics and optimizer state, held twice: a step reads the front and writes the back, and they
 * change places only once the step is known to be good.
 */
export class ParameterState {
  step = 0;
  private readonly optimizer: string;
  private readonly trained: readonly string[];
  private frontTensors: Map<string, HostTensor>;
  private backTensors: Map<string, HostTensor>;
  /** Names of what steps change; the others (frozen parameters, frozen statistics) are only read. */
  private readonly changing: readonly string[];
  /** Names of the optimizer's state. */
  private readonly slots: ReadonlySet<string>;

  constructor(forward: ForwardModel, trained: readonly ParameterPlan[], optimizer: Optimizer) {
    this.optimizer = optimizer.name;
    this.trained = trained.map(({ name }) => name);
    this.frontTensors = new Map();
    for (const { name, dims, values } of [...forward.parameters.values(), ...forward.statistics.values()])
      this.frontTensors.set(name, floats(dims, values.slice()));
    for (const { name, mask } of trained) {
      const tensor = this.frontTensors.get(name)!;
      if (mask)
        for (let i = 0; i < mask.length; i++) tensor.data[i] = (tensor.data as Float32Array)[i]! * mask[i]!;
      for (const slot of optimizer.slots)
        this.frontTensors.set(
          NAMES.state(slot, name),
          floats(tensor.shape, new Float32Array(tensor.data.length)),
        );
    }
    this.slots = new Set(
      trained.flatMap(({ name }) => optimizer.slots.map((slot) => NAMES.state(slot, name))),
    );
    const frozen = new Set([...forward.parameters.keys()].filter((name) => !this.trained.includes(name)));
    this.changing = [...this.frontTensors.keys()].filter((name) => !frozen.has(name));
    this.backTensors = new Map(
      this.changing.map((name) => {
        const { shape, data } = this.frontTensors.get(name)!;
        return [name, floats(shape, (data as Float32Array).slice())];
      }),
    );
  }

  /** What a step reads, by name. */
  front(): ReadonlyMap<string, HostTensor> {
    return this.frontTensors;
  }

  /** What a step writes, by the name of its output. */
  back(): Map<string, HostTensor> {
    return new Map([...this.backTensors].map(([name, tensor]) => [NAMES.updated(name), tensor]));
  }

  /** What was written is now what is read. */
  commit(): void {
    const front = new Map(this.frontTensors);
    for (const name of this.changing) front.set(name, this.backTensors.get(name)!);
    this.backTensors = new Map(this.changing.map((name) => [name, this.frontTensors.get(name)!]));
    this.frontTensors = front;
    this.step++;
  }

  /** Zeros to add gradients to, by the name of the graph input. */
  zeroGradients(): Map<string, HostTensor> {
    return new Map(
      this.trained.map((name) => {
        const { shape, data } = this.frontTensors.get(name)!;
        return [NAMES.accumulated(name), floats(shape, new Float32Array(data.length))];
      }),
    );
  }

  valuesOf(name: string): Float32Array {
    return (this.tensor(name).data as Float32Array).slice();
  }

  setValues(name: string, values: Float32Array): void {
    const { data } = this.tensor(name);
    if (data.length !== values.length)
      throw new TrainingError('bad-input', `'${name}' has ${data.length} values, not ${values.length}.`);
    (data as Float32Array).set(values);
    // Statistics that no step writes are swapped in from the back all the same.
    const back = this.backTensors.get(name);
    if (back) (back.data as Float32Array).set(values);
  }

  /** `reuse`: a snapshot that nobody needs any more, whose memory may be written over. */
  snapshot(reuse?: TrainingSnapshot): TrainingSnapshot {
    const copied = (name: string, values: Float32Array): Float32Array => {
      const used = reuse?.tensors.get(name)?.data;
      if (used?.length !== values.length) return values.slice();
      used.set(values);
      return used;
    };
    return {
      step: this.step,
      optimizer: this.optimizer,
      tensors: new Map(
        [...this.frontTensors].map(([name, { shape, data }]) => [
          name,
          { shape, data: copied(name, data as Float32Array) },
        ]),
      ),
    };
  }

  restore(snapshot: TrainingSnapshot): void {
    if (snapshot.optimizer !== this.optimizer)
      throw unfit(`it was made with ${snapshot.optimizer}, not ${this.optimizer}`);
    this.take(snapshot, [...this.frontTensors.keys()]);
    this.step = snapshot.step;
  }

  /** Parameters and running statistics of a snapshot, whatever optimizer it was made with; this one's state is reset. */
  adopt(snapshot: TrainingSnapshot): void {
    this.take(
      snapshot,
      [...this.frontTensors.keys()].filter((name) => !this.slots.has(name)),
    );
    for (const name of this.slots) this.setValues(name, new Float32Array(this.tensor(name).data.length));
    this.step = 0;
  }

  private take({ tensors }: TrainingSnapshot, names: readonly string[]): void {
    for (const name of names) {
      const tensor = this.frontTensors.get(name)!;
      const saved = tensors.get(name);
      if (!saved) throw unfit(`'${name}' is missing`);
      if (!sameShape(saved.shape, tensor.shape) || saved.data.length !== tensor.data.length)
        throw unfit(`'${name}' has another shape`);
    }
    for (const name of names) this.setValues(name, tensors.get(name)!.data);
  }

  private tensor(name: string): HostTensor {
    const tensor = this.frontTensors.get(name);
    if (!tensor) throw new TrainingError('bad-input', `The model has no parameter or statistic '${name}'.`);
    return tensor;
  }
}

function unfit(what: string): TrainingError {
  return new TrainingError('bad-checkpoint', `The checkpoint cannot be continued from: ${what}.`);
}

function floats(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data };
}
