import type { CheckpointTensor } from '../checkpoint-tensor';
import type { OnnxModel } from '../onnx/graph';
import { convnext } from './convnext';
import { densenet } from './densenet';
import { efficientnet } from './efficientnet';
import { mobilenetV2 } from './mobilenet-v2';
import { mobilenetV3 } from './mobilenet-v3';
import { ModuleNames } from './module-names';
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
  /** The graph. Its weights have the checkpoint's names, and are read from there. */
  readonly model: OnnxModel;
}

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
export function recognise(tensors: readonly CheckpointTensor[]): Blueprint | null {
  const names = ModuleNames.of(tensors);
  if (names === null) return null;
  for (const family of FAMILIES) {
    try {
      return family(new NetBuilder(names));
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
    }
  }
  return null;
}
