import { gelu } from './activations';
import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { channelNorm, layerNorm, linearOnLast, transpose } from './tokens';

const EPSILON = 1e-6;

/** What a ConvNeXt's parameters are called. */
interface Names {
  readonly stem: string;
  readonly stemNorm: string;
  /** Norm and convolution between a stage and the one before it. */
  readonly downsample: (stage: number) => { readonly norm: string; readonly convolution: string };
  readonly blocks: (stage: number) => string;
  readonly block: Readonly<Record<'depthwise' | 'norm' | 'hidden' | 'back' | 'scale', string>>;
  readonly headNorm: string;
  readonly head: string;
}

const TORCHVISION: Names = {
  stem: 'features.0.0',
  stemNorm: 'features.0.1',
  downsample: (stage) => ({ norm: `features.${2 * stage}.0`, convolution: `features.${2 * stage}.1` }),
  blocks: (stage) => `features.${2 * stage + 1}`,
  block: { depthwise: 'block.0', norm: 'block.2', hidden: 'block.3', back: 'block.5', scale: 'layer_scale' },
  headNorm: 'classifier.0',
  head: 'classifier.2',
};

const TIMM: Names = {
  stem: 'stem.0',
  stemNorm: 'stem.1',
  downsample: (stage) => ({
    norm: `stages.${stage}.downsample.0`,
    convolution: `stages.${stage}.downsample.1`,
  }),
  blocks: (stage) => `stages.${stage}.blocks`,
  block: { depthwise: 'conv_dw', norm: 'norm', hidden: 'mlp.fc1', back: 'mlp.fc2', scale: 'gamma' },
  headNorm: 'head.norm',
  head: 'head.fc',
};

/** ConvNeXt (Liu et al., CVPR 2022) of any size under torchvision's or timm's names. */
export function convnext(net: NetBuilder): Blueprint {
  const names = net.has('stem.0.weight') ? TIMM : TORCHVISION;
  const [, channels = 0, patch = 0] = net.dims(`${names.stem}.weight`);
  let x = net.convolution(net.input(channels), names.stem, { stride: patch, padding: 0 });
  x = channelNorm(net, x, names.stemNorm, EPSILON);
  const depths: number[] = [];
  for (let stage = 0; net.numbers(names.blocks(stage)).length > 0; stage++) {
    if (stage > 0) {
      const { norm, convolution } = names.downsample(stage);
      x = net.convolution(channelNorm(net, x, norm, EPSILON), convolution, { stride: 2, padding: 0 });
    }
    const blocks = net.numbers(names.blocks(stage));
    depths.push(blocks.length);
    for (const number of blocks) x = block(net, x, `${names.blocks(stage)}.${number}`, names.block);
  }
  if (depths.length === 0) throw new Misfit('no stages');
  const pooled = layerNorm(net, net.globalAverage(x), names.headNorm, EPSILON);
  const logits = net.linear(pooled, names.head);
  return {
    family: 'ConvNeXt',
    detail: `blocks ${depths.join('-')}`,
    inputSize: 224,
    model: net.finish(logits, channels, null),
  };
}

function block(net: NetBuilder, x: Value, name: string, parts: Names['block']): Value {
  const of = (part: keyof Names['block']): string => `${name}.${parts[part]}`;
  let y = transpose(net, net.convolution(x, of('depthwise')), [0, 2, 3, 1]);
  y = layerNorm(net, y, of('norm'), EPSILON);
  y = gelu(net, linearOnLast(net, y, `${of('hidden')}.weight`, `${of('hidden')}.bias`));
  y = linearOnLast(net, y, `${of('back')}.weight`, `${of('back')}.bias`);
  // C × 1 × 1 scales the channels after the transpose, C before it.
  const flat = net.dims(of('scale')).length === 1;
  const scaled = (value: Value): Value => {
    const dims = flat ? [y.channels] : [y.channels, 1, 1];
    return net.emit('Mul', [value.name, net.take(of('scale'), dims)], y.channels);
  };
  const back = flat ? transpose(net, scaled(y), [0, 3, 1, 2]) : scaled(transpose(net, y, [0, 3, 1, 2]));
  return net.add(back, x);
}
