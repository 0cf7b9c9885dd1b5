import { squeezeExcite } from './activations';
import type { InvertedResidual } from './inverted-residual';
import { Misfit, type NetBuilder, type Value } from './net-builder';

/** Blocks of timm's EfficientNet code, in the order of the network: `blocks.STAGE.BLOCK`. */
export function timmBlocks(net: NetBuilder): readonly string[] {
  return net
    .numbers('blocks')
    .flatMap((stage) => net.numbers(`blocks.${stage}`).map((block) => `blocks.${stage}.${block}`));
}

/**
 * One block of timm's EfficientNet code (MobileNet v2 and v3, EfficientNet): depthwise separable (`conv_dw`, `conv_pw`),
 * inverted residual (`conv_pw`, `conv_dw`, `conv_pwl`), or a lone convolution (`conv`).
 */
export function timmBlock(net: NetBuilder, x: Value, module: string, how: InvertedResidual): Value {
  const normed = (y: Value, convolution: string, norm: string, stride = 1): Value =>
    net.batchNorm(
      net.convolution(y, `${module}.${convolution}`, { stride }),
      `${module}.${norm}`,
      how.epsilon,
    );
  if (net.has(`${module}.conv.weight`)) return how.activation(net, normed(x, 'conv', 'bn1', how.stride));
  if (!net.has(`${module}.conv_dw.weight`)) throw new Misfit(`'${module}' is no block of timm's`);
  const expands = net.has(`${module}.conv_pwl.weight`);
  let y = x;
  if (expands) y = how.activation(net, normed(y, 'conv_pw', 'bn1'));
  y = how.activation(net, normed(y, 'conv_dw', expands ? 'bn2' : 'bn1', how.stride));
  if (net.has(`${module}.se.conv_reduce.weight`)) {
    const names = { reduce: `${module}.se.conv_reduce`, expand: `${module}.se.conv_expand` };
    y = squeezeExcite(net, y, names, how.squeeze, how.gate);
  }
  y = expands ? normed(y, 'conv_pwl', 'bn3') : normed(y, 'conv_pw', 'bn2');
  return how.stride === 1 && y.channels === x.channels ? net.add(x, y) : y;
}
