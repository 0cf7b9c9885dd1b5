import type { Program } from './engine';
import type { ForwardModel } from './forward/forward-model';
import { instantiate, type BatchNormMode, type Forward } from './forward/instantiate';
import type { Shapes } from './forward/probe';
import { differentiate } from './gradients/differentiate';
import { Ops, type BuiltGraph } from './graph/ops';
import { range, sizeOf } from './graph/shape';
import type { Value } from './graph/value';
import { inputsOf, totalLoss, type Loss, type LossInput, type LossTerm } from './losses';
import type { Optimizer } from './optimizers';

/** How a parameter is trained. */
export interface ParameterPlan {
  readonly name: string;
  /** Factor on the learning rate. */
  readonly rate: number;
  readonly weightDecay: number;
  /** Elements that stay zero (1 = trained, 0 = held at zero), of the parameter's shape; null for none. */
  readonly mask: Float32Array | null;
}

export type Clipping = { readonly maxNorm: number } | { readonly maxValue: number };

export interface ProgramPlan {
  readonly forward: ForwardModel;
  readonly shapes: Shapes;
  readonly terms: readonly LossTerm[];
  /** Losses that a forward pass can give of every sample, by name. */
  readonly measures: ReadonlyMap<string, Loss>;
  readonly optimizer: Optimizer;
  /** The parameters that are trained, in a fixed order. */
  readonly trained: readonly ParameterPlan[];
  readonly clip: Clipping | null;
  readonly batchNorm: BatchNormMode;
  readonly fusedBatchNorm: boolean;
}

const UPDATED = 'scour:updated:';

/** Names of what goes into and out of training graphs. None can be a value of the user's model: names in it are checked. */
export const NAMES = {
  loss: 'scour:loss',
  logits: 'scour:logits',
  gradientNorm: 'scour:gradient-norm',
  inputGradient: 'scour:input-gradient',
  measured: 'scour:measured',
  rate: 'scour:rate',
  share: 'scour:share',
  lossInput: (name: string) => `scour:batch:${name}`,
  scalar: (name: string) => `scour:scalar:${name}`,
  gradient: (parameter: string) => `scour:gradient:${parameter}`,
  accumulated: (parameter: string) => `scour:accumulated:${parameter}`,
  state: (slot: string, parameter: string) => `scour:state:${slot}:${parameter}`,
  updated: (name: string) => `${UPDATED}${name}`,
  isUpdated: (output: string) => output.startsWith(UPDATED),
  /** Of what an output is the update. */
  before: (output: string) => output.slice(UPDATED.length),
} as const;

/** The graph that computes a program, in standard operators. */
export function programGraph(plan: ProgramPlan, program: Program): BuiltGraph {
  const g = new Ops();
  switch (program.kind) {
    case 'step':
      return { g, outputs: stepGraph(g, plan, program.batch) };
    case 'part':
      return { g, outputs: partGraph(g, plan, program.batch) };
    case 'update':
      return { g, outputs: updateGraph(g, plan) };
    case 'gradients':
      return { g, outputs: gradientGraph(g, plan, program) };
    case 'forward':
      return { g, outputs: forwardGraph(g, plan, program) };
  }
}

/** Forward, loss, gradients and update of one step, for one batch size: new parameters, state and statistics out. */
function stepGraph(g: Ops, plan: ProgramPlan, batch: number): Map<string, Value> {
  const scope = lossScope(g, plan, batch);
  const gradients = parameterGradients(plan, scope);
  const outputs = new Map<string, Value>([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits],
    ...updates(g, plan, scope.forward.parameters, gradients),
  ]);
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return outputs;
}

/** Forward, loss and gradients of a part of a batch, added to what earlier parts gave. */
function partGraph(g: Ops, plan: ProgramPlan, batch: number): Map<string, Value> {
  const scope = lossScope(g, plan, batch, 'part');
  const outputs = new Map<string, Value>([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits],
  ]);
  for (const [name, gradient] of parameterGradients(plan, scope)) {
    const before = g.input(NAMES.accumulated(name), gradient);
    outputs.set(NAMES.updated(NAMES.accumulated(name)), g.plus(before, gradient));
  }
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return outputs;
}

/** Adds the update to `g`: inputs are parameters, accumulated gradients, state and rate; the outputs by name. */
export function updateGraph(g: Ops, plan: ProgramPlan): Map<string, Value> {
  const parameters = new Map<string, Value>();
  const gradients = new Map<string, Value>();
  for (const { name } of plan.trained) {
    const shape = plan.forward.parameters.get(name)!.dims;
    parameters.set(name, g.input(name, { dtype: 'float32', shape }));
    gradients.set(name, g.input(NAMES.accumulated(name), { dtype: 'float32', shape }));
  }
  return new Map(updates(g, plan, parameters, gradients));
}

