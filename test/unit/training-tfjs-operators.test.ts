import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/model/onnx/encode';
import { TrainingSession, type HostTensor } from '../../src/runtime/training-session';
import { differentiate } from '../../src/training/gradients/differentiate';
import { differentiableOperators } from '../../src/training/gradients/registry';
import { NOT_MAPPED, operatorOf } from '../../src/training/tfjs/operators/registry';
import { TfGraph } from '../../src/training/tfjs/tf-graph';
import type { Tensor, Tfjs } from '../../src/training/tfjs/tfjs';
import { CASES, build, point, titleOf } from '../support/gradient-cases';
import { loadTfjsCpu } from '../support/tfjs';
import { worstError } from '../support/training';

/** Cases that the mapping refuses, of operators that it has otherwise, with what it says. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'AveragePool, dilated': /dilated/,
  'MaxPool, ceil mode, dilated': /dilated/,
  'Conv, in one dimension': /1 spatial axes/,
  'Conv, in three dimensions': /3 spatial axes/,
};

/**
 * Every operator's outputs and gradients from two implementations that share nothing but the graph: onnxruntime with
 * Scour's rules, and TensorFlow.js with its own autodiff.
 */
describe('gradient rules agree with the autodiff of TensorFlow.js', () => {
  let tf: Tfjs;
  const compared = new Set<string>();
  beforeAll(async () => {
    tf = await loadTfjsCpu();
  });
  afterAll(() => {
    if (compared.size > 60)
      expect([...compared].sort()).toEqual(
        differentiableOperators()
          .filter((op) => !NOT_MAPPED.has(op))
          .sort(),
      );
  });

  it('every operator with a rule is mapped, or listed with the reason why not', () => {
    for (const op of differentiableOperators())
      expect(operatorOf(op) === undefined, op).toBe(NOT_MAPPED.has(op));
  });

  for (const row of CASES.filter(({ op }) => !NOT_MAPPED.has(op))) {
    const title = titleOf(row);
    const refusal = REFUSED[title];
    it(title, async () => {
      const { g, inputs, loss, outputs } = build(row);
      const at = inputs.map((input, i) => point(input, i, row));
      const graph = new TfGraph(tf, g, new Map([['loss', loss], ...outputs]));
      const evaluate = (): Tensor[] =>
        autodiff(
          tf,
          graph,
          inputs.map(({ name }) => name),
          at,
          [...outputs.keys()],
        );
      if (refusal !== undefined) {
        expect(evaluate).toThrow(refusal);
        return;
      }
      const got = await Promise.all(evaluate().map((tensor) => tensor.data()));

      const gradients = differentiate(g, loss, inputs);
      const wanted = new Map([
        ...outputs,
        ...inputs.map((input, i) => [`d${i}`, gradients.get(input.name)!] as const),
      ]);
      const opset = new Map([['', Math.max(18, row.opset ?? 18)]]);
      const session = await TrainingSession.create(encodeModel(g.toModel(wanted, opset)), OPTIONS);
      const reference = await session.run(new Map(inputs.map((input, i) => [input.name, at[i]!])));
      await session.release();
      [...wanted.keys()].forEach((name, i) => {
        expect(worstError(got[i]!, reference.get(name)!.data as Float32Array), name).toBeLessThan(1e-4);
      });
      compared.add(row.op);
    });
  }
});

const OPTIONS = { device: 'cpu', threads: 1, optimize: false } as const;

/** The outputs named, then the gradient of 'loss' with respect to every input. */
function autodiff(
  tf: Tfjs,
  graph: TfGraph,
  names: readonly string[],
  at: readonly HostTensor[],
  outputs: readonly string[],
): Tensor[] {
  return tf.tidy(() => {
    const xs = at.map(({ data, shape }) => tf.tensor(data as Float32Array, [...shape]));
    const feeds = new Map(names.map((name, i) => [name, xs[i]!]));
    const values = graph.evaluate(feeds);
    const gradients = tf.grads((...moved: Tensor[]) => {
      const result = graph.evaluate(new Map(names.map((name, i) => [name, moved[i]!])));
      return result.get('loss')!;
    })(xs);
    return [...outputs.map((name) => values.get(name)!), ...gradients];
  });
}
