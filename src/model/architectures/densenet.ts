import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';

/**
 * DenseNet-BC (Huang et al., CVPR 2017) under torchvision's names (timm's are the same); a 7 × 7 stem is followed by a
 * pool.
 */
export function densenet(net: NetBuilder): Blueprint {
  const [, channels = 0, kernel = 0] = net.dims('features.conv0.weight');
  if (kernel !== 7) throw new Misfit('no ImageNet stem');
  let x = net.convolution(net.input(channels), 'features.conv0', { stride: 2 });
  x = net.maxPool(net.relu(net.batchNorm(x, 'features.norm0')), 3, 2, 1);
  const depths: number[] = [];
  // In the weights that torchvision publishes the parts of a layer are called norm.1, conv.1 … instead of norm1, conv1 ….
  const dot = net.has('features.denseblock1.denselayer1.conv.1.weight') ? '.' : '';
  for (let i = 1; net.has(`features.denseblock${i}.denselayer1.conv${dot}1.weight`); i++) {
    const features: Value[] = [x];
    for (let j = 1; net.has(`features.denseblock${i}.denselayer${j}.conv${dot}1.weight`); j++) {
      const name = `features.denseblock${i}.denselayer${j}`;
      const normed = (y: Value, n: number): Value =>
        net.convolution(net.relu(net.batchNorm(y, `${name}.norm${dot}${n}`)), `${name}.conv${dot}${n}`);
      const joined = features.length === 1 ? x : net.concat(features);
      const y = normed(normed(joined, 1), 2);
      features.push(y);
    }
    depths.push(features.length - 1);
    x = net.concat(features);
    const transition = `features.transition${i}`;
    if (net.has(`${transition}.conv.weight`)) {
      x = net.convolution(net.relu(net.batchNorm(x, `${transition}.norm`)), `${transition}.conv`);
      x = net.averagePool(x, 2, 2);
    }
  }
  if (depths.length === 0) throw new Misfit('no dense blocks');
  x = net.globalAverage(net.relu(net.batchNorm(x, 'features.norm5')));
  x = net.linear(x, 'classifier');
  return {
    family: 'DenseNet',
    detail: `dense blocks ${depths.join('-')}`,
    inputSize: 224,
    model: net.finish(x, channels, null),
  };
}
