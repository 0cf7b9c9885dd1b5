import { recognise } from './architectures/recognise';
import type { Checkpoint, TensorEdit } from './checkpoint';
import type { CheckpointTensor } from './checkpoint-tensor';
import { ModelError } from '../protocol/errors';
import { encodeValues } from './encode-values';
import { encodeModel } from './onnx/encode';
import type { OnnxModel } from './onnx/graph';
import { IMAGE_SIZE_KEY, imageSizeText } from './onnx/recorded';
import { elementsOf, foreignBytes } from './onnx/tensor-data';

const FLOAT32 = 4;
/** Protocol buffers end at 2 GiB; what is beside the weights takes little. */
const MOST_BYTES = 2 ** 31 - 2 ** 24;

/** The network that a checkpoint's weights belong to. */
export interface WeightedGraph {
  /** What it is, for a person: "ResNet (basic blocks 2-2-2-2, CIFAR stem)". */
  readonly architecture: string;
  /** How that is known: a sentence. */
  readonly origin: string;
  /** Height and width of the images that it is usually given. */
  readonly inputSize: number;
  /** The graph, in float32; its weights are read from the checkpoint when asked for. */
  readonly model: OnnxModel;
  /** The checkpoint's tensor behind each initializer that is a weight. */
  readonly weights: ReadonlyMap<string, CheckpointTensor>;
}

/** Why there is no graph, as the end of "the file holds weights, but …". */
export interface NoGraph {
  readonly problem: string;
}

/**
 * The network of a checkpoint: as the file declares it, or as its architecture is recognised from names and shapes.
 * Nothing of its weights is read.
 */
export function weightedGraph(checkpoint: Checkpoint): WeightedGraph | NoGraph {
  if (checkpoint.graph) return checkpoint.graph();
  const found = recognise(checkpoint.tensors);
  if (found === null)
    return { problem: 'they fit none of the architectures that Scour recognises by names and shapes' };
  const architecture = `${found.family} (${found.detail})`;
  return {
    architecture,
    origin: `Recognised as ${architecture} from names and shapes; strides and pools, which do not show in weights, are as is usual for it.`,
    inputSize: found.inputSize,
    model: found.model,
    weights: new Map(
      checkpoint.tensors
        .filter(({ name }) => found.model.graph.initializers.has(name))
        .map((tensor) => [tensor.name, tensor]),
    ),
  };
}

/** True where there is a graph. */
export function hasGraph(found: WeightedGraph | NoGraph): found is WeightedGraph {
  return 'model' in found;
}

/**
 * The network as an ONNX file, in float32, with some of its weights changed and entries in its metadata.
 * @throws ModelError where a weight cannot be read, or `too-large` where they are more than an ONNX file holds.
 */
export function encodeGraph(
  { model, weights, inputSize: side }: WeightedGraph,
  edits: readonly TensorEdit[] = [],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let bytes = 0;
  for (const { dims } of model.graph.initializers.values()) bytes += FLOAT32 * elementsOf({ dims });
  if (bytes > MOST_BYTES) {
    const [tensor] = weights.values();
    throw new ModelError(
      'too-large',
      tensor?.file ?? '',
      `${tensor?.file}: its weights take ${Math.round(bytes / 1e9)} GB in float32, more than one ONNX file holds.`,
    );
  }
  // By name: the same tensor may be looked at through several views.
  for (const { tensor } of edits) {
    const weight = weights.get(tensor.name);
    if (weight?.dims.join() !== tensor.dims.join())
      throw new TypeError(`'${tensor.name}' is no weight of the graph`);
  }
  const usual = imageSizeText({ height: side, width: side });
  const entries = [...model.metadata, [IMAGE_SIZE_KEY, usual] as const, ...Object.entries(metadata)];
  const all = { ...model, metadata: new Map(entries) };
  return encodeModel(all, (tensor) => {
    const { data, dtype } = tensor;
    if (data.kind === 'memory') return data.bytes;
    if (data.kind !== 'foreign') throw new TypeError(`'${tensor.name}' is no weight of a checkpoint`);
    const bytes = foreignBytes(dtype, elementsOf(tensor), data.slice);
    for (const edit of edits) {
      if (edit.tensor.name === tensor.name)
        bytes.set(encodeValues(dtype, edit.values), edit.start * (bytes.length / elementsOf(tensor)));
    }
    return bytes;
  });
}
