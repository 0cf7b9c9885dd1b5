import { float, floatTensor, graphOf, int, ints, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../src/model/onnx/graph';
import { parseModel } from '../../src/model/onnx/parse';
import { TensorReader } from '../../src/model/onnx/tensor-data';
import { MemorySource } from '../../src/model/source';
import type { Batch } from '../../src/training/batch';
import { Trainer } from '../../src/training/trainer';
import type { TrainerOptions } from '../../src/training/trainer-options';

/** Reproducible numbers in −1 … 1. */
export function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233));
}

export function weights(
  name: string,
  dims: readonly number[],
  seed: number,
  scale = 0.5,
  shift = 0,
): OnnxTensor {
  const length = dims.reduce((a, b) => a * b, 1);
  return floatTensor(
    name,
    dims,
    noise(length, seed).map((value) => value * scale + shift),
  );
}

/** conv – batch norm – ReLU – pool – linear, of 3 × 6 × 6 images and 4 classes. */
export function smallNet(opset = 17, batch: number | string = 'batch'): OnnxModel {
  return netOf(
    [
      node('Conv', ['x', 'conv.weight'], ['c'], { pads: ints([1, 1, 1, 1]) }),
      node('BatchNormalization', ['c', 'bn.weight', 'bn.bias', 'bn.mean', 'bn.var'], ['n'], {
        momentum: float(0.9),
      }),
      node('Relu', ['n'], ['r']),
      node('GlobalAveragePool', ['r'], ['p']),
      node('Flatten', ['p'], ['f'], { axis: int(1) }),
      node('Gemm', ['f', 'fc.weight', 'fc.bias'], ['logits'], { transB: int(1) }),
    ],
    [
      weights('conv.weight', [5, 3, 3, 3], 1),
      weights('bn.weight', [5], 2, 0.2, 1),
      weights('bn.bias', [5], 3, 0.2),
      weights('bn.mean', [5], 4, 0.2),
      weights('bn.var', [5], 5, 0.2, 1),
      weights('fc.weight', [4, 5], 6),
      weights('fc.bias', [4], 7),
    ],
    opset,
    [batch, 3, 6, 6],
  );
}

/** conv – batch norm – pool – linear, and tensors of 64 Ki weights of which only the mean counts: little arithmetic, much state. */
export function largeNet(tensors: number): OnnxModel {
  const each = Array.from({ length: tensors }, (_, i) => i);
  return netOf(
    [
      node('Conv', ['x', 'conv.weight'], ['c'], { pads: ints([1, 1, 1, 1]) }),
      node('BatchNormalization', ['c', 'bn.weight', 'bn.bias', 'bn.mean', 'bn.var'], ['n'], {
        momentum: float(0.9),
      }),
      node('GlobalAveragePool', ['n'], ['p']),
      node('Flatten', ['p'], ['f'], { axis: int(1) }),
      node('Gemm', ['f', 'fc.weight', 'fc.bias'], [tensors === 0 ? 'logits' : 'h0'], { transB: int(1) }),
      ...each.flatMap((i) => [
        node('ReduceMean', [`h${i}`], [`b${i}`], { axes: ints([0]), keepdims: int(1) }),
        node('Mul', [`large${i}`, `b${i}`], [`l${i}`]),
        node('ReduceMean', [`l${i}`], [`m${i}`], { axes: ints([0]), keepdims: int(1) }),
        node('Add', [`h${i}`, `m${i}`], [i === tensors - 1 ? 'logits' : `h${i + 1}`]),
      ]),
    ],
    [
      weights('conv.weight', [5, 3, 3, 3], 1),
      weights('bn.weight', [5], 2, 0.2, 1),
      weights('bn.bias', [5], 3, 0.2),
      weights('bn.mean', [5], 4, 0.2),
      weights('bn.var', [5], 5, 0.2, 1),
      weights('fc.weight', [4, 5], 6),
      weights('fc.bias', [4], 7),
      ...each.map((i) => weights(`large${i}`, [16384, 4], 10 + i, 0.1)),
    ],
  );
}

/** A model of one input 'x' and one output 'logits', as it reads back from its bytes. */
export function netOf(
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[],
  opset = 17,
  shape: readonly (number | string)[] = ['batch', 3, 6, 6],
): OnnxModel {
  return modelOf(
    graphOf({
      nodes,
      initializers,
      inputs: [valueInfo('x', 'float32', shape)],
      outputs: [valueInfo('logits', 'float32', null)],
    }),
    opset,
  );
}

/** A trainer of a model that goes through its bytes, as one read from a file does. */
export function trainerIn(model: OnnxModel, options: TrainerOptions): Promise<Trainer> {
  const source = new MemorySource('net.onnx', encodeModel(model));
  return Trainer.create(parseModel(source), new TensorReader(source, null), options);
}

/** Images of 3 × 6 × 6 with labels, teacher scores and sample weights. */
export function batchOf(size: number, seed = 0, classes = 4): Batch {
  return {
    images: noise(size * 108, seed),
    size,
    targets: {
      teacher: noise(size * classes, seed + 0.5),
      labels: Array.from({ length: size }, (_, i) => (i * 7 + seed) % classes),
    },
  };
}
