import { float, floatTensor, graphOf, int, ints, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxTensor } from '../../src/model/onnx/graph';

/** Three stages of convolution, batch norm and ReLU for 3 × 32 × 32 images, as an ONNX file: small enough to train in seconds. */
export function splitNet(classes: number): Uint8Array {
  const widths = [3, 8, 16, 24];
  const stage = (i: number, input: string) => [
    node('Conv', [input, `conv${i}.weight`], [`c${i}`], { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }),
    node('BatchNormalization', [`c${i}`, ...bn(i)], [`n${i}`], { momentum: float(0.9) }),
    node('Relu', [`n${i}`], [`r${i}`]),
  ];
  const bn = (i: number) => ['weight', 'bias', 'mean', 'var'].map((part) => `bn${i}.${part}`);
  const held = (i: number) => [
    tensor(`conv${i}.weight`, [widths[i]!, widths[i - 1]!, 3, 3]),
    ...bn(i).map((name) => tensor(name, [widths[i]!])),
  ];
  const nodes = [
    ...stage(1, 'x'),
    ...stage(2, 'r1'),
    ...stage(3, 'r2'),
    node('GlobalAveragePool', ['r3'], ['p']),
    node('Flatten', ['p'], ['f'], { axis: int(1) }),
    node('Gemm', ['f', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }),
  ];
  const initializers = [
    ...[1, 2, 3].flatMap(held),
    tensor('fc.weight', [classes, widths[3]!]),
    tensor('fc.bias', [classes]),
  ];
  const inputs = [valueInfo('x', 'float32', ['batch', 3, 32, 32])];
  const outputs = [valueInfo('logits', 'float32', null)];
  return encodeModel(modelOf(graphOf({ nodes, initializers, inputs, outputs }), 17));
}

/** All ones: whoever trains this draws its own. */
function tensor(name: string, dims: readonly number[]): OnnxTensor {
  return floatTensor(name, dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1));
}
