import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxLayers } from '../../src/defenses/clp/onnx-layers';
import { writeOnnxCopy } from '../../src/engine/subjects/onnx-subject';
import { penultimateOf, probeOf } from '../../src/evaluation/probe';
import { intAttribute } from '../../src/model/onnx/attributes';
import { openOnnx, type OnnxFile } from '../../src/model/onnx/open';
import { FileSource } from '../../src/model/source';
import { Network } from '../../src/runtime/network';
import { inTemporaryFolder } from '../support/jobs';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

const CPU = { device: 'cpu', threads: 1 } as const;
const COUNT = 3;

/** Logits of the last Gemm for feature rows, from the weights in the file: count × K. */
function linear(file: OnnxFile, scores: string, rows: Float32Array): Float64Array | null {
  const gemm = file.index.producer(scores);
  if (gemm?.opType !== 'Gemm') return null;
  const weight = file.evaluator.evaluate(gemm.inputs[1]!);
  const bias = file.evaluator.evaluate(gemm.inputs[2]!);
  const transposed = intAttribute(gemm, 'transB', 0) === 1;
  const classes = bias.values.length;
  const features = weight.values.length / classes;
  return Float64Array.from({ length: COUNT * classes }, (_, i) => {
    const [n, k] = [Math.floor(i / classes), i % classes];
    let sum = Number(bias.values[k]);
    for (let f = 0; f < features; f++) {
      const at = transposed ? k * features + f : f * classes + k;
      sum += rows[n * features + f]! * Number(weight.values[at]);
    }
    return sum;
  });
}

describe.skipIf(!HAS_SHARED)(`every family of ../shared/golden can be looked into${NEEDS_SHARED}`, () => {
  it.each([
    'convnext',
    'densenet',
    'efficientnet',
    'mobilenet_v2',
    'mobilenet_v3_large',
    'resnet18',
    'shufflenet_v2',
    'squeezenet',
    'vgg_bn',
    'vit',
  ])('%s', async (name) => {
    const model = path.join(SHARED, 'golden', `${name}.onnx`);
    const file = openOnnx(new FileSource(model));
    try {
      const layers = onnxLayers(file.index, file.reader, file.evaluator, { withEpsilon: false });
      const points = layers.flatMap(({ layer, target }) => {
        const node = target?.pairing?.node ?? target?.operator.node;
        return node ? [{ name: layer.name, value: node.outputs[0]! }] : [];
      });
      const scores = file.model.graph.outputs[0]!.name;
      const probe = probeOf(file, points, scores)!;
      expect(probe.features).not.toBeNull();
      await inTemporaryFolder(async (folder) => {
        const copy = path.join(folder, 'probe.onnx');
        await writeOnnxCopy(file, probe.edits, copy);
        const network = await Network.open(copy, CPU);
        const dims = network.inputShape.slice(1).map((dim) => dim ?? 32);
        const size = dims.reduce((product, dim) => product * dim, 1);
        const images = Float32Array.from({ length: COUNT * size }, (_, i) => Math.sin(i * 0.37));
        const names = [scores, probe.features!, ...probe.pooled.map(({ output }) => output)];
        const outputs = await network.run(images, COUNT, dims, names);
        layers.forEach(({ layer }, i) => {
          const { data, dims: shape } = outputs.get(probe.pooled[i]!.output)!;
          expect([shape[0], data.length]).toEqual([layer.channels, COUNT * layer.channels]);
        });
        const logits = linear(file, scores, outputs.get(probe.features!)!.data);
        logits?.forEach((value, i) => expect(value).toBeCloseTo(outputs.get(scores)!.data[i]!, 3));
        // Of ten families only SqueezeNet ends in a convolution.
        expect(logits === null).toBe(name === 'squeezenet');
        await network.release();
        // Scores are those of the model as it is, but for rounding: an exposed value cannot be fused away.
        const original = await Network.open(model, CPU);
        const plain = await original.run(images, COUNT, dims, [scores]);
        plain
          .get(scores)!
          .data.forEach((score, i) => expect(outputs.get(scores)!.data[i]).toBeCloseTo(score, 4));
        await original.release();
      });
    } finally {
      file.close();
    }
  });
});

describe('penultimate features in what exporters write', () => {
  it.each([
    ['opset9.onnx', true],
    ['opset20.onnx', true],
    ['tf-decomposed.onnx', true],
    ['mlp.onnx', true],
    ['external-many.onnx', true],
    ['qdq-per-tensor.onnx', true],
  ])('%s', (name, isFound) => {
    const file = openOnnx(new FileSource(path.join(FIXTURES, 'onnx', name)));
    try {
      const found = penultimateOf(file.index, file.model.graph.outputs[0]!.name);
      expect(found !== null).toBe(isFound);
    } finally {
      file.close();
    }
  });
});
