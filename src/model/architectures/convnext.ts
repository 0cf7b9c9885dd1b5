import { gelu } from './activations';
import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { channelNorm, layerNorm, linearOnLast, transpose } from './tokens';

const EPSILON = 1e-6;

/** ConvNeXt (Liu et al., CVPR 2022) of any size under torchvision's names: stages 1, 3, 5, 7 with downsampling between. */
export function convnext(net: NetBuilder): Blueprint {
  const [, channels = 0, patch = 0] = net.dims('features.0.0.weight');
  let x = net.convolution(net.input(channels), 'features.0.0', { stride: patch, padding: 0 });
  x = channelNorm(net, x, 'features.0.1', EPSILON);
  const depths: number[] = [];
  for (const part of net.numbers('features').slice(1)) {
    const name = `features.${part}`;
    if (net.has(`${name}.1.weight`) && net.dims(`${name}.1.weight`).length === 4) {
      x = net.convolution(channelNorm(net, x, `${name}.0`, EPSILON), `${name}.1`, { stride: 2, padding: 0 });
      continue;
    }
    const blocks = net.numbers(name);
    depths.push(blocks.length);
    for (const number of blocks) x = block(net, x, `${name}.${number}`);
  }
  if (depths.length === 0) throw new Misfit('no stages');
  const pooled = net.globalAverage(x);
  const logits = net.linear(layerNorm(net, pooled, 'classifier.0', EPSILON), 'classifier.2');
  return {
    family: 'ConvNeXt',
    detail: `blocks ${depths.join('-')}`,
    inputSize: 224,
    model: net.finish(logits, channels, null),
  };
}

function block(net: NetBuilder, x: Value, name: string): Value {
  let y = transpose(net, net.convolution(x, `${name}.block.0`), [0, 2, 3, 1]);
  y = layerNorm(net, y, `${name}.block.2`, EPSILON);
  y = gelu(net, linearOnLast(net, y, `${name}.block.3.weight`, `${name}.block.3.bias`));
  y = linearOnLast(net, y, `${name}.block.5.weight`, `${name}.block.5.bias`);
  y = transpose(net, y, [0, 3, 1, 2]);
  const scale = net.take(`${name}.layer_scale`, [y.channels, 1, 1]);
  return net.add(net.emit('Mul', [y.name, scale], y.channels), x);
}
