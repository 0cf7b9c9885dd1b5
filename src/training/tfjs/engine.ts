import { RuntimeError, messageOf } from '../../protocol/errors';
import { inMainMemory, type AnyTensor } from '../../runtime/device-tensor';
import type { HostTensor } from '../../runtime/training-session';
import type { CompiledProgram, Program, TrainingEngine } from '../engine';
import { TrainingError } from '../errors';
import { Ops } from '../graph/ops';
import { NAMES, forwardGraph, lossScope, updateGraph, type ProgramPlan } from '../program';
import { TfGraph, toInt32 } from './tf-graph';
import type { Tensor, Tfjs } from './tfjs';

type Tensors = Map<string, Tensor>;

/**
 * Trains with TensorFlow.js: forward pass, loss and update are the graphs that onnxruntime runs, computed operator by
 * operator; the gradients are TensorFlow.js's own, by its autodiff. Parameters and state go to the device and back in
 * every step. Operators it does not know are listed in `operators/registry.ts`.
 */
export class TfjsEngine implements TrainingEngine {
  readonly name: string;
  private readonly tf: Tfjs;

  /** `tf`: a loaded package whose backend is ready. */
  constructor(tf: Tfjs, name = `TensorFlow.js ${tf.version_core} (${tf.getBackend()})`) {
    this.tf = tf;
    this.name = name;
  }

  compile(plan: ProgramPlan, program: Program): Promise<CompiledProgram> {
    return this.guard(() => new TfProgram(this.tf, compute(this.tf, plan, program)));
  }

  /** Its tensors are read and written in every run. */
  openMemory(): Promise<null> {
    return Promise.resolve(null);
  }

  /** TensorFlow.js decides itself what it keeps for the gradients. */
  memoryOf(): Promise<null> {
    return Promise.resolve(null);
  }

  private guard(make: () => CompiledProgram): Promise<CompiledProgram> {
    try {
      return Promise.resolve(make());
    } catch (cause) {
      return Promise.reject(engineError(cause));
    }
  }
}

/** How a program is computed: within tf.tidy, from inputs on the device. */
interface Computation {
  readonly inputs: ReadonlySet<string>;
  compute(feeds: Tensors): Tensors;
  dispose(): void;
}

class TfProgram implements CompiledProgram {
  private readonly tf: Tfjs;
  private readonly computation: Computation;

  constructor(tf: Tfjs, computation: Computation) {
    this.tf = tf;
    this.computation = computation;
  }

  async run(
    feeds: ReadonlyMap<string, AnyTensor>,
    into: ReadonlyMap<string, HostTensor> = new Map(),
  ): Promise<Map<string, HostTensor>> {
    const { tf, computation } = this;
    let names: string[] = [];
    let tensors: Tensor[] = [];
    try {
      tensors = tf.tidy(() => {
        const given: Tensors = new Map();
        for (const name of computation.inputs) given.set(name, toDevice(tf, name, feeds));
        const results = computation.compute(given);
        names = [...results.keys()];
        return [...results.values()];
      });
      const out = new Map<string, HostTensor>();
      for (const [i, name] of names.entries()) out.set(name, await toHost(tensors[i]!, into.get(name)));
      return out;
    } catch (cause) {
      throw engineError(cause);
    } finally {
      for (const tensor of tensors) tensor.dispose();
    }
  }

  release(): Promise<void> {
    this.computation.dispose();
    return Promise.resolve();
  }
}

function compute(tf: Tfjs, plan: ProgramPlan, program: Program): Computation {
  switch (program.kind) {
    case 'gradients': {
      const loss = new LossGraph(tf, plan, program.batch);
      const { input, parameters } = program.of;
      const image = plan.forward.input.name;
      const wrt = [...(input ? [image] : []), ...(parameters ? plan.trained.map(({ name }) => name) : [])];
      return {
        inputs: new Set([...loss.inputs, ...wrt]),
        compute(feeds) {
          const { outputs, gradients } = loss.compute(feeds, wrt);
          for (const [name, gradient] of gradients)
            outputs.set(input && name === image ? NAMES.inputGradient : NAMES.gradient(name), gradient);
          return outputs;
        },
        dispose: () => loss.dispose(),
      };
    }
    case 'part': {
      const loss = new LossGraph(tf, plan, program.batch, 'part');
      const wrt = plan.trained.map(({ name }) => name);
      const accumulated = wrt.map((name) => NAMES.accumulated(name));
      return {
        inputs: new Set([...loss.inputs, ...wrt, ...accumulated]),
        compute(feeds) {
          const { outputs, gradients } = loss.compute(feeds, wrt);
          for (const [name, gradient] of gradients) {
            const key = NAMES.accumulated(name);
            outputs.set(NAMES.updated(key), tf.add(feeds.get(key)!, gradient));
          }
          return outputs;
        },
        dispose: () => loss.dispose(),
      };
    }
    case 'update':
      return evaluationOf(updateOf(tf, plan));
    case 'forward': {
      const g = new Ops();
      return evaluationOf(new TfGraph(tf, g, forwardGraph(g, { ...plan, fusedBatchNorm: false }, program)));
    }
    case 'step': {
      const loss = new LossGraph(tf, plan, program.batch);
      const update = updateOf(tf, plan);
      const wrt = plan.trained.map(({ name }) => name);
      const given = new Set(wrt.map((name) => NAMES.accumulated(name)));
      const fed = [...update.inputs].filter((name) => !given.has(name));
      return {
        inputs: new Set([...loss.inputs, ...wrt, ...fed]),
        compute(feeds) {
          const { outputs, gradients } = loss.compute(feeds, wrt);
          const all = new Map(feeds);
          for (const [name, gradient] of gradients) all.set(NAMES.accumulated(name), gradient);
          return new Map([...outputs, ...update.evaluate(all)]);
        },
        dispose: () => {
          loss.dispose();
          update.dispose();
        },
      };
    }
  }
}

