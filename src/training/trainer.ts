import type { OnnxModel } from '../model/onnx/graph';
import type { TensorReader } from '../model/onnx/tensor-data';
import { disposeAll, inMainMemory, type AnyTensor } from '../runtime/device-tensor';
import type { HostTensor } from '../runtime/training-session';
import { checkBatch, imagesOf, targetsOf, type Batch } from './batch';
import type { GradientsOf, TrainingEngine } from './engine';
import { TrainingError } from './errors';
import { exportModel } from './forward/export';
import type { ForwardModel } from './forward/forward-model';
import { inlineIfs } from './forward/inline-if';
import { prepare } from './forward/prepare';
import { probe, withFreeBatch } from './forward/probe';
import { sizeOf } from './graph/shape';
import { inputsOf, scalarsOf, type Loss, type LossTerm } from './losses';
import { OnnxruntimeEngine } from './onnxruntime-engine';
import { withRestoredNorms } from './norms/restore';
import { foldedValues, type RestoredNorm } from './norms/restored-norms';
import { NAMES, type ParameterPlan, type ProgramPlan } from './program';
import { Programs } from './programs';
import { rehearsalBatch } from './rehearsal-batch';
import { ParameterState, type TrainingSnapshot } from './state';
import type {
  BatchNormNames,
  ForwardOptions,
  ForwardResult,
  Gradients,
  StepOptions,
  StepResult,
  TrainerOptions,
} from './trainer-options';

/** A step whose update has not taken effect. Who holds it commits `written` or disposes of it. */
interface WrittenStep extends Omit<StepResult, 'rate'> {
  readonly written: ReadonlyMap<string, AnyTensor>;
}

const THREADS = 2;

/** Trains a classifier's ONNX graph: see `create`. */
export class Trainer {
  private readonly model: OnnxModel;
  private readonly plan: ProgramPlan;
  private readonly options: TrainerOptions;
  private readonly image: readonly number[];
  private readonly state: ParameterState;
  /** The graph before norms were restored: what is exported. */
  private readonly plain: ForwardModel;
  private readonly norms: readonly RestoredNorm[];
  private readonly programs: Programs;

  private constructor(
    model: OnnxModel,
    plan: ProgramPlan,
    options: TrainerOptions,
    image: readonly number[],
    plain: ForwardModel,
    norms: readonly RestoredNorm[],
  ) {
    this.model = model;
    this.plan = plan;
    this.options = options;
    this.programs = new Programs(options.engine ?? onnxruntimeEngine(options), plan);
    this.image = image;
    this.state = new ParameterState(plan.forward, plan.trained, options.optimizer);
    this.plain = plain;
    this.norms = norms;
  }

  /**
   * Derives the training graph of a model. The model's weights are read through `reader` and copied; nothing is written
   * back to it. Throws TrainingError `unsupported-model`, `no-gradient` (when the first step is compiled) or
   * `bad-input`, and ModelError where the file cannot be read.
   */
  static async create(model: OnnxModel, reader: TensorReader, options: TrainerOptions): Promise<Trainer> {
    const image = imageShape(model, options.image);
    const inlined = await inlineIfs(model, reader, image);
    const prepared = prepare(inlined, reader);
    const plain = await withFreeBatch(prepared, image);
    const { forward, shapes, norms, masks } = await withNorms(plain, image, options);
    const trained = planParameters(forward, { ...options, masks });
    const plan: ProgramPlan = {
      forward,
      shapes,
      terms: options.loss,
      measures: options.measures ?? new Map<string, Loss>(),
      optimizer: options.optimizer,
      trained,
      clip: options.clip ?? null,
      batchNorm: options.batchNorm ?? 'train',
      fusedBatchNorm: (options.device ?? 'cpu') === 'cpu',
    };
    return new Trainer(inlined, plan, options, image, plain, norms);
  }

  /** Steps done. */
  get stepsDone(): number {
    return this.state.step;
  }

  /** Names and shapes of the parameters that are trained. */
  get parameters(): ReadonlyMap<string, readonly number[]> {
    return new Map(this.plan.trained.map(({ name }) => [name, this.plan.forward.parameters.get(name)!.dims]));
  }

  /** Batch norms that `restoreNorms` put back: fewer than convolutions, where these have some of their own. */
  get restoredNorms(): number {
    return this.norms.length;
  }

