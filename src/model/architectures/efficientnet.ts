import { sigmoid, silu } from './activations';
import { invertedResidual } from './inverted-residual';
import { Misfit, type NetBuilder } from './net-builder';
import type { Blueprint } from './recognise';
import { timmBlock } from './timm-blocks';

/** Of the seven stages (Tan and Le, ICML 2019, table 1); v2 has the same, and its small size no seventh (ICML 2021, table 4). */
const STRIDES = [1, 2, 2, 2, 1, 2, 1];
/** torchvision's B5 to B7, of 39 blocks and more, have another ε. */
const BLOCKS_OF_B5 = 39;

/** EfficientNet B0 to B7 under torchvision's or timm's names, v2 under torchvision's. */
export function efficientnet(net: NetBuilder): Blueprint {
  return net.has('conv_stem.weight') ? underTimmNames(net) : underTorchvisionNames(net);
}

function underTorchvisionNames(net: NetBuilder): Blueprint {
  const [, channels = 0] = net.dims('features.0.0.weight');
  // The first block of v2 is one convolution; that of v1 begins with a depthwise one.
  const v2 = net.numbers('features.1.0.block').length === 1;
  const strides = STRIDES.slice(0, net.numbers('features').length - 2);
  if (strides.length < STRIDES.length - (v2 ? 1 : 0)) throw new Misfit('another number of stages');
  const depths = strides.map((_, i) => net.numbers(`features.${i + 1}`).length);
  const blocks = depths.reduce((sum, depth) => sum + depth, 0);
  const epsilon = v2 || blocks >= BLOCKS_OF_B5 ? 1e-3 : 1e-5;
  let x = net.convolution(net.input(channels), 'features.0.0', { stride: 2 });
  x = silu(net, net.batchNorm(x, 'features.0.1', epsilon));
  strides.forEach((stride, i) => {
    for (const block of net.numbers(`features.${i + 1}`)) {
      const how = {
        stride: block === 0 ? stride : 1,
        activation: silu,
        squeeze: silu,
        gate: sigmoid,
        epsilon,
      };
      x = invertedResidual(net, x, `features.${i + 1}.${block}.block`, how);
    }
  });
  const head = `features.${strides.length + 1}`;
  x = silu(net, net.batchNorm(net.convolution(x, `${head}.0`), `${head}.1`, epsilon));
  x = net.linear(net.globalAverage(x), 'classifier.1');
  return {
    family: v2 ? 'EfficientNet v2' : 'EfficientNet',
    detail: `blocks ${depths.join('-')}`,
    inputSize: 224,
    model: net.finish(x, channels, null),
  };
}

/** Those whose names begin with `tf_` there have the same names but another padding and ε, which do not show. */
function underTimmNames(net: NetBuilder): Blueprint {
  const [, channels = 0] = net.dims('conv_stem.weight');
  const stages = net.numbers('blocks');
  if (stages.length !== STRIDES.length || !net.has('blocks.0.0.se.conv_reduce.weight'))
    throw new Misfit('no EfficientNet');
  let x = net.convolution(net.input(channels), 'conv_stem', { stride: 2 });
  x = silu(net, net.batchNorm(x, 'bn1'));
  for (const stage of stages) {
    for (const block of net.numbers(`blocks.${stage}`)) {
      const stride = block === 0 ? (STRIDES[stage] ?? 1) : 1;
      const how = { stride, activation: silu, squeeze: silu, gate: sigmoid, epsilon: 1e-5 };
      x = timmBlock(net, x, `blocks.${stage}.${block}`, how);
    }
  }
  x = silu(net, net.batchNorm(net.convolution(x, 'conv_head'), 'bn2'));
  x = net.linear(net.globalAverage(x), 'classifier');
  const depths = stages.map((stage) => net.numbers(`blocks.${stage}`).length);
  return {
    family: 'EfficientNet',
    detail: `blocks ${depths.join('-')}`,
    inputSize: 224,
    model: net.finish(x, channels, null),
  };
}
