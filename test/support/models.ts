import { float, floatTensor, graphOf, int, ints, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../src/model/onnx/graph';

/** Values that differ from each other and are the same on every run. */
export function wavy(count: number, phase = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.37 + phase) * 0.5);
}

export interface SmallNet {
  readonly weight?: Float32Array;
  readonly gamma?: Float32Array;
  readonly variance?: Float32Array;
  readonly nodes?: readonly OnnxNode[];
  readonly tensors?: readonly OnnxTensor[];
  readonly names?: { readonly conv?: string; readonly weight?: string };
}

/** Conv 3→8 (3×3), batch norm, Relu, global pooling, Gemm to 4 classes; input N × 3 × 8 × 8. */
export function smallNet(net: SmallNet = {}): OnnxModel {
  const weight = net.names?.weight ?? 'w';
  const nodes = [
    node(
      'Conv',
      ['x', weight],
      ['c'],
      { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) },
      net.names?.conv ?? 'conv',
    ),
    node('BatchNormalization', ['c', 'gamma', 'beta', 'mean', 'var'], ['n'], { epsilon: float(1e-5) }, 'bn'),
    node('Relu', ['n'], ['r']),
    node('GlobalAveragePool', ['r'], ['p']),
    node('Flatten', ['p'], ['f'], { axis: int(1) }),
    node('Gemm', ['f', 'fw'], ['y']),
    ...(net.nodes ?? []),
  ];
  const initializers = [
    floatTensor(weight, [8, 3, 3, 3], net.weight ?? wavy(216)),
    floatTensor('gamma', [8], net.gamma ?? Float32Array.from([1, 0.5, 2, 1, 1, 1, 4, 1])),
    floatTensor('beta', [8], wavy(8, 1)),
    floatTensor('mean', [8], wavy(8, 2)),
    floatTensor('var', [8], net.variance ?? Float32Array.from({ length: 8 }, (_, i) => 0.5 + i / 8)),
    floatTensor('fw', [8, 4], wavy(32, 3)),
    ...(net.tensors ?? []),
  ];
  const graph = graphOf({
    nodes,
    initializers,
    inputs: [valueInfo('x', 'float32', ['N', 3, 8, 8])],
    outputs: [valueInfo('y', 'float32', ['N', 4])],
  });
  return modelOf(graph, 17);
}

export function smallNetBytes(net: SmallNet = {}): Uint8Array {
  return encodeModel(smallNet(net));
}
