import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';
import { isBottleneck, residualStages } from './residual-stages';

/**
 * Pre-activation ResNet (He et al., ECCV 2016) as BackdoorBench and the usual CIFAR code write it: batch norm and ReLU
 * come before each convolution, a shortcut is one convolution of what the first of them gives, and the head has no batch
 * norm of its own.
 */
export function preactResnet(net: NetBuilder): Blueprint {
  const [, channels = 0, kernel = 0] = net.dims('conv1.weight');
  if (kernel !== 3 || net.has('bn1.weight')) throw new Misfit('no pre-activation stem');
  const x = net.convolution(net.input(channels), 'conv1');
  const { output, blocks } = residualStages(net, x, block);
  const logits = net.linear(net.globalAverage(output), net.has('linear.weight') ? 'linear' : 'fc');
  return {
    family: 'PreAct-ResNet',
    detail: blocks,
    inputSize: 32,
    model: net.finish(logits, channels, null),
  };
}

function block(net: NetBuilder, x: Value, name: string, stride: number): Value {
  const bottleneck = isBottleneck(net, name);
  const active = net.relu(net.batchNorm(x, `${name}.bn1`));
  const projected = net.has(`${name}.shortcut.0.weight`);
  if (!projected && stride !== 1) throw new Misfit(`${name} changes its size without a shortcut`);
  const skip = projected ? net.convolution(active, `${name}.shortcut.0`, { stride }) : x;
  let y = net.convolution(active, `${name}.conv1`, { stride: bottleneck ? 1 : stride });
  y = net.convolution(net.relu(net.batchNorm(y, `${name}.bn2`)), `${name}.conv2`, {
    stride: bottleneck ? stride : 1,
  });
  if (bottleneck) y = net.convolution(net.relu(net.batchNorm(y, `${name}.bn3`)), `${name}.conv3`);
  return net.add(y, skip);
}
