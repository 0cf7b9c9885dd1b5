import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { STANDARD } from '../../src/data/augment';
import { defaultStageRatios, ratiosByStage } from '../../src/defenses/bcu/ratios';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { pruneModel } from '../../src/engine/jobs/prune';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { openOnnx } from '../../src/model/onnx/open';
import { FileSource } from '../../src/model/source';
import { encodeGraph, hasGraph, weightedGraph, type WeightedGraph } from '../../src/model/weighted-graph';
import { ONNXRUNTIME } from '../../src/protocol/training-engine';
import { KERAS, openModel } from '../support/keras';
import { readNpz } from '../support/npz';
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
  const found = weightedGraph(openModel(new FileSource(file)));
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

describe('one classifier as .h5 and as .keras', () => {
  it.each(['classifier.h5', 'classifier.keras'])('%s gives the scores that numpy computes', async (name) => {
    const arrays = readNpz(path.join(KERAS, 'classifier.npz'));
    const [x, scores] = ['x', 'scores'].map((key) => arrays.get(key)!);
    const session = await InferenceSession.create(encodeGraph(graphOf(path.join(KERAS, name))));
    const output = await session.run({ input: new Tensor('float32', x!.data as Float32Array, x!.shape) });
    const ours = output[session.outputNames[0]!]!.data as Float32Array;
    ours.forEach((value, i) => expect(value).toBeCloseTo(scores!.data[i] as number, 4));
    await session.release();
  });

  it.each(['classifier.h5', 'classifier.keras'])('%s is cleansed into its own container', (name) =>
    inTemporaryFolder(async (folder) => {
      const input = path.join(KERAS, name);
      const output = path.join(folder, name);
      const onnx = path.join(folder, 'student.onnx');
      const options = (file: string): CleanseOptions => ({
        data: path.join(ROOT, 'samples/images'),
        output: file,
        force: false,
        resume: false,
        samples: 32,
        choose: (stages) => ({ ratios: ratiosByStage(stages, defaultStageRatios(stages)), clpU: 1 }),
        monitor: null,
        settings: {
          epochs: 1,
          batchSize: 16,
          rate: 0.01,
          labels: 'soft',
          temperature: null,
          augmentation: STANDARD,
          restoreNorms: false,
          seed: 0,
        },
        preprocessing: {},
        engine: ONNXRUNTIME,
        onNote: () => undefined,
        run: { device: 'cpu', threads: 1 },
      });
      const report = await cleanseModel(input, options(output), quiet());
      expect(report.clp!.channels).toBeGreaterThan(0);
      await cleanseModel(input, options(onnx), quiet());
      const student = openOnnx(onnx);
      const { weights } = graphOf(output);
      for (const [tensor, { dims }] of graphOf(input).weights) {
        expect(weights.get(tensor)!.dims).toEqual(dims);
        const trained = student.reader.values(student.model.graph.initializers.get(tensor)!);
        expect(weights.get(tensor)!.values(), tensor).toEqual(trained);
      }
      student.close();
    }),
  );

  it.each(['classifier.h5', 'classifier.keras'])('%s loses the same channels in ONNX', (name) =>
    inTemporaryFolder(async (folder) => {
      const input = path.join(KERAS, name);
      const outputs = [name, 'pruned.onnx'].map((file) => path.join(folder, file));
      for (const output of outputs) await pruneModel(input, { u: 0.5, output, force: false }, quiet());
      const pruned = openOnnx(outputs[1]!);
      const before = graphOf(input).weights;
      let changed = 0;
      for (const [tensor, own] of graphOf(outputs[0]!).weights) {
        const values = own.values();
        expect(values, tensor).toEqual(pruned.reader.values(pruned.model.graph.initializers.get(tensor)!));
        const was = before.get(tensor)!.values();
        if (values.some((value, i) => value !== was[i])) changed++;
      }
      // γ and β of one convolution, kernel and bias of the other.
      expect(changed).toBe(4);
      pruned.close();
    }),
  );
});
