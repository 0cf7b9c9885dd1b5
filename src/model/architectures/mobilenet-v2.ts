import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { timmBlock, timmBlocks } from './timm-blocks';

/** Blocks of each stage and its stride (Sandler et al., CVPR 2018, table 2). */
const STAGES: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 2],
  [3, 1],
  [3, 2],
  [1, 1],
];

/** MobileNet v2 of any width under torchvision's or timm's names. */
export function mobilenetV2(net: NetBuilder): Blueprint {
  const strides = STAGES.flatMap(([blocks, stride]) =>
    Array.from({ length: blocks }, (_, i) => (i === 0 ? stride : 1)),
  );
  return net.has('conv_stem.weight') ? underTimmNames(net, strides) : underTorchvisionNames(net, strides);
}

function underTorchvisionNames(net: NetBuilder, strides: readonly number[]): Blueprint {
  const [, channels = 0] = net.dims('features.0.0.weight');
  if (net.numbers('features').length !== strides.length + 2) throw new Misfit('another number of blocks');
  let x = normed(net, net.input(channels), 'features.0.0', 'features.0.1', 2);
  strides.forEach((stride, i) => {
    x = block(net, x, `features.${i + 1}.conv`, stride);
  });
  const head = `features.${strides.length + 1}`;
  x = net.globalAverage(normed(net, x, `${head}.0`, `${head}.1`, 1));
  x = net.linear(x, 'classifier.1');
  return {
    family: 'MobileNet v2',
    detail: `${strides.length} blocks`,
    inputSize: 224,
    model: net.finish(x, channels, null),
  };
}

function underTimmNames(net: NetBuilder, strides: readonly number[]): Blueprint {
  const [, channels = 0] = net.dims('conv_stem.weight');
  const blocks = timmBlocks(net);
  if (blocks.length !== strides.length) throw new Misfit('another number of blocks');
  const relu6 = (builder: NetBuilder, x: Value): Value => builder.relu6(x);
  let x = normed(net, net.input(channels), 'conv_stem', 'bn1', 2);
  blocks.forEach((name, i) => {
    // It has no squeeze and excitation: what would stand there is never asked for.
    if (net.has(`${name}.se.conv_reduce.weight`)) throw new Misfit('squeeze and excitation');
    const how = { stride: strides[i]!, activation: relu6, squeeze: relu6, gate: relu6, epsilon: 1e-5 };
    x = timmBlock(net, x, name, how);
  });
  x = net.globalAverage(normed(net, x, 'conv_head', 'bn2', 1));
  x = net.linear(x, 'classifier');
  return {
    family: 'MobileNet v2',
    detail: `${blocks.length} blocks`,
    inputSize: 224,
    model: net.finish(x, channels, null),
  };
}

function normed(net: NetBuilder, x: Value, convolution: string, norm: string, stride: number): Value {
  return net.relu6(net.batchNorm(net.convolution(x, convolution, { stride }), norm));
}

/** An inverted residual: expansion (left out where the factor is 1), depthwise, projection without activation. */
function block(net: NetBuilder, x: Value, name: string, stride: number): Value {
  const expands = net.has(`${name}.1.0.weight`);
  let y = x;
  if (expands) y = normed(net, y, `${name}.0.0`, `${name}.0.1`, 1);
  const depthwise = expands ? `${name}.1` : `${name}.0`;
  y = normed(net, y, `${depthwise}.0`, `${depthwise}.1`, stride);
  const projection = expands ? 2 : 1;
  y = net.batchNorm(net.convolution(y, `${name}.${projection}`), `${name}.${projection + 1}`);
  return stride === 1 && y.channels === x.channels ? net.add(x, y) : y;
}