  /** Names of what batch norms hold: parameters (null where computed) and running statistics. */
  get batchNorms(): readonly BatchNormNames[] {
    const { parameters, batchNorms } = this.plan.forward;
    const stored = (name = ''): string | null => (parameters.has(name) ? name : null);
    return batchNorms.map(({ node, mean, variance }) => ({
      scale: stored(node.inputs[1]),
      shift: stored(node.inputs[2]),
      mean,
      variance,
    }));
  }

  /**
   * One step of the optimizer. Throws TrainingError `diverged` where loss or gradient is not finite (the parameters
   * stay as they were), `out-of-memory`, or `bad-input`.
   */
  async step(batch: Batch, options: StepOptions = {}): Promise<StepResult> {
    this.checkBatch(batch);
    if (this.plan.trained.length === 0)
      throw new TrainingError(
        'unsupported-model',
        'There is nothing to train: the model has no weights that are not frozen.',
      );
    const rate = options.rate ?? this.options.schedule(this.state.step);
    const part = this.options.microBatch;
    const { written, ...results } =
      part === undefined || part >= batch.size
        ? await this.wholeStep(batch, options, rate)
        : await this.stepInParts(batch, options, rate, part);
    if (!Number.isFinite(results.loss) || !Number.isFinite(results.gradientNorm)) {
      disposeAll(written.values());
      throw new TrainingError(
        'diverged',
        `Training diverged in step ${this.state.step + 1}: the loss is ${results.loss}, the norm of the gradient ${results.gradientNorm}. The parameters before this step are kept. Try a smaller learning rate, or clip the gradient.`,
      );
    }
    this.state.commit(written);
    return { ...results, rate };
  }

  /**
   * Logits of a batch without gradients; parameters stay. `targets` hold what `measure` needs. Throws as `step` does,
   * except `diverged`.
   */
  async forward(batch: Batch, { batchNorm, measure }: ForwardOptions): Promise<ForwardResult> {
    const loss = measure === undefined ? undefined : this.plan.measures.get(measure);
    if (measure !== undefined && !loss)
      throw new TrainingError('bad-input', `The trainer was not told of a loss '${measure}'.`);
    const terms = loss ? [{ loss }] : [];
    this.checkBatch(batch, terms);
    const { size } = batch;
    const program = { kind: 'forward', batch: size, batchNorm, measure: measure ?? null } as const;
    const out = await this.programs.run(program, await this.feeds(batch, {}, 0, 0, size, terms));
    for (const name of this.plan.forward.statistics.keys()) {
      const follows = out.get(NAMES.updated(name));
      if (follows) this.state.replace(name, follows);
    }
    return {
      logits: floatsOf(out, NAMES.logits),
      measured: out.has(NAMES.measured) ? floatsOf(out, NAMES.measured) : null,
    };
  }

  /** Loss and gradients of a batch; changes nothing. Throws as `step` does. */
  async gradients(
    batch: Batch,
    of: GradientsOf,
    options: Pick<StepOptions, 'scalars'> = {},
  ): Promise<Gradients> {
    this.checkBatch(batch);
    const { size } = batch;
    const feeds = await this.feeds(batch, options, 0, 0, size);
    const out = await this.programs.run({ kind: 'gradients', batch: size, of }, feeds);
    const floats = (name: string): Float32Array => floatsOf(out, name);
    const statistics = [...this.plan.forward.statistics.keys()].filter((name) =>
      out.has(NAMES.updated(name)),
    );
    return {
      loss: floats(NAMES.loss)[0]!,
      logits: floats(NAMES.logits),
      input: of.input ? floats(NAMES.inputGradient) : null,
      parameters: new Map(
        of.parameters ? this.plan.trained.map(({ name }) => [name, floats(NAMES.gradient(name))]) : [],
      ),
      statistics: new Map(statistics.map((name) => [name, floats(NAMES.updated(name))])),
    };
  }

  /**
   * Compiles the step for batches of `size` and tries it once on made-up images, so that a job learns before it starts
   * that the device cannot run it. Changes nothing. Returns loss, norm of the gradient and logits, one after the other,
   * for devices to be compared by. Throws TrainingError as `step` does, except `diverged`.
   */
  async rehearse(size: number): Promise<Float32Array> {
    const batch = rehearsalBatch(size, this.imageSize, this.classes, this.plan.terms);
    this.checkBatch(batch);
    // What a step writes takes effect with `commit` only.
    const part = this.options.microBatch;
    const { loss, gradientNorm, logits, written } =
      part === undefined || part >= size
        ? await this.wholeStep(batch, {}, 0)
        : await this.stepInParts(batch, {}, 0, part);
    disposeAll(written.values());
    return Float32Array.of(loss, gradientNorm, ...logits);
  }