/** Loss, logits and gradients, and no update. */
function gradientGraph(
  g: Ops,
  plan: ProgramPlan,
  { batch, of }: Extract<Program, { kind: 'gradients' }>,
): Map<string, Value> {
  const scope = lossScope(g, plan, batch);
  const outputs = new Map<string, Value>([
    [NAMES.loss, scope.loss],
    [NAMES.logits, scope.logits],
  ]);
  const wrt = [
    ...(of.input ? [scope.forward.input] : []),
    ...(of.parameters ? plan.trained.map(({ name }) => scope.forward.parameters.get(name)!) : []),
  ];
  const gradients = differentiate(g, scope.loss, wrt);
  if (of.input) outputs.set(NAMES.inputGradient, gradients.get(scope.forward.input.name)!);
  if (of.parameters)
    for (const { name } of plan.trained) outputs.set(NAMES.gradient(name), gradients.get(name)!);
  for (const [name, value] of scope.forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return outputs;
}

/** Forward and loss in a graph under construction. */
export interface BuiltLoss {
  readonly g: Ops;
  readonly forward: Forward;
  readonly logits: Value;
  readonly loss: Value;
}

/** Adds the forward graph and the loss to `g`, for one batch size: a whole batch, or a part of one with its share as input. */
export function lossScope(
  g: Ops,
  plan: ProgramPlan,
  batch: number,
  of: 'whole' | 'part' = 'whole',
): BuiltLoss {
  const { forward, logits } = forwardScope(g, plan, batch, plan.batchNorm);
  const input = lossInputs(g, logits, inputsOf(plan.terms));
  const share = of === 'part' ? g.input(NAMES.share, { dtype: 'float32', shape: [] }) : null;
  const loss = totalLoss(plan.terms, { g, logits, input, scalar: scalarInputs(g) }, share);
  return { g, forward, logits, loss };
}

/** Adds a forward pass without gradient to `g`; the outputs by name. */
export function forwardGraph(
  g: Ops,
  plan: ProgramPlan,
  { batch, batchNorm, measure }: Extract<Program, { kind: 'forward' }>,
): Map<string, Value> {
  const { forward, logits } = forwardScope(g, plan, batch, batchNorm);
  const outputs = new Map<string, Value>([[NAMES.logits, logits]]);
  const loss = measure === null ? undefined : plan.measures.get(measure);
  if (loss) {
    const input = lossInputs(g, logits, inputsOf([{ loss }]));
    outputs.set(NAMES.measured, loss.perSample({ g, logits, input, scalar: scalarInputs(g) }));
  }
  for (const [name, value] of forward.newStatistics) outputs.set(NAMES.updated(name), value);
  return outputs;
}

function forwardScope(
  g: Ops,
  plan: ProgramPlan,
  batch: number,
  batchNorm: BatchNormMode,
): { forward: Forward; logits: Value } {
  const { fusedBatchNorm } = plan;
  const forward = instantiate(g, plan.forward, plan.shapes, { batch, batchNorm, fusedBatchNorm });
  const classes = sizeOf(forward.output.shape) / batch;
  return { forward, logits: g.reshape(forward.output, [batch, classes]) };
}

/** What a batch brings for the loss, as graph inputs. */
function lossInputs(
  g: Ops,
  { shape: [batch, classes] }: Value,
  kinds: ReadonlyMap<string, LossInput>,
): (name: string) => Value {
  const inputs = new Map(
    [...kinds].map(([name, kind]) => [
      name,
      g.input(NAMES.lossInput(name), {
        dtype: kind === 'labels' ? 'int64' : 'float32',
        shape: kind === 'scores' ? [batch!, classes!] : [batch!],
      }),
    ]),
  );
  return (name) => inputs.get(name)!;
}

function parameterGradients(plan: ProgramPlan, { g, forward, loss }: BuiltLoss): Map<string, Value> {
  return differentiate(
    g,
    loss,
    plan.trained.map(({ name }) => forward.parameters.get(name)!),
  );
}

/** New parameters and optimizer state, and the norm of the gradient before clipping. */
function updates(
  g: Ops,
  plan: ProgramPlan,
  parameters: ReadonlyMap<string, Value>,
  gradients: ReadonlyMap<string, Value>,
): [string, Value][] {
  const outputs: [string, Value][] = [];
  const { optimizer, clip } = plan;
  const rate = g.input(NAMES.rate, { dtype: 'float32', shape: [] });
  const scalar = scalarInputs(g);
  const all = plan.trained.map(({ name }) => gradients.get(name)!);
  const norm = g.sqrt(g.sum(all.map((gradient) => squareSum(g, gradient))));
  outputs.push([NAMES.gradientNorm, norm]);
  for (const { name, rate: factor, weightDecay, mask } of plan.trained) {
    const parameter = parameters.get(name)!;
    const states = new Map(
      optimizer.slots.map((slot) => [slot, g.input(NAMES.state(slot, name), parameter)]),
    );
    const updated = optimizer.update({
      g,
      parameter,
      gradient: clipped(g, gradients.get(name)!, norm, clip),
      rate: g.mul(rate, factor),
      weightDecay,
      state: (slot) => states.get(slot)!,
      scalar,
    });
    const held =
      mask === null ? updated.parameter : g.mul(updated.parameter, g.floats(mask, parameter.shape));
    outputs.push([NAMES.updated(name), held]);
    for (const [slot, value] of Object.entries(updated.state))
      outputs.push([NAMES.updated(NAMES.state(slot, name)), value]);
  }
  return outputs;
}

function squareSum(g: Ops, x: Value): Value {
  return g.reduceSumSquare(x, range(0, x.shape.length), false);
}

/** Gradients scaled so that their common norm is at most maxNorm (as PyTorch's clip_grad_norm_), or each number bounded. */
function clipped(g: Ops, gradient: Value, norm: Value, clip: Clipping | null): Value {
  if (clip === null) return gradient;
  if ('maxNorm' in clip) return g.mul(gradient, g.minimum(g.div(clip.maxNorm, g.plus(norm, 1e-6)), 1));
  return g.maximum(g.minimum(gradient, clip.maxValue), -clip.maxValue);
}

/** Scalar graph inputs, made when first asked for. */
function scalarInputs(g: Ops): (name: string) => Value {
  const made = new Map<string, Value>();
  return (name) => {
    const value = made.get(name) ?? g.input(NAMES.scalar(name), { dtype: 'float32', shape: [] });
    made.set(name, value);
    return value;
  };
}
