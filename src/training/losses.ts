import type { Ops } from './graph/ops';
import { range } from './graph/shape';
import type { Value } from './graph/value';

/** A tensor that a batch must bring for the loss. */
export type LossInput =
  /** N × K float32: a number for every class. */
  | 'scores'
  /** N int64: class numbers. */
  | 'labels'
  /** N float32: a number for every sample. */
  | 'samples';

/** What a loss is built from. */
export interface LossScope {
  readonly g: Ops;
  /** N × K */
  readonly logits: Value;
  /** The tensor named in `Loss.inputs`. */
  readonly input: (name: string) => Value;
  /** The scalar named in `Loss.scalars`. */
  readonly scalar: (name: string) => Value;
}

/** A function of the logits and of what a batch brings along, as part of the graph. */
export interface Loss {
  readonly inputs: Readonly<Record<string, LossInput>>;
  /** Numbers that may be given anew in every step, with their defaults. */
  readonly scalars: Readonly<Record<string, number>>;
  /** The loss of every sample, N. */
  perSample(scope: LossScope): Value;
}

/** Terms that are added up; each is the mean over the batch times its weight. */
export interface LossTerm {
  readonly loss: Loss;
  /** A number, or the name of a scalar that is given in every step (1 until then). */
  readonly weight?: number | string;
  /** Name of a per-sample weight: the term is then Σ weight·loss over the samples instead of their mean. */
  readonly samples?: string;
}

/**
 * KL(softmax(t/T) ‖ softmax(s/T)) of student logits s and teacher logits t, without a factor T² (METHODS.md §2;
 * Hinton et al. 2015, eq. 4 has the factor). T is the scalar `temperature`.
 */
export function distillation(options: { temperature?: number; teacher?: string } = {}): Loss {
  const { temperature = 1, teacher = 'teacher' } = options;
  return {
    inputs: { [teacher]: 'scores' },
    scalars: { temperature },
    perSample({ g, logits, input, scalar }) {
      const t = scalar('temperature');
      const target = g.logSoftmax(g.div(input(teacher), t), 1);
      const student = g.logSoftmax(g.div(logits, t), 1);
      return g.reduceSum(g.mul(g.exp(target), g.sub(target, student)), [1], false);
    },
  };
}

/**
 * −Σₖ qₖ·ln softmax(s)ₖ for class numbers, q being one-hot with `smoothing` ε spread evenly: (1 − ε)·onehot + ε/K
 * (Szegedy et al. 2016, §7).
 */
export function crossEntropy(options: { smoothing?: number; labels?: string } = {}): Loss {
  const { smoothing = 0, labels = 'labels' } = options;
  return {
    inputs: { [labels]: 'labels' },
    scalars: {},
    perSample({ g, logits, input }) {
      const classes = logits.shape[1]!;
      const hard = oneHot(g, input(labels), classes);
      const target = g.plus(g.mul(hard, 1 - smoothing), smoothing / classes);
      return g.neg(g.reduceSum(g.mul(target, g.logSoftmax(logits, 1)), [1], false));
    },
  };
}

/** −Σₖ qₖ·ln softmax(s)ₖ for a distribution q over the classes. */
export function softCrossEntropy(options: { targets?: string } = {}): Loss {
  const { targets = 'targets' } = options;
  return {
    inputs: { [targets]: 'scores' },
    scalars: {},
    perSample: ({ g, logits, input }) =>
      g.neg(g.reduceSum(g.mul(input(targets), g.logSoftmax(logits, 1)), [1], false)),
  };
}

/** (1/K)·Σₖ (softmax(s)ₖ − qₖ)² for a distribution q: MixMatch's loss on unlabelled samples (Berthelot et al. 2019, eq. 4). */
export function probabilityMse(options: { targets?: string } = {}): Loss {
  const { targets = 'targets' } = options;
  return {
    inputs: { [targets]: 'scores' },
    scalars: {},
    perSample: ({ g, logits, input }) =>
      g.reduceMean(g.square(g.sub(g.softmax(logits, 1), input(targets))), [1], false),
  };
}

/**
 * α·CE + β·RCE, RCE = −Σₖ pₖ·ln qₖ with p = softmax(s) no less than 1e-7 and q one-hot within [1e-4, 1]
 * (Wang et al. 2019; METHODS.md §3). Where p is at its floor it has no gradient.
 */
export function symmetricCrossEntropy(
  options: { alpha?: number; beta?: number; labels?: string } = {},
): Loss {
  const { alpha = 0.1, beta = 1, labels = 'labels' } = options;
  return {
    inputs: { [labels]: 'labels' },
    scalars: {},
    perSample({ g, logits, input }) {
      const hard = oneHot(g, input(labels), logits.shape[1]!);
      const forward = g.neg(g.reduceSum(g.mul(hard, g.logSoftmax(logits, 1)), [1], false));
      const softmax = g.softmax(logits, 1);
      const probabilities = g.where(g.greater(softmax, 1e-7), softmax, 1e-7);
      const logTarget = g.log(g.where(g.greater(hard, 1e-4), hard, 1e-4));
      const reverse = g.neg(g.reduceSum(g.mul(probabilities, logTarget), [1], false));
      return g.plus(g.mul(forward, alpha), g.mul(reverse, beta));
    },
  };
}

/**
 * The scalar that training minimises. For a part of a batch, `share` is the part's share of it: the losses of all parts
 * then add up to that of the batch.
 */
export function totalLoss(terms: readonly LossTerm[], scope: LossScope, share: Value | null = null): Value {
  const { g } = scope;
  const parts = terms.map(({ loss, weight = 1, samples }) => {
    const each = loss.perSample(scope);
    const mean = (): Value => g.reduceMean(each, [0], false);
    const sum =
      samples !== undefined
        ? g.reduceSum(g.mul(each, scope.input(samples)), [0], false)
        : share === null
          ? mean()
          : g.mul(mean(), share);
    return g.mul(sum, typeof weight === 'string' ? scope.scalar(weight) : weight);
  });
  return g.sum(parts);
}

/** All that batches must bring for the terms. */
export function inputsOf(terms: readonly LossTerm[]): Map<string, LossInput> {
  const inputs = new Map<string, LossInput>();
  for (const { loss, samples } of terms) {
    for (const [name, kind] of Object.entries(loss.inputs)) inputs.set(name, kind);
    if (samples !== undefined) inputs.set(samples, 'samples');
  }
  return inputs;
}

/** The scalars of the terms, with their defaults. */
export function scalarsOf(terms: readonly LossTerm[]): Map<string, number> {
  const scalars = new Map<string, number>();
  for (const { loss, weight } of terms) {
    for (const [name, value] of Object.entries(loss.scalars)) scalars.set(name, value);
    if (typeof weight === 'string') scalars.set(weight, 1);
  }
  return scalars;
}

/** N class numbers as N × K zeros and ones. */
function oneHot(g: Ops, labels: Value, classes: number): Value {
  const column = g.reshape(labels, [labels.shape[0]!, 1]);
  return g.cast(g.equal(column, g.integers(range(0, classes), [1, classes])), 'float32');
}
