import type { CheckpointTensor } from '../checkpoint-tensor';
import { encodeModel } from '../onnx/encode';
import type { OnnxModel } from '../onnx/graph';
import { convnext } from './convnext';
import { densenet } from './densenet';
import { efficientnet } from './efficientnet';
import { mobilenetV2 } from './mobilenet-v2';
import { mobilenetV3 } from './mobilenet-v3';
import { Misfit, NetBuilder } from './net-builder';
import { preactResnet } from './preact-resnet';
import { resnet } from './resnet';
import { vgg } from './vgg';
import { vit } from './vit';

/** What a family makes of a set of weights. */
export interface Blueprint {
  /** "ResNet". */
  readonly family: string;
  /** What sizes it has, for a person. */
  readonly detail: string;
  /** Height and width of the images that it is usually given; the graph may take others. */
  readonly inputSize: number;
  /** The graph. Weights have the checkpoint's names and no values: `encode` puts them in. */
  readonly model: OnnxModel;
}

/** An architecture that was recognised from names and shapes alone. */
export interface Recognised extends Blueprint {
  /** The whole ONNX file, in float32. Throws ModelError where a weight cannot be read. */
  encode(): Uint8Array;
}

/** Elements. */
const PIECE = 8 * 1024 * 1024;

const FAMILIES: readonly ((net: NetBuilder) => Blueprint)[] = [
  resnet,
  preactResnet,
  vgg,
  mobilenetV2,
  mobilenetV3,
  densenet,
  efficientnet,
  convnext,
  vit,
];

/**
 * Recognises the architecture whose weights these are, or null. All tensors must have their place in it and fit; what
 * weights do not show (strides, pools) is as the family's usual code has it, so compare predictions on images of known
 * class where it matters.
 */
export function recognise(tensors: readonly CheckpointTensor[]): Recognised | null {
  for (const family of FAMILIES) {
    try {
      const blueprint = family(new NetBuilder(tensors));
      return { ...blueprint, encode: () => encodeWith(blueprint.model, tensors) };
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
    }
  }
  return null;
}

function encodeWith(model: OnnxModel, tensors: readonly CheckpointTensor[]): Uint8Array {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return encodeModel(model, (tensor) => {
    if (tensor.data.kind === 'memory') return tensor.data.bytes;
    return new Uint8Array(floatsOf(byName.get(tensor.name)!).buffer);
  });
}

/** All values in float32, fetched piece by piece: VGG's first linear layer alone has a hundred million. */
function floatsOf(tensor: CheckpointTensor): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(tensor.elements);
  for (let start = 0; start < floats.length; start += PIECE) {
    floats.set(tensor.slice(start, Math.min(PIECE, floats.length - start)), start);
  }
  return floats;
}