  /** Values of one image: C · H · W. */
  get imageSize(): number {
    return sizeOf(this.image);
  }

  /** Number of classes: values of the output per image. */
  get classes(): number {
    return sizeOf(this.plan.shapes.typeOf(this.plan.forward.output, 1).shape);
  }

  /**
   * Why the state does not stay on the device between steps; empty where it does, or where the device is the CPU. Known
   * from a trial with a small tensor.
   */
  async stateNotes(): Promise<readonly string[]> {
    const why = await this.programs.whyNotKept();
    return why === null ? [] : [`Weights pass through main memory in every step, which is slower: ${why}`];
  }

  /** Current values of a parameter or running statistic, a copy; of a convolution with a restored norm, without it. Throws TrainingError `bad-input` for an unknown name. */
  valuesOf(name: string): Promise<Float32Array> {
    return this.programs.guard(() => this.state.valuesOf(name), 0);
  }

  /** Replaces the values of a parameter or running statistic. Throws TrainingError `bad-input` where name or size do not fit. */
  setValues(name: string, values: Float32Array): void {
    this.state.setValues(name, values);
  }

  /** The model with the current weights and running statistics, restored norms folded: the same graph otherwise. Tensors that were not trained still refer to the original file. */
  async exportModel(): Promise<OnnxModel> {
    const values = await this.programs.guard(() => this.state.values(), 0);
    return exportModel(this.model, this.plain, foldedValues(this.norms, values));
  }

  /**
   * All that continuing needs: parameters, running statistics, optimizer state, steps done. `reuse`: a snapshot that
   * nobody needs any more, whose memory may be written over.
   */
  snapshot(reuse?: TrainingSnapshot): Promise<TrainingSnapshot> {
    return this.programs.guard(() => this.state.snapshot(reuse), 0);
  }

  /** Continues from a snapshot, exactly. Throws TrainingError `bad-checkpoint` where it is of another model or optimizer. */
  restore(snapshot: TrainingSnapshot): void {
    this.state.restore(snapshot);
  }

  /**
   * Takes over parameters and running statistics of a trainer of the same model, however it trains; the optimizer starts
   * anew. Throws TrainingError `bad-checkpoint` where they do not fit.
   */
  adopt(snapshot: TrainingSnapshot): void {
    this.state.adopt(snapshot);
  }

  /** Frees the compiled graphs. The trainer compiles them again when it is used afterwards. */
  async release(): Promise<void> {
    await this.state.withdraw();
    await this.programs.release();
  }

  private async wholeStep(batch: Batch, options: StepOptions, rate: number): Promise<WrittenStep> {
    const { size } = batch;
    const feeds = await this.feeds(batch, options, rate, 0, size);
    const out = await this.programs.run({ kind: 'step', batch: size }, feeds, () => this.state.buffers());
    return {
      loss: floatsOf(out, NAMES.loss)[0]!,
      logits: floatsOf(out, NAMES.logits),
      gradientNorm: floatsOf(out, NAMES.gradientNorm)[0]!,
      written: updatedOf(out),
    };
  }

  /** The same step with the gradients of parts of the batch added up: memory for a part, time for the whole. */
  private async stepInParts(
    batch: Batch,
    options: StepOptions,
    rate: number,
    part: number,
  ): Promise<WrittenStep> {
    const classes: Float32Array[] = [];
    let loss = 0;
    /** Gradients so far and statistics, which one part gives and the next takes. */
    let between = new Map<string, AnyTensor>();
    try {
      for (let start = 0; start < batch.size; start += part) {
        const end = Math.min(batch.size, start + part);
        const size = end - start;
        const feeds = await this.feeds(batch, options, rate, start, end);
        const zeros = await this.programs.guard(() => this.state.zeroGradients(), size);
        for (const [name, tensor] of [...zeros, ...between]) feeds.set(name, tensor);
        feeds.set(NAMES.share, scalarTensor(size / batch.size));
        const out = await this.programs.run({ kind: 'part', batch: size }, feeds);
        disposeAll(between.values());
        between = new Map([...updatedOf(out)].map(([name, tensor]) => [NAMES.before(name), tensor]));
        loss += floatsOf(out, NAMES.loss)[0]!;
        classes.push(floatsOf(out, NAMES.logits));
      }
      const feeds = await this.feeds(batch, options, rate, 0, 0);
      for (const [name, tensor] of between) feeds.set(name, tensor);
      const out = await this.programs.run({ kind: 'update' }, feeds, () => this.state.buffers());
      const written = updatedOf(out);
      for (const name of this.plan.forward.statistics.keys()) {
        const tensor = between.get(name);
        if (tensor) written.set(NAMES.updated(name), tensor);
        between.delete(name);
      }
      return {
        loss,
        logits: joined(classes),
        gradientNorm: floatsOf(out, NAMES.gradientNorm)[0]!,
        written,
      };
    } finally {
      disposeAll(between.values());
    }
  }

