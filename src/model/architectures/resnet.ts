import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { isBottleneck, residualStages } from './residual-stages';

/**
 * ResNet (He et al., CVPR 2016), ResNeXt and wide ResNet, with basic or bottleneck blocks, under the names of
 * torchvision (`downsample`, `fc`) or of the usual CIFAR code (`shortcut`, `linear`). A 7 × 7 stem has stride 2 and a
 * pool after it (ImageNet); a 3 × 3 stem has neither (CIFAR). Strides do not show in weights: stages after the first
 * halve the image, in a bottleneck at its 3 × 3 convolution (as torchvision does since 0.2).
 */
export function resnet(net: NetBuilder): Blueprint {
  const [, channels = 0, kernel = 0] = net.dims('conv1.weight');
  const wide = kernel === 7;
  let x = net.convolution(net.input(channels), 'conv1', { stride: wide ? 2 : 1 });
  x = net.relu(net.batchNorm(x, 'bn1'));
  if (wide) x = net.maxPool(x, 3, 2, 1);
  const { output, blocks } = residualStages(net, x, block);
  const logits = net.linear(net.globalAverage(output), net.has('fc.weight') ? 'fc' : 'linear');
  return {
    family: 'ResNet',
    detail: `${blocks}, ${wide ? 'ImageNet' : 'CIFAR'} stem`,
    inputSize: wide ? 224 : 32,
    model: net.finish(logits, channels, null),
  };
}

function block(net: NetBuilder, x: Value, name: string, stride: number): Value {
  const bottleneck = isBottleneck(net, name);
  let y = net.convolution(x, `${name}.conv1`, { stride: bottleneck ? 1 : stride });
  y = net.relu(net.batchNorm(y, `${name}.bn1`));
  y = net.convolution(y, `${name}.conv2`, { stride: bottleneck ? stride : 1 });
  y = net.batchNorm(y, `${name}.bn2`);
  if (bottleneck) y = net.batchNorm(net.convolution(net.relu(y), `${name}.conv3`), `${name}.bn3`);
  const shortcut = ['downsample', 'shortcut'].find((part) => net.has(`${name}.${part}.0.weight`));
  if (shortcut === undefined && stride !== 1) throw new Misfit(`${name} changes its size without a shortcut`);
  const skip = shortcut
    ? net.batchNorm(net.convolution(x, `${name}.${shortcut}.0`, { stride }), `${name}.${shortcut}.1`)
    : x;
  return net.relu(net.add(y, skip));
}
