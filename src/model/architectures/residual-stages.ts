import { Misfit, type NetBuilder, type Value } from './net-builder';

/** Adds the block under a name, given what comes before it and its stride. */
export type ResidualBlock = (net: NetBuilder, x: Value, name: string, stride: number) => Value;

/**
 * The stages `layer1`, `layer2` … of a residual network. Strides do not show in weights: stages after the first halve the
 * image. Returns the output, and the kind and number of blocks for a person.
 */
export function residualStages(
  net: NetBuilder,
  input: Value,
  block: ResidualBlock,
): { readonly output: Value; readonly blocks: string } {
  let x = input;
  const depths: number[] = [];
  for (let stage = 1; net.numbers(`layer${stage}`).length > 0; stage++) {
    const numbers = net.numbers(`layer${stage}`);
    depths.push(numbers.length);
    for (const [i, number] of numbers.entries())
      x = block(net, x, `layer${stage}.${number}`, stage > 1 && i === 0 ? 2 : 1);
  }
  if (depths.length === 0) throw new Misfit('no stages');
  const kind = isBottleneck(net, `layer1.${net.numbers('layer1')[0]}`) ? 'bottleneck' : 'basic';
  return { output: x, blocks: `${kind} blocks ${depths.join('-')}` };
}

/** A bottleneck has a third convolution. */
export function isBottleneck(net: NetBuilder, block: string): boolean {
  return net.has(`${block}.conv3.weight`);
}
