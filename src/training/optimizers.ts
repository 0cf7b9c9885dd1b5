import type { Ops } from './graph/ops';
import type { Value } from './graph/value';

/** What the update of one parameter is built from. */
export interface UpdateScope {
  readonly g: Ops;
  readonly parameter: Value;
  readonly gradient: Value;
  /** Learning rate of this parameter's group in this step. */
  readonly rate: Value;
  readonly weightDecay: number;
  /** The optimizer's state of this parameter, by slot; zeros at the start, of the parameter's shape. */
  readonly state: (slot: string) => Value;
  /** A number from `Optimizer.scalarsAt`. */
  readonly scalar: (name: string) => Value;
}

export interface Updated {
  readonly parameter: Value;
  readonly state: Readonly<Record<string, Value>>;
}

/** A rule that turns gradients into new parameters, as part of the graph. */
export interface Optimizer {
  readonly name: string;
  /** Of every parameter that no group says otherwise for. */
  readonly weightDecay: number;
  readonly slots: readonly string[];
  /** Numbers that depend on the step alone; steps count from 1. */
  scalarsAt(step: number): Readonly<Record<string, number>>;
  update(scope: UpdateScope): Updated;
}

/**
 * Stochastic gradient descent as PyTorch has it: g ← g + λ·p; v ← μ·v + g; p ← p − η·v, or with Nesterov momentum
 * p ← p − η·(g + μ·v) (Sutskever et al. 2013).
 */
export function sgd(
  options: { momentum?: number; nesterov?: boolean; weightDecay?: number } = {},
): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  return {
    name: 'sgd',
    weightDecay,
    slots: momentum === 0 ? [] : ['velocity'],
    scalarsAt: () => ({}),
    update(scope) {
      const { g, parameter, rate } = scope;
      const gradient = decayed(scope);
      if (momentum === 0) return { parameter: g.sub(parameter, g.mul(gradient, rate)), state: {} };
      const velocity = g.plus(g.mul(scope.state('velocity'), momentum), gradient);
      const direction = nesterov ? g.plus(g.mul(velocity, momentum), gradient) : velocity;
      return { parameter: g.sub(parameter, g.mul(direction, rate)), state: { velocity } };
    },
  };
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1), ε outside the root: m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²;
 * p ← p − η·(m/(1−β₁ᵗ))/(√(v/(1−β₂ᵗ)) + ε). Weight decay is added to the gradient.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', options, false);
}

/** AdamW (Loshchilov & Hutter 2019, algorithm 2): weight decay apart from the gradient, p ← p − η·λ·p first. */
export function adamw(options: AdamOptions = {}): Optimizer {
  return adamLike('adamw', { weightDecay: 0.01, ...options }, true);
}

export interface AdamOptions {
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

function adamLike(name: string, options: AdamOptions, decoupled: boolean): Optimizer {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 } = options;
  const [beta1, beta2] = betas;
  return {
    name,
    weightDecay,
    slots: ['mean', 'square'],
    // The powers are taken here, in double precision.
    scalarsAt: (step) => ({
      meanCorrection: 1 / (1 - beta1 ** step),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    }),
    update(scope) {
      const { g, parameter, rate } = scope;
      const gradient = decoupled ? scope.gradient : decayed(scope);
      const mean = g.plus(g.mul(scope.state('mean'), beta1), g.mul(gradient, 1 - beta1));
      const square = g.plus(g.mul(scope.state('square'), beta2), g.mul(g.square(gradient), 1 - beta2));
      const root = g.plus(g.mul(g.sqrt(square), scope.scalar('rootCorrection')), epsilon);
      const size = g.mul(rate, scope.scalar('meanCorrection'));
      const kept =
        decoupled && scope.weightDecay !== 0
          ? g.mul(parameter, g.sub(1, g.mul(rate, scope.weightDecay)))
          : parameter;
      return { parameter: g.sub(kept, g.mul(g.div(mean, root), size)), state: { mean, square } };
    },
  };
}

function decayed({ g, parameter, gradient, weightDecay }: UpdateScope): Value {
  return weightDecay === 0 ? gradient : g.plus(gradient, g.mul(parameter, weightDecay));
}