/** A graph without gradients. */
function evaluationOf(graph: TfGraph): Computation {
  return {
    inputs: graph.inputs,
    compute: (feeds) => graph.evaluate(feeds),
    dispose: () => graph.dispose(),
  };
}

function updateOf(tf: Tfjs, plan: ProgramPlan): TfGraph {
  const g = new Ops();
  return new TfGraph(tf, g, updateGraph(g, plan));
}

/** Forward pass and loss, with gradients by TensorFlow.js. */
class LossGraph {
  private readonly tf: Tfjs;
  private readonly graph: TfGraph;

  constructor(tf: Tfjs, plan: ProgramPlan, batch: number, of: 'whole' | 'part' = 'whole') {
    this.tf = tf;
    const g = new Ops();
    // Batch norm in training mode is written out, so that its gradient, too, is TensorFlow.js's.
    const scope = lossScope(g, { ...plan, fusedBatchNorm: false }, batch, of);
    const statistics = [...scope.forward.newStatistics].map(
      ([name, value]) => [NAMES.updated(name), value] as const,
    );
    this.graph = new TfGraph(
      tf,
      g,
      new Map([[NAMES.loss, scope.loss], [NAMES.logits, scope.logits], ...statistics]),
    );
  }

  get inputs(): ReadonlySet<string> {
    return this.graph.inputs;
  }

  /** Loss, logits and statistics by their names, and the gradients of `wrt`: zeros where the loss does not depend on one. */
  compute(feeds: Tensors, wrt: readonly string[]): { outputs: Tensors; gradients: Tensors } {
    const { tf, graph } = this;
    if (wrt.length === 0) return { outputs: graph.evaluate(feeds), gradients: new Map() };
    const xs = wrt.map((name) => feeds.get(name)!);
    const kept: Tensors = new Map();
    try {
      // What tf.valueAndGrads does, but for outputs beside the loss, and for parameters that do not reach it.
      const { grads } = tf.engine().gradients(
        () => {
          // The forward pass has a scope of its own, which would free its outputs.
          for (const [name, tensor] of graph.evaluate(feeds)) kept.set(name, tf.keep(tf.clone(tensor)));
          return kept.get(NAMES.loss)!;
        },
        xs,
        undefined,
        true,
      );
      const gradients = wrt.map((name, i) => {
        // The type leaves out that autodiff gives nothing for what the loss does not depend on.
        const gradient = grads[i] as Tensor | undefined;
        return [name, gradient ?? tf.zerosLike(xs[i]!)] as const;
      });
      return { outputs: kept, gradients: new Map(gradients) };
    } catch (cause) {
      for (const tensor of kept.values()) tensor.dispose();
      // What the tape saved for the backward pass is freed at that pass's end only.
      const tape = tf.engine().state.activeTape as readonly { readonly saved?: Tensor[] }[] | null;
      for (const { saved } of tape ?? []) for (const tensor of saved ?? []) tensor.dispose();
      throw cause;
    }
  }

  dispose(): void {
    this.graph.dispose();
  }
}

function toDevice(tf: Tfjs, name: string, feeds: ReadonlyMap<string, AnyTensor>): Tensor {
  const tensor = feeds.get(name);
  if (!tensor) throw new RuntimeError('input-mismatch', `The graph needs '${name}', which was not given.`);
  const { data, dtype, shape } = inMainMemory(tensor);
  if (dtype === 'float32') return tf.tensor(data as Float32Array, [...shape], 'float32');
  const integers = data instanceof BigInt64Array ? toInt32(data) : Int32Array.from(data as Int32Array);
  return tf.tensor(integers, [...shape], dtype === 'bool' ? 'bool' : 'int32');
}

/** The values of a float tensor: in `buffer` where one is given, else in an array that nothing else holds. */
async function toHost(tensor: Tensor, buffer: HostTensor | undefined): Promise<HostTensor> {
  const data = Float32Array.from(await tensor.data());
  if (buffer === undefined) return { dtype: 'float32', shape: tensor.shape, data };
  (buffer.data as Float32Array).set(data);
  return buffer;
}

function engineError(cause: unknown): Error {
  if (cause instanceof TrainingError || cause instanceof RuntimeError) return cause;
  const message = messageOf(cause);
  if (/\boom\b|out of memory|allocation failed|bad_alloc/i.test(message))
    return new RuntimeError('out-of-memory', `TensorFlow.js ran out of memory: ${message}`, { cause });
  if (/gradient function not found|cannot compute gradient|error in gradient/i.test(message))
    return new TrainingError(
      'no-gradient',
      `TensorFlow.js cannot differentiate this model: ${message} Train it with onnxruntime instead.`,
      { cause },
    );
  return new RuntimeError('run-failed', `TensorFlow.js could not run the graph: ${message}`, { cause });
}
