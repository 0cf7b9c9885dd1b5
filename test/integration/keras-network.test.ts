import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/data/random';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { pruneModel } from '../../src/engine/jobs/prune';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { openOnnx } from '../../src/model/onnx/open';
import { FileSource } from '../../src/model/source';
import { encodeGraph, hasGraph, weightedGraph, type WeightedGraph } from '../../src/model/weighted-graph';
import { atDefaultRatios, cleanseOptions } from '../support/cleanse';
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

/** Layers that enlarge and shrink images, and the rarer normalisations, activations and ways to combine values. */
function frames(): layers.LayersModel {
  const input = layers.input({ shape: [7, 6, 3] });
  const apply = (layer: layers.layers.Layer, ...from: layers.SymbolicTensor[]): layers.SymbolicTensor =>
    layer.apply(from.length === 1 ? from[0]! : from) as layers.SymbolicTensor;
  const up = (
    from: layers.SymbolicTensor,
    filters: number,
    kernelSize: number | [number, number],
    strides: number | [number, number],
    padding: 'same' | 'valid',
  ): layers.SymbolicTensor => apply(L.conv2dTranspose({ filters, kernelSize, strides, padding }), from);
  let x = up(input, 6, 3, 2, 'same');
  x = apply(L.layerNormalization({ axis: -1, epsilon: 1e-2 }), x);
  x = apply(L.prelu({ sharedAxes: [1, 2] }), x);
  x = apply(
    L.cropping2D({
      cropping: [
        [1, 0],
        [2, 1],
      ],
    }),
    x,
  );
  x = up(x, 4, [2, 4], [3, 1], 'valid');
  x = up(x, 4, [2, 4], [1, 3], 'same');
  x = apply(L.maxPooling2d({ poolSize: 3 }), x);
  x = apply(L.prelu({}), x);
  const near = apply(L.upSampling2d({ size: [2, 3] }), x);
  const linear = apply(L.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }), x);
  x = apply(L.average(), near, linear, near);
  x = apply(L.minimum(), x, apply(L.activation({ activation: 'hardSigmoid' }), linear));
  x = apply(L.averagePooling2d({ poolSize: 5 }), x);
  x = apply(L.thresholdedReLU({ theta: 0.05 }), x);
  x = apply(L.conv2d({ filters: 5, kernelSize: 1, activation: 'mish' }), x);
  x = apply(L.layerNormalization({ scale: false, center: false }), apply(L.flatten(), x));
  const scores = apply(
    L.activation({ activation: 'logSoftmax' as 'softmax' }),
    apply(L.dense({ units: 6 }), x),
  );
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
    ['with frames', frames],
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
          L.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3 }),
          L.permute({ dims: [2, 1, 3], name: 'turn' }),
        ],
      });
      const file = await save(model, folder);
      expect(() => graphOf(file)).toThrow("its layer 'turn' is a Permute layer");
    }));
});

interface Described {
  class_name: string;
  config: Record<string, unknown>;
}
interface Saved {
  modelTopology: { keras_version: string; config: { layers: Described[] } };
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[];
}

/**
 * What our graph computes from two images of 6 × 5 × 4 for one layer that TensorFlow.js lacks or computes in its own way:
 * a model of Keras `version` whose only layer it is. `weights`: by role.
 */
async function layerOf(
  version: string,
  layer: Described,
  weights: Readonly<Record<string, Float32Array>>,
  x: Float32Array,
): Promise<Float32Array> {
  return await inTemporaryFolder(async (folder) => {
    const stand = layers.sequential({
      layers: [L.activation({ activation: 'linear', inputShape: [6, 5, 4] })],
    });
    const file = await save(stand, folder);
    const saved = JSON.parse(readFileSync(file, 'utf8')) as Saved;
    saved.modelTopology.keras_version = version;
    const list = saved.modelTopology.config.layers;
    const own = list.at(-1)!;
    list.splice(-1, 1, {
      class_name: layer.class_name,
      config: { ...own.config, ...layer.config, name: 'only' },
    });
    saved.weightsManifest = [
      {
        paths: ['weights.bin'],
        weights: Object.entries(weights).map(([role, { length }]) => ({
          ...{ name: `only/${role}`, dtype: 'float32' },
          shape: [length],
        })),
      },
    ];
    writeFileSync(file, JSON.stringify(saved));
    writeFileSync(
      path.join(folder, 'weights.bin'),
      Buffer.concat(Object.values(weights).map((each) => new Uint8Array(each.buffer))),
    );
    const session = await InferenceSession.create(encodeGraph(graphOf(file)));
    const output = await session.run({ input: new Tensor('float32', x, [2, 6, 5, 4]) });
    const values = Float32Array.from(output[session.outputNames[0]!]!.data as Float32Array);
    await session.release();
    return values;
  });
}

