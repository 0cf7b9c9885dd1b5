import { visible } from '../../protocol/wording';
import type { NoGraph, WeightedGraph } from '../weighted-graph';
import type { WeightFinder } from './declare';
import { layerName } from './declare';
import type { KerasCall, KerasGraph } from './graph';
import { at } from './json';
import { KerasNet, Untranslated, dialectOf, type KerasValue } from './net';
import { layerOutput } from './net-layers';
import { isCount } from './net-windows';

/** Elements of one image in a value; a configuration may claim any size. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * The network of a Keras configuration as an ONNX graph: Sequential and Functional models of 2-D convolutions, batch
 * norms, dense layers, pools and what usually stands between them, channels last. Else says which layer is in the way.
 * `version`: of Keras or TensorFlow.js, as the file says it.
 */
export function kerasNetwork(
  graph: KerasGraph,
  find: WeightFinder,
  version: string | null,
): WeightedGraph | NoGraph {
  try {
    return translated(graph, find, version);
  } catch (error) {
    if (!(error instanceof Untranslated)) throw error;
    return { problem: error.message };
  }
}

function translated(
  { calls, outputs, layers }: KerasGraph,
  find: WeightFinder,
  version: string | null,
): WeightedGraph {
  const [output, ...others] = outputs;
  if (output === undefined || others.length > 0)
    throw new Untranslated('its network has several outputs, or none');
  const net = new KerasNet(dialectOf(version));
  const values = new Map<number, KerasValue>();
  let input: KerasValue | null = null;
  for (const number of inOrder(calls)) {
    const call = calls[number]!;
    try {
      let from = call.inputs.map((each) => values.get(each)!);
      if (from.length === 0) {
        if (input !== null) throw new Untranslated('is a second input');
        input = { name: 'input', shape: inputShape(call), first: false };
        from = [input];
      }
      const made = layerOutput(net, call.layer, from, find);
      if (made.shape.reduce((all, dim) => all * dim, 1) > MAX_ELEMENTS)
        throw new Untranslated('gives values larger than Scour computes');
      values.set(number, made);
    } catch (error) {
      if (!(error instanceof Untranslated)) throw error;
      throw new Untranslated(`its layer '${visible(layerName(call.layer), 100)}' ${error.message}`);
    }
  }
  if (input === null) throw new Untranslated('its network has no input');
  const model = net.finish(input, values.get(output)!);
  const architecture = `Keras network of ${layers.length} layers`;
  return {
    architecture,
    origin: `Its graph was built from the Keras configuration in the file (${layers.length} layers).`,
    inputSize: input.shape[0]!,
    model,
    weights: net.weights,
  };
}

/** Calls after those that they take values of. The configuration was checked to have no cycle. */
function inOrder(calls: readonly KerasCall[]): number[] {
  const waiting = calls.map(({ inputs }) => inputs.length);
  const users = calls.map((): number[] => []);
  calls.forEach(({ inputs }, user) => inputs.forEach((input) => users[input]!.push(user)));
  const order = waiting.flatMap((count, call) => (count === 0 ? [call] : []));
  for (const call of order) {
    for (const user of users[call]!) {
      waiting[user]! -= 1;
      if (waiting[user] === 0) order.push(user);
    }
  }
  return order;
}

/** Height, width and channels that the first layer declares. */
function inputShape({ layer: { config } }: KerasCall): number[] {
  const shape: unknown = at(config, 'batch_shape') ?? at(config, 'batch_input_shape');
  if (!Array.isArray(shape) || shape.length !== 4) throw new Untranslated('declares no images as input');
  const sizes = shape.slice(1) as unknown[];
  if (!sizes.every(isCount)) throw new Untranslated('leaves the size of its images open');
  return sizes;
}
