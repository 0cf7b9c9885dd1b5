import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { FileSource } from '../../src/model/source';
import { openTfjs } from '../../src/model/tfjs/open';
import { encodeGraph, hasGraph, weightedGraph, type WeightedGraph } from '../../src/model/weighted-graph';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { ROOT } from '../support/paths';

const L = layers.layers;

/** Every layer that Scour translates, in one network of 3 × 13 × 10 images: odd and even sizes pad differently. */
function everything(): layers.LayersModel {
  const input = layers.input({ shape: [13, 10, 3] });
  const apply = (layer: layers.layers.Layer, ...from: layers.SymbolicTensor[]): layers.SymbolicTensor =>
    layer.apply(from.length === 1 ? from[0]! : from) as layers.SymbolicTensor;
  let x = apply(L.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', useBias: false }), input);
  x = apply(L.batchNormalization({ epsilon: 1e-2 }), x);
  x = apply(L.reLU({ maxValue: 6 }), x);
  x = apply(
    L.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
    }),
    x,
  );
  x = apply(
    L.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, padding: 'same', activation: 'elu' }),
    x,
  );
  x = apply(L.batchNormalization({ scale: false, center: false }), x);
  x = apply(L.separableConv2d({ filters: 12, kernelSize: 3, padding: 'same', activation: 'tanh' }), x);
  const dilated = apply(
    L.conv2d({ filters: 12, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'softplus' }),
    x,
  );
  const means = apply(L.globalAveragePooling2d({}), x);
  const gate = apply(
    L.reshape({ targetShape: [1, 1, 12] }),
    apply(L.dense({ units: 12, activation: 'sigmoid' }), means),
  );
  x = apply(L.multiply(), apply(L.add(), x, dilated), gate);
  const largest = apply(L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x);
  const mean = apply(L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x);
  x = apply(L.concatenate(), largest, mean);
  x = apply(L.leakyReLU({ alpha: 0.2 }), x);
  x = apply(L.averagePooling2d({ poolSize: 2 }), apply(L.dropout({ rate: 0.5 }), x));
  x = apply(L.dense({ units: 6, activation: 'softsign' }), x);
  x = apply(L.batchNormalization(), apply(L.flatten(), x));
  const scores = apply(L.dense({ units: 5, activation: 'softmax' }), x);
  return layers.model({ inputs: input, outputs: scores });
}

function sequence(): layers.LayersModel {
  return layers.sequential({
    layers: [
      L.conv2d({ inputShape: [32, 32, 3], filters: 6, kernelSize: 5, strides: 3, activation: 'selu' }),
      L.maxPooling2d({ poolSize: 2 }),
      L.activation({ activation: 'relu6' }),
      L.globalMaxPooling2d({}),
      L.dense({ units: 10 }),
    ],
  });
}

/** Random weights: positive variances, and no value that a fresh layer has. */
function randomise(model: layers.LayersModel, seed: number): void {
  const random = new Random(seed);
  model.setWeights(
    model.weights.map(({ name, shape }) => {
      const size = shape.reduce<number>((all, dim) => all * dim!, 1);
      const low = /variance|gamma/.test(name) ? 0.5 : -0.5;
      return tf.tensor(
        Float32Array.from({ length: size }, () => low + random.uniform()),
        shape as number[],
      );
    }),
  );
}

async function save(model: layers.LayersModel, folder: string): Promise<string> {
  const file = path.join(folder, 'model.json');
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      const { modelTopology, weightSpecs, weightData } = artifacts;
      const manifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(
        file,
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest: manifest }),
      );
      writeFileSync(path.join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  return file;
}

function graphOf(file: string): WeightedGraph {
  const source = new FileSource(file);
  const found = weightedGraph(openTfjs(source));
  if (!hasGraph(found)) throw new Error(found.problem);
  return found;
}

describe('networks that TensorFlow.js saved give the scores that it computes', () => {
  beforeAll(() => tf.setBackend('cpu'));

  it.each([
    ['functional', everything],
    ['sequential', sequence],
  ])('%s', (_, make) =>
    inTemporaryFolder(async (folder) => {
      const model = make();
      randomise(model, 3);
      const graph = graphOf(await save(model, folder));
      expect(graph.weights.size).toBe(model.weights.length);
      const random = new Random(4);
      const [, ...shape] = model.inputs[0]!.shape as number[];
      const dims = [2, ...shape];
      const x = Float32Array.from({ length: dims.reduce((all, dim) => all * dim, 1) }, () =>
        random.uniform(),
      );
      const expected = (model.predict(tf.tensor(x, dims)) as tf.Tensor).dataSync();
      const session = await InferenceSession.create(encodeGraph(graph));
      const output = await session.run({ input: new Tensor('float32', x, dims) });
      const ours = output[session.outputNames[0]!]!.data as Float32Array;
      expect(ours.length).toBe(expected.length);
      ours.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
      expect(new Set(Array.from(expected, (value) => value.toFixed(3))).size).toBeGreaterThan(3);
      await session.release();
    }),
  );

  it('are evaluated like ONNX models', () =>
    inTemporaryFolder(async (folder) => {
      const model = sequence();
      randomise(model, 5);
      const report = await evaluateModels(
        {
          models: [await save(model, folder)],
          data: path.join(ROOT, 'samples/images'),
          attacks: [],
          target: null,
        },
        quiet(),
      );
      expect(report.preprocessing).toMatchObject({ layout: 'nhwc', height: 32, width: 32 });
      expect(report.warnings.join()).toContain('Keras configuration');
    }));

  it('name the layer that is not translated', () =>
    inTemporaryFolder(async (folder) => {
      const model = layers.sequential({
        layers: [
          L.conv2dTranspose({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, name: 'up' }),
          L.flatten(),
          L.dense({ units: 3 }),
        ],
      });
      const file = await save(model, folder);
      expect(() => graphOf(file)).toThrow("its layer 'up' is a Conv2DTranspose layer");
    }));
});