describe('layers as Keras defines them', () => {
  beforeAll(() => tf.setBackend('cpu'));
  const random = new Random(6);
  const numbers = (count: number, low: number): Float32Array =>
    Float32Array.from({ length: count }, () => low + 2 * random.uniform());
  const x = numbers(240, -1);
  const input = (): tf.Tensor4D => tf.tensor4d(x, [2, 6, 5, 4]);
  const agree = (ours: Float32Array, expected: tf.Tensor): void => {
    const values = expected.dataSync();
    expect(ours.length).toBe(values.length);
    ours.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, 4));
  };

  it.each([2, 1, -1])('GroupNormalization of %s groups', async (groups) => {
    const [gamma, beta] = [numbers(4, 0.5), numbers(4, -1)];
    const config = { groups, epsilon: 1e-2, axis: -1 };
    const ours = await layerOf('3.4.1', { class_name: 'GroupNormalization', config }, { gamma, beta }, x);
    const count = groups === -1 ? 4 : groups;
    const grouped = tf.reshape(input(), [2, 6, 5, count, 4 / count]);
    const { mean, variance } = tf.moments(grouped, [1, 2, 4], true);
    const normal = tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 1e-2)));
    agree(ours, tf.add(tf.mul(tf.reshape(normal, [2, 6, 5, 4]), gamma), beta));
  });

  it('Normalization by what it saw', async () => {
    const [mean, variance] = [numbers(4, -1), numbers(4, 0.1)];
    const weights = { mean, variance, count: Float32Array.of(9) };
    const config = { axis: [-1], mean: null, variance: null };
    const ours = await layerOf('2.15.0', { class_name: 'Normalization', config }, weights, x);
    agree(ours, tf.div(tf.sub(input(), mean), tf.sqrt(variance)));
  });

  it('UpSampling2D between the centres of pixels', async () => {
    const config = { size: [2, 3], interpolation: 'bilinear' };
    const ours = await layerOf('2.15.0', { class_name: 'UpSampling2D', config }, {}, x);
    agree(ours, tf.image.resizeBilinear(input(), [12, 15], false, true));
  });

  it.each([
    ['3.4.1', 'hard_sigmoid', (v: tf.Tensor) => tf.div(tf.relu6(tf.add(v, 3)), 6)],
    ['2.15.0', 'hard_sigmoid', (v: tf.Tensor) => tf.clipByValue(tf.add(tf.mul(v, 0.2), 0.5), 0, 1)],
    ['3.4.1', 'hard_silu', (v: tf.Tensor) => tf.mul(v, tf.div(tf.relu6(tf.add(v, 3)), 6))],
    ['3.4.1', 'leaky_relu', (v: tf.Tensor) => tf.leakyRelu(v, 0.2)],
  ] as const)('of Keras %s: %s', async (version, activation, expected) => {
    const wide = x.map((value) => 5 * value);
    const ours = await layerOf(version, { class_name: 'Activation', config: { activation } }, {}, wide);
    agree(ours, expected(tf.tensor4d(wide, [2, 6, 5, 4])));
  });

  it('hard_sigmoid of an unknown version is not guessed', async () => {
    const layer = { class_name: 'Activation', config: { activation: 'hard_sigmoid' } };
    await expect(layerOf('', layer, {}, x)).rejects.toThrow('the file names none');
  });
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
      const options = (file: string): CleanseOptions =>
        cleanseOptions(
          file,
          { samples: 32, epochs: 1, batchSize: 16 },
          { choose: atDefaultRatios(1), run: { device: 'cpu', threads: 1 } },
        );
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