  /** Everything a graph may take for samples `start` to `end` of a batch. */
  private async feeds(
    batch: Batch,
    options: StepOptions,
    rate: number,
    start: number,
    end: number,
    terms: readonly LossTerm[] = this.plan.terms,
  ): Promise<Map<string, AnyTensor>> {
    const memory = await this.programs.memory();
    if (memory) await this.programs.guard(() => this.state.place(memory), end - start);
    const feeds = new Map<string, AnyTensor>(this.state.current());
    feeds.set(this.plan.forward.input.name, imagesOf(batch, this.image, start, end));
    for (const [name, kind] of inputsOf(terms))
      feeds.set(NAMES.lossInput(name), targetsOf(batch, name, kind, start, end));
    const scalars = {
      ...Object.fromEntries(scalarsOf(terms)),
      ...this.plan.optimizer.scalarsAt(this.state.step + 1),
      ...options.scalars,
    };
    for (const [name, value] of Object.entries(scalars)) feeds.set(NAMES.scalar(name), scalarTensor(value));
    feeds.set(NAMES.rate, scalarTensor(rate));
    return feeds;
  }

  private checkBatch(batch: Batch, terms: readonly LossTerm[] = this.plan.terms): void {
    checkBatch(batch, this.image, inputsOf(terms));
  }
}

function onnxruntimeEngine({ device = 'cpu', threads = THREADS, profile }: TrainerOptions): TrainingEngine {
  return new OnnxruntimeEngine({ device, threads, ...(profile === undefined ? {} : { profile }) });
}

/** The shape given, or the one the model declares. A graph that cannot take the given one fails when it is probed. */
function imageShape({ graph }: OnnxModel, given: readonly number[] | undefined): readonly number[] {
  const input = graph.inputs.find(({ name }) => !graph.initializers.has(name));
  const shape = given ?? input?.shape?.slice(1) ?? [null];
  if (!shape.every((dim) => typeof dim === 'number')) {
    throw new TrainingError(
      'bad-input',
      'The model leaves the size of its images open: say which shape to train with.',
    );
  }
  return shape;
}

async function withNorms(plain: ForwardModel, image: readonly number[], options: TrainerOptions) {
  const shapes = await probe(plain, image);
  const { restoreNorms, groups = [], masks = new Map<string, Float32Array>(), threads = THREADS } = options;
  if (!restoreNorms) return { forward: plain, shapes, norms: [], masks };
  const isFrozen = (name: string): boolean => groups.find(({ match }) => match(name))?.frozen ?? false;
  return withRestoredNorms(plain, shapes, restoreNorms(), { isFrozen, masks, threads });
}

function planParameters(forward: ForwardModel, options: TrainerOptions): ParameterPlan[] {
  const { groups = [], masks = new Map<string, Float32Array>(), optimizer } = options;
  for (const [name, mask] of masks) {
    if (forward.parameters.get(name)?.values.length !== mask.length)
      throw new TrainingError('bad-input', `The mask of '${name}' does not fit a parameter of the model.`);
  }
  const plans = [...forward.parameters.keys()].flatMap((name) => {
    const group = groups.find(({ match }) => match(name));
    if (group?.frozen) return [];
    return [
      {
        name,
        rate: group?.rate ?? 1,
        weightDecay: group?.weightDecay ?? optimizer.weightDecay,
        mask: masks.get(name) ?? null,
      },
    ];
  });
  return plans;
}

function floatsOf(out: ReadonlyMap<string, AnyTensor>, name: string): Float32Array {
  return inMainMemory(out.get(name)).data as Float32Array;
}

/** What a program has made of parameters, state, statistics or gradients, by the names of its outputs. */
function updatedOf(out: ReadonlyMap<string, AnyTensor>): Map<string, AnyTensor> {
  return new Map([...out].filter(([name]) => NAMES.isUpdated(name)));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, each) => total + each.length, 0));
  let at = 0;
  for (const each of parts) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

function scalarTensor(value: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}
