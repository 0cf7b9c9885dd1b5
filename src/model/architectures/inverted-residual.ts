import { squeezeExcite } from './activations';
import { Misfit, type NetBuilder, type Value } from './net-builder';

export type Activation = (net: NetBuilder, x: Value) => Value;

/** How a family fills in its inverted residual blocks. */
export interface InvertedResidual {
  readonly stride: number;
  readonly activation: Activation;
  /** Between the two convolutions of squeeze and excitation, and after them. */
  readonly squeeze: Activation;
  readonly gate: Activation;
  readonly epsilon: number;
}

/**
 * torchvision's inverted residual with squeeze and excitation (MobileNet v3, EfficientNet): `module.0` expands (left out
 * where it would not), then depthwise, squeeze and excitation where the block has it, and a projection without
 * activation; each but the excitation is a convolution `.0` and a batch norm `.1`. In the fused blocks of EfficientNet v2
 * one convolution both expands and looks around, and is all there is where it does not expand.
 */
export function invertedResidual(net: NetBuilder, x: Value, module: string, how: InvertedResidual): Value {
  const parts = net.numbers(module);
  if (parts.length === 0) throw new Misfit(`'${module}' is no inverted residual`);
  let y = x;
  for (const part of parts) {
    const name = `${module}.${part}`;
    if (net.has(`${name}.fc1.weight`)) {
      const modules = { reduce: `${name}.fc1`, expand: `${name}.fc2` };
      y = squeezeExcite(net, y, modules, how.squeeze, how.gate);
      continue;
    }
    const [, , kernel = 0] = net.dims(`${name}.0.weight`);
    y = net.convolution(y, `${name}.0`, { stride: kernel > 1 ? how.stride : 1 });
    y = net.batchNorm(y, `${name}.1`, how.epsilon);
    if (parts.length === 1 || part !== parts[parts.length - 1]) y = how.activation(net, y);
  }
  return how.stride === 1 && y.channels === x.channels ? net.add(x, y) : y;
}
