import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';

/**
 * Pre-activation ResNet (He et al., ECCV 2016) as BackdoorBench and the usual CIFAR code write it: batch norm and ReLU
 * come before each convolution, a shortcut is one convolution of what the first of them gives, and the head has no batch
 * norm of its own.
 */
export function preactResnet(net: NetBuilder): Blueprint {
  const [, channels = 0, kernel = 0] = net.dims('conv1.weight');
  if (kernel !== 3 || net.has('bn1.weight')) throw new Misfit('no pre-activation stem');
  let x = net.convolution(net.input(channels), 'conv1');
  const depths: number[] = [];
  let bottleneck = false;
  for (let stage = 1; net.numbers(`layer${stage}`).length > 0; stage++) {
    const blocks = net.numbers(`layer${stage}`);
    depths.push(blocks.length);
    for (const [i, number] of blocks.entries()) {
      const name = `layer${stage}.${number}`;
      bottleneck = net.has(`${name}.conv3.weight`);
      x = block(net, x, name, stage > 1 && i === 0 ? 2 : 1);
    }
  }
  if (depths.length === 0) throw new Misfit('no stages');
  x = net.linear(net.globalAverage(x), net.has('linear.weight') ? 'linear' : 'fc');
  return {
    family: 'PreAct-ResNet',
    detail: `${bottleneck ? 'bottleneck' : 'basic'} blocks ${depths.join('-')}`,
    inputSize: 32,
    model: net.finish(x, channels, null),
  };
}

function block(net: NetBuilder, x: Value, name: string, stride: number): Value {
  const bottleneck = net.has(`${name}.conv3.weight`);
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
