import { graphOf, modelOf, node, valueInfo } from '../model/onnx/build';
import { encodeModel } from '../model/onnx/encode';
import { RuntimeError } from '../protocol/errors';
import { TrainingSession } from './training-session';

const CHANNELS = 64;
let known: Promise<number | null> | null = null;

/**
 * Channels in a block of the layout that onnxruntime's CPU provider convolves fastest in on this machine (16 with
 * AVX-512, 8 with AVX2; the operators are in the domain com.microsoft.nchwc), or null where it has none. Found by
 * asking it to reorder a small tensor, once.
 */
export function blockedLayout(): Promise<number | null> {
  known ??= probe();
  return known;
}

async function probe(): Promise<number | null> {
  const shape = [1, CHANNELS, 1, 2];
  const graph = graphOf({
    name: 'layout',
    nodes: [{ ...node('ReorderInput', ['x'], ['y'], {}), domain: 'com.microsoft.nchwc' }],
    initializers: [],
    inputs: [valueInfo('x', 'float32', shape)],
    outputs: [valueInfo('y', 'float32', shape)],
  });
  const model = {
    ...modelOf(graph, 0),
    opsets: new Map([
      ['', 18],
      ['com.microsoft.nchwc', 1],
    ]),
  };
  try {
    const session = await TrainingSession.create(encodeModel(model), { device: 'cpu', threads: 1 });
    const x = {
      dtype: 'float32',
      shape,
      data: Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i),
    } as const;
    const y = (await session.run(new Map([['x', x]]))).get('y')!;
    await session.release();
    // The first block holds the first pixel of its channels; the second pixel of channel 0, which is 1, follows it.
    const block = (y.data as Float32Array).indexOf(1);
    return block > 1 && CHANNELS % block === 0 ? block : null;
  } catch (cause) {
    // A build, or a processor, without these kernels.
    if (cause instanceof RuntimeError) return null;
    throw cause;
  }
}
