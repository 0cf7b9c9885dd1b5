import { float, floatTensor, graphOf, int, ints, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxNode, OnnxTensor } from '../../src/model/onnx/graph';
import { Random } from '../../src/data/random';

/** A CIFAR-style ResNet-18 with random weights as an ONNX file; width 64 is the standard net (11.2 M parameters, 45 MB). */
export function resnet18(width: number, seed = 0): Uint8Array {
  const random = new Random(seed);
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [];
  const tensor = (name: string, dims: number[], value: () => number): string => {
    tensors.push(
      floatTensor(name, dims, Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, value)),
    );
    return name;
  };
  const convolve = (
    x: string,
    name: string,
    from: number,
    to: number,
    side: number,
    stride: number,
  ): string => {
    const pad = (side - 1) / 2;
    const deviation = Math.sqrt(2 / (side * side * to));
    const weight = tensor(`${name}.weight`, [to, from, side, side], () => deviation * random.normal());
    nodes.push(
      node(
        'Conv',
        [x, weight],
        [`${name}.y`],
        {
          kernel_shape: ints([side, side]),
          pads: ints([pad, pad, pad, pad]),
          strides: ints([stride, stride]),
        },
        name,
      ),
    );
    const bn = `${name}.bn`;
    const parameters = [
      tensor(`${bn}.weight`, [to], () => 0.5 + random.uniform()),
      tensor(`${bn}.bias`, [to], () => random.normal() * 0.1),
      tensor(`${bn}.running_mean`, [to], () => random.normal() * 0.1),
      tensor(`${bn}.running_var`, [to], () => 0.5 + random.uniform()),
    ];
    nodes.push(
      node('BatchNormalization', [`${name}.y`, ...parameters], [`${bn}.y`], { epsilon: float(1e-5) }, bn),
    );
    return `${bn}.y`;
  };
  const relu = (x: string): string => {
    nodes.push(node('Relu', [x], [`${x}.relu`]));
    return `${x}.relu`;
  };
  let x = relu(convolve('input', 'conv1', 3, width, 3, 1));
  let channels = width;
  for (let stage = 0; stage < 4; stage++) {
    for (let block = 0; block < 2; block++) {
      const to = width * 2 ** stage;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const name = `layer${stage + 1}.${block}`;
      const inner = relu(convolve(x, `${name}.conv1`, channels, to, 3, stride));
      const main = convolve(inner, `${name}.conv2`, to, to, 3, 1);
      const shortcut =
        stride === 1 && channels === to ? x : convolve(x, `${name}.shortcut`, channels, to, 1, stride);
      nodes.push(node('Add', [main, shortcut], [`${name}.sum`]));
      x = relu(`${name}.sum`);
      channels = to;
    }
  }
  nodes.push(
    node('GlobalAveragePool', [x], ['pooled']),
    node('Flatten', ['pooled'], ['features'], { axis: int(1) }),
  );
  tensor('fc.weight', [10, channels], () => random.normal() * 0.05);
  tensor('fc.bias', [10], () => 0);
  nodes.push(node('Gemm', ['features', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }));
  const graph = graphOf({
    nodes,
    initializers: tensors,
    inputs: [valueInfo('input', 'float32', ['batch', 3, 32, 32])],
    outputs: [valueInfo('logits', 'float32', ['batch', 10])],
  });
  return encodeModel(modelOf(graph, 17));
}
