import { hardSigmoid, hardSwish } from './activations';
import { invertedResidual } from './inverted-residual';
import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { timmBlock, timmBlocks } from './timm-blocks';

/** Strides of the blocks, and how many of them use ReLU before the rest use hard-swish (Howard et al., ICCV 2019, tables 1 and 2). */
const SIZES = [
  { name: 'large', strides: [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1], relus: 6 },
  { name: 'small', strides: [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1], relus: 3 },
] as const;
const EPSILON = 1e-3;

/** MobileNet v3 of any width under torchvision's or timm's names. */
export function mobilenetV3(net: NetBuilder): Blueprint {
  return net.has('conv_stem.weight') ? underTimmNames(net) : underTorchvisionNames(net);
}

function underTorchvisionNames(net: NetBuilder): Blueprint {
  const [, channels = 0] = net.dims('features.0.0.weight');
  const blocks = net.numbers('features').length - 2;
  const size = SIZES.find(({ strides }) => strides.length === blocks);
  if (!size) throw new Misfit('another number of blocks');
  const relu = (builder: NetBuilder, x: Value): Value => builder.relu(x);
  let x = net.convolution(net.input(channels), 'features.0.0', { stride: 2 });
  x = hardSwish(net, net.batchNorm(x, 'features.0.1', EPSILON));
  size.strides.forEach((stride, i) => {
    const activation = i < size.relus ? relu : hardSwish;
    const how = { stride, activation, squeeze: relu, gate: hardSigmoid, epsilon: EPSILON };
    x = invertedResidual(net, x, `features.${i + 1}.block`, how);
  });
  const head = `features.${blocks + 1}`;
  x = hardSwish(net, net.batchNorm(net.convolution(x, `${head}.0`), `${head}.1`, EPSILON));
  x = hardSwish(net, net.linear(net.globalAverage(x), 'classifier.0'));
  x = net.linear(x, 'classifier.3');
  return { family: 'MobileNet v3', detail: size.name, inputSize: 224, model: net.finish(x, channels, null) };
}

/** timm keeps PyTorch's ε, and a convolution without batch norm where torchvision has the first linear layer. */
function underTimmNames(net: NetBuilder): Blueprint {
  const [, channels = 0] = net.dims('conv_stem.weight');
  const blocks = timmBlocks(net);
  const last = blocks[blocks.length - 1];
  const size = SIZES.find(({ strides }) => strides.length === blocks.length - 1);
  if (!size || !net.has(`${last}.conv.weight`)) throw new Misfit('another number of blocks');
  const relu = (builder: NetBuilder, x: Value): Value => builder.relu(x);
  let x = hardSwish(
    net,
    net.batchNorm(net.convolution(net.input(channels), 'conv_stem', { stride: 2 }), 'bn1'),
  );
  blocks.forEach((name, i) => {
    const activation = i < size.relus ? relu : hardSwish;
    const stride = size.strides[i] ?? 1;
    x = timmBlock(net, x, name, { stride, activation, squeeze: relu, gate: hardSigmoid, epsilon: 1e-5 });
  });
  const pooled = net.emit('GlobalAveragePool', [x.name], x.channels);
  x = hardSwish(net, net.convolution(pooled, 'conv_head'));
  x = net.linear(net.flatten(x, x.channels), 'classifier');
  return { family: 'MobileNet v3', detail: size.name, inputSize: 224, model: net.finish(x, channels, null) };
}
