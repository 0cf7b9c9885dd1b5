import { Misfit, type NetBuilder, type Value } from './net-builder';
import type { Blueprint } from './recognise';

/** torchvision pools to this size before its classifier. */
const POOLED = 7;

/**
 * VGG with or without batch norm (Simonyan and Zisserman, ICLR 2015), under the names of torchvision and timm (a classifier
 * of three layers on 7 × 7 positions) or of the usual CIFAR code (one layer on one position). Pools have no weights: they
 * show as gaps in the numbers of `features`, and one ends them.
 */
export function vgg(net: NetBuilder): Blueprint {
  const [, channels = 0, kernel = 0] = net.dims('features.0.weight');
  if (kernel !== 3) throw new Misfit('no VGG stem');
  const convolutions = net.numbers('features').filter((n) => net.dims(`features.${n}.weight`).length === 4);
  let x = net.input(channels);
  let halvings = 0;
  const withNorm = net.has('features.1.running_var');
  for (const [i, n] of convolutions.entries()) {
    x = net.convolution(x, `features.${n}`);
    if (withNorm) x = net.batchNorm(x, `features.${n + 1}`);
    x = net.relu(x);
    const next = convolutions[i + 1];
    const gap = next === undefined ? null : next - n - (withNorm ? 3 : 2);
    if (gap !== null && gap !== 0 && gap !== 1) throw new Misfit('unknown layers between convolutions');
    if (gap !== 0) {
      x = net.maxPool(x, 2, 2);
      halvings++;
    }
  }
  const described = (size: number, logits: Value): Blueprint => ({
    family: withNorm ? 'VGG-bn' : 'VGG',
    detail: `${convolutions.length} convolutions, images of ${size} × ${size}`,
    inputSize: size,
    model: net.finish(logits, channels, size),
  });
  if (net.has('head.fc.weight')) return described(POOLED * 2 ** halvings, timmHead(net, x));
  const single = net.has('classifier.weight');
  const [, inputs = 0] = net.dims(single ? 'classifier.weight' : 'classifier.0.weight');
  const positions = inputs / x.channels;
  // 32 × 32 images leave one position after five pools; torchvision repeats it to 7 × 7.
  const small = halvings === 5 && (positions === 1 || isSmallNet(net));
  const size = positions === 1 || small ? 32 : POOLED * 2 ** halvings;
  if (positions === 1) x = net.globalAverage(x);
  else if (positions === POOLED * POOLED) {
    x = net.flatten(small ? net.expand(x, POOLED) : x, inputs);
  } else throw new Misfit('a classifier of another size');
  if (single) x = net.linear(x, 'classifier');
  else {
    const layers = net.numbers('classifier');
    for (const [i, n] of layers.entries()) {
      x = net.linear(x, `classifier.${n}`);
      if (i < layers.length - 1) x = net.relu(x);
    }
  }
  return described(size, x);
}

/** timm writes the hidden linear layers as convolutions. */
function timmHead(net: NetBuilder, x: Value): Value {
  const hidden = net.relu(net.convolution(x, 'pre_logits.fc1', { padding: 0 }));
  const last = net.relu(net.convolution(hidden, 'pre_logits.fc2', { padding: 0 }));
  return net.linear(net.globalAverage(last), 'head.fc');
}

/** torchvision's VGG is trained on 224 × 224 images where it has ImageNet's classes, on CIFAR's size where it has few. */
function isSmallNet(net: NetBuilder): boolean {
  const last = net.numbers('classifier').at(-1);
  const [classes = 0] = net.dims(`classifier.${last ?? 0}.weight`);
  return classes < 200;
}
