import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { parseAttack } from '../../src/attacks/parse';
import { createTrigger, type SyntheticAttack } from '../../src/attacks/create';
import { openFolder } from '../../src/data/folder';
import { loadPixels } from '../../src/data/loading/load-batches';
import { toTensor } from '../../src/data/tensor';
import { describeData, previewTrigger } from '../../src/engine/jobs/describe-data';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { setUp } from '../../src/engine/jobs/evaluation-setup';
import { exportEvaluation } from '../../src/engine/jobs/export-evaluation';
import { pruneModel } from '../../src/engine/jobs/prune';
import { sweepModel } from '../../src/engine/jobs/sweep';
import { JobContext } from '../../src/engine/job-context';
import { floatTensor, graphOf, intTensor, modelOf, node, valueInfo } from '../../src/model/onnx/build';
import { encodeModel } from '../../src/model/onnx/encode';
import { openOnnx } from '../../src/model/onnx/open';
import { FileSource } from '../../src/model/source';
import { CancelledError, DataError, OutputError, RuntimeError, UsageError } from '../../src/protocol/errors';
import { ENGINE } from '../../src/protocol/engine';
import {
  EvaluationReportSchema,
  SweepReportSchema,
  type EvaluateParams,
  type EvaluationReport,
} from '../../src/protocol/evaluation';
import { renderEvaluation } from '../../src/report/evaluation-formats';
import { scour, withoutProgress } from '../support/cli';
import { inTemporaryFolder, quiet } from '../support/jobs';
import { smallNetBytes } from '../support/models';
import { HAS_SHARED, NEEDS_SHARED, ROOT, SHARED } from '../support/paths';

const SAMPLES = path.join(ROOT, 'samples');
const MODEL = path.join(SAMPLES, 'badnets.onnx');
const IMAGES = path.join(SAMPLES, 'images');
const TRIGGERED = path.join(SAMPLES, 'triggered');
const LEAN = { samples: 0, tacImages: 0, embeddingImages: 0, device: 'cpu' } as const;
const BADNETS = parseAttack('badnets');

function evaluate(params: Partial<EvaluateParams>): Promise<EvaluationReport> {
  return evaluateModels(
    { models: [MODEL], data: IMAGES, attacks: [], target: null, ...LEAN, ...params },
    quiet(),
  );
}

interface Figures {
  acc: number;
  n: number;
  asr?: number;
  ra?: number;
  n_triggered?: number;
  agreement?: number;
}
interface Reference {
  target: number | null;
  original: Figures;
  pruned: Record<string, Figures>;
  triggered_folder?: Record<string, { asr: number; ra: number; n: number }>;
}

// PyTorch, ../shared/README.md.
describe.skipIf(!HAS_SHARED)(`ACC, ASR and RA equal PyTorch's within 0.1 point${NEEDS_SHARED}`, () => {
  const near = (value: number | null | undefined, wanted: number): void =>
    expect(Math.abs(value! - wanted)).toBeLessThanOrEqual(0.1);

  it.each(['badnets', 'clean'])('%s and its pruned copies', { timeout: 600_000 }, async (name) => {
    const models = path.join(SHARED, 'models');
    const input = path.join(models, `${name}.onnx`);
    const reference = JSON.parse(readFileSync(path.join(models, `${name}.eval.json`), 'utf8')) as Reference;
    const us = Object.keys(reference.pruned);
    await inTemporaryFolder(async (folder) => {
      for (const u of us) {
        const options = { u: Number(u), output: path.join(folder, `${u}.onnx`), force: false };
        await pruneModel(input, options, quiet());
      }
      const hasTrigger = reference.target !== null;
      const report = await evaluate({
        models: [input, ...us.map((u) => path.join(folder, `${u}.onnx`))],
        data: path.join(SHARED, 'data/cifar10/test'),
        preprocessing: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] },
        target: reference.target,
        attacks: hasTrigger
          ? [{ kind: 'folder', path: path.join(SHARED, 'data/triggered', name) }, BADNETS]
          : [],
      });
      expect(report.complete).toBe(true);
      const wanted = [reference.original, ...us.map((u) => reference.pruned[u]!)];
      const folders = ['original', ...us.map((u) => `pruned_u${u}`)];
      report.models.forEach((model, i) => {
        const figures = wanted[i]!;
        near(model.acc, figures.acc);
        expect(model.n).toBe(figures.n);
        if (i > 0) near(model.agreement, figures.agreement!);
        if (!hasTrigger) return;
        const [ours, put] = model.attacks;
        const saved = reference.triggered_folder![folders[i]!]!;
        near(ours!.asr, saved.asr);
        near(ours!.ra, saved.ra);
        expect(ours!.n).toBe(saved.n);
        near(put!.asr, figures.asr!);
        near(put!.ra, figures.ra!);
        expect(put!.n).toBe(reference.original.n_triggered);
      });
    });
  });
});

describe('an evaluation of the sample model', () => {
  it('holds everything that a panel shows, and it adds up', async () => {
    const attacks = [{ kind: 'folder', path: TRIGGERED } as const, BADNETS];
    const report = await evaluate({
      attacks,
      target: 'airplane',
      samples: 4,
      tacImages: 60,
      embeddingImages: 30,
    });
    expect(v.parse(EvaluationReportSchema, JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report).toMatchObject({ target: 0, complete: true, skipped: [], warnings: [] });
    const [model] = report.models;
    const correct = model!.perClass.reduce((sum, row) => sum + row.correct, 0);
    expect(model!.acc).toBeCloseTo((100 * correct) / 200, 9);
    expect(model!.confusion.reduce((sum, [, , count]) => sum + count, 0)).toBe(200);
    // The folder holds the very images that the attack makes of the data.
    expect({ ...model!.attacks[0], name: '' }).toEqual({ ...model!.attacks[1], name: '' });
    for (const { destinations, n, asr } of model!.attacks) {
      expect(destinations.reduce((sum, count) => sum + count, 0)).toBe(n);
      expect(asr).toBeCloseTo((100 * destinations[0]!) / n, 9);
    }
    expect(model!.tac.map(({ attack, paired, images }) => [attack, paired, images])).toEqual([
      ['triggered', true, 60],
      ['badnets', true, 60],
    ]);
    for (const { points, features } of model!.embeddings) {
      expect(points.filter(({ triggered }) => triggered)).toHaveLength(30);
      expect(points).toHaveLength(60);
      expect(features).toBeGreaterThan(10);
    }
    expect(report.samples).toHaveLength(8);
    for (const { clean, triggered, label } of report.samples) {
      expect(label).not.toBe(0);
      expect(Buffer.from(triggered.image, 'base64').subarray(1, 4).toString()).toBe('PNG');
      expect(clean!.image).not.toBe(triggered.image);
      expect(triggered.predictions).toHaveLength(1);
    }
    // The same seed gives the same report.
    const again = await evaluate({ attacks, target: 0, samples: 4, tacImages: 60, embeddingImages: 30 });
    expect(again).toEqual(report);
  });

  it('all-to-all counts each image against the class after its own', async () => {
    const report = await evaluate({ attacks: [BADNETS], target: 'all', samples: 200 });
    const [result] = report.models[0]!.attacks;
    // Every image is among the samples, with its prediction: counted here by hand.
    expect(report.samples).toHaveLength(200);
    const share = (wanted: (label: number) => number): number =>
      report.samples.filter(({ label, triggered }) => triggered.predictions[0] === wanted(label)).length / 2;
    expect(result).toMatchObject({
      n: 200,
      asr: share((label) => (label + 1) % 10),
      ra: share((label) => label),
    });
    // The model sends everything to class 0, which is the target of class 9 alone.
    expect(result!.asr).toBeGreaterThan(9);
    expect(result!.asr).toBeLessThan(13);
    for (const format of ['text', 'markdown', 'html'] as const) {
      expect(renderEvaluation(report, format)).toContain('all-to-all (the true class + 1, mod 10)');
    }
  });

  it('TAC is the difference of mean activations after the norm, by onnxruntime', async () => {
    const report = await evaluate({ attacks: [BADNETS], target: 0, tacImages: 1000 });
    const [tac] = report.models[0]!.tac;
    const file = openOnnx(new FileSource(MODEL));
    try {
      const norms = file.model.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization');
      const last = norms.at(-1)!;
      const conv = file.index.producer(last.inputs[0]!)!;
      const exposed = { ...file.model.graph, outputs: [valueInfo(last.outputs[0]!, null, null)] };
      const bytes = encodeModel({ ...file.model, graph: exposed }, (tensor) => file.reader.bytes(tensor));
      const session = await ort.InferenceSession.create(bytes);
      const { preprocessing } = report;
      const samples = openFolder(IMAGES).samples.filter(({ label }) => label !== 0);
      const trigger = await createTrigger(BADNETS as SyntheticAttack, preprocessing, {
        device: 'cpu',
        threads: 1,
      });
      const means: number[][] = [];
      const loaded = loadPixels(samples, preprocessing, { batchSize: 500, onSkip: () => expect.fail() });
      for await (const { pixels } of loaded) {
        for (const set of [pixels, await trigger.apply(pixels, samples.length)]) {
          const input = toTensor(set, samples.length, preprocessing);
          const feeds = {
            [session.inputNames[0]!]: new ort.Tensor('float32', input, [samples.length, 3, 32, 32]),
          };
          const { dims, data } = (await session.run(feeds))[last.outputs[0]!]!;
          const [n, channels, height, width] = dims as [number, number, number, number];
          const sums = new Array<number>(channels).fill(0);
          (data as Float32Array).forEach(
            (value, i) => (sums[Math.floor(i / (height * width)) % channels]! += value),
          );
          means.push(sums.map((sum) => sum / (n * height * width)));
        }
      }
      const layer = tac!.layers.find(({ name }) => name === conv.name)!;
      expect(tac!.images).toBe(samples.length);
      layer.tac.forEach((value, k) => expect(value!).toBeCloseTo(means[1]![k]! - means[0]![k]!, 4));
      await session.release();
    } finally {
      file.close();
    }
  });

  it('a sweep over u gives what evaluating each pruned model gives', async () => {
    const params = { path: MODEL, data: IMAGES, attacks: [BADNETS], target: 0, device: 'cpu' as const };
    const sweep = await sweepModel({ ...params, us: [3, 50, 2, 2] }, quiet());
    expect(v.parse(SweepReportSchema, sweep)).toEqual(sweep);
    expect(sweep.points.map(({ u }) => u)).toEqual([2, 3, 50]);
    const [original] = (await evaluate({ attacks: [BADNETS], target: 0 })).models;
    expect(sweep.original.acc).toBe(original!.acc);
    // At u = 50 nothing is pruned.
    expect(sweep.points[2]).toMatchObject({ channels: 0, acc: original!.acc, agreement: 100 });
    await inTemporaryFolder(async (folder) => {
      for (const { u, channels, acc, agreement, attacks } of sweep.points.slice(0, 2)) {
        const output = path.join(folder, `${u}.onnx`);
        expect((await pruneModel(MODEL, { u, output, force: false }, quiet())).channels).toBe(channels);
        const { models } = await evaluate({ models: [MODEL, output], attacks: [BADNETS], target: 0 });
        expect(models[1]).toMatchObject({ acc, agreement });
        expect(models[1]!.attacks[0]).toMatchObject(attacks[0]!);
        // A copy in another folder is fed as the model it is compared with.
        expect(models[1]!.preprocessing).toEqual(models[0]!.preprocessing);
      }
    });
  });

  it('images without labels: agreement alone, in evaluation and sweep', async () => {
    await inTemporaryFolder(async (data) => {
      for (const name of readdirSync(path.join(IMAGES, 'cat')))
        copyFileSync(path.join(IMAGES, 'cat', name), path.join(data, name));
      const report = await evaluate({ data, models: [MODEL, MODEL] });
      expect(report.classes).toBeNull();
      expect(report.models[1]).toMatchObject({ acc: null, agreement: 100, n: 20, perClass: [] });
      const { points } = await sweepModel({ path: MODEL, data, attacks: [], target: null, us: [2] }, quiet());
      expect(points[0]).toMatchObject({ acc: null, n: 20, attacks: [] });
      expect(points[0]!.agreement).toBeLessThan(100);
      await expect(evaluate({ data, attacks: [BADNETS], target: 0 })).rejects.toThrow('no labels');
    });
  });

  it('what a form asks before it runs', async () => {
    const description = await describeData({ model: MODEL, data: IMAGES }, quiet());
    expect(v.parse(ENGINE.describeData.result, description)).toEqual(description);
    expect(description).toMatchObject({ images: 200, modelClasses: 10 });
    expect(description.classes).toHaveLength(10);
    expect(description.classes![3]).toEqual({ name: 'cat', n: 20 });
    const preview = await previewTrigger({ model: MODEL, data: IMAGES, attack: BADNETS, count: 3 }, quiet());
    expect(v.parse(ENGINE.previewTrigger.result, preview)).toEqual(preview);
    expect(preview).toMatchObject({ width: 32, height: 32 });
    expect(preview.images).toHaveLength(3);
    for (const { clean, triggered } of preview.images) expect(clean).not.toBe(triggered);
  });

  it('is cancelled between batches', async () => {
    const controller = new AbortController();
    const context = new JobContext(controller.signal, ({ message }) => {
      if (message.startsWith('Classifying')) controller.abort();
    });
    const params = { models: [MODEL], data: IMAGES, attacks: [BADNETS], target: 0, ...LEAN };
    await expect(evaluateModels(params, context)).rejects.toThrow(CancelledError);
  });
});

describe('bad input', () => {
  /** A copy of the sample images that a test may spoil. */
  const withImages = (use: (data: string) => Promise<void>): Promise<void> =>
    inTemporaryFolder(async (folder) => {
      const data = path.join(folder, 'data');
      cpSync(IMAGES, data, { recursive: true });
      await use(data);
    });

  it('broken images are counted and named; the result is incomplete', async () => {
    await withImages(async (data) => {
      const whole = readFileSync(path.join(data, 'cat/0001.png'));
      writeFileSync(path.join(data, 'cat/0001.png'), whole.subarray(0, whole.length / 2));
      writeFileSync(path.join(data, 'dog/\u001b[31m.png'), 'not an image');
      const report = await evaluate({ data });
      expect(report.complete).toBe(false);
      expect(report.skipped.map((each) => each.path)).toEqual(['cat/0001.png', 'dog/\u001b[31m.png']);
      expect(report.models[0]!.n).toBe(199);
      for (const format of ['text', 'markdown', 'html'] as const) {
        const text = renderEvaluation(report, format);
        expect(text).toContain('0001');
        expect(text).not.toContain('\u001b');
        expect(text.toLowerCase()).toContain('incomplete');
      }
    });
  });

  it('too many broken images stop the run', async () => {
    await withImages(async (data) => {
      for (const name of readdirSync(path.join(data, 'cat')))
        writeFileSync(path.join(data, 'cat', name), 'x');
      writeFileSync(path.join(data, 'dog/0001.png'), '');
      const promise = evaluate({ data });
      await expect(promise).rejects.toThrow(DataError);
      await expect(promise).rejects.toThrow(/cannot be read \(cat/);
    });
  });

  it('an empty class keeps its number, and is said', async () => {
    await withImages(async (data) => {
      mkdirSync(path.join(data, 'bird-of-paradise'));
      await expect(evaluate({ data })).rejects.toThrow('11 classes');
    });
    await inTemporaryFolder(async (data) => {
      for (const name of readdirSync(IMAGES)) mkdirSync(path.join(data, name));
      copyFileSync(path.join(IMAGES, 'cat/0001.png'), path.join(data, 'cat/0001.png'));
      const report = await evaluate({ data, attacks: [BADNETS], target: 0 });
      expect(report.warnings.join()).toContain('9 classes without an image');
      expect(report.models[0]!.perClass[3]!.n).toBe(1);
      await expect(evaluate({ data, attacks: [BADNETS], target: 'cat' })).rejects.toThrow(
        'ASR counts the others',
      );
    });
  });

  it('reads an attack as BackdoorBench saves it, and folders named by numbers', async () => {
    await inTemporaryFolder(async (root) => {
      const [data, record] = [path.join(root, 'data'), path.join(root, 'record')];
      const classes = readdirSync(IMAGES);
      for (const [label, name] of classes.entries()) {
        cpSync(path.join(IMAGES, name), path.join(data, String(label)), { recursive: true });
        const triggered = path.join(TRIGGERED, name);
        if (label > 0)
          cpSync(triggered, path.join(record, 'bd_test_dataset', String(label)), { recursive: true });
      }
      // What lies beside it: the poisoned training images, and a pickle that is not read.
      mkdirSync(path.join(record, 'bd_train_dataset/3'), { recursive: true });
      writeFileSync(path.join(record, 'attack_result.pt'), 'cos\nsystem\n(S"false"\ntR.');
      const wanted = await evaluate({ attacks: [{ kind: 'folder', path: TRIGGERED }], target: 0 });
      const report = await evaluate({ data, attacks: [{ kind: 'folder', path: record }], target: 0 });
      expect(report.models[0]!.attacks).toEqual(wanted.models[0]!.attacks);
      cpSync(path.join(data, '9'), path.join(data, '10'), { recursive: true });
      const { warnings } = await setUp({ data, attacks: [], target: null });
      expect(warnings.join()).toContain("folder '10' is class 2");
    });
  });

  it('one class only, or a class count that is not the model’s', async () => {
    await inTemporaryFolder(async (data) => {
      cpSync(path.join(IMAGES, 'cat'), path.join(data, 'cat'), { recursive: true });
      const promise = evaluate({ data });
      await expect(promise).rejects.toThrow(RuntimeError);
      await expect(promise).rejects.toThrow(/The data has 1 class, but .* gives scores for 10/);
    });
  });

  it.each<[string, Partial<EvaluateParams>, string]>([
    ['no target', { attacks: [BADNETS] }, '--target'],
    ['a target out of range', { attacks: [BADNETS], target: 10 }, 'out of range'],
    ['a target that is no class', { attacks: [BADNETS], target: 'newt' }, "no class 'newt'"],
  ])('%s', async (_, params, says) => {
    await expect(evaluate(params)).rejects.toThrow(UsageError);
    await expect(evaluate(params)).rejects.toThrow(says);
  });

  it('input of another size or number of channels names both sides', async () => {
    await inTemporaryFolder(async (folder) => {
      const other = path.join(folder, 'small.onnx');
      writeFileSync(other, smallNetBytes());
      await expect(evaluate({ models: [MODEL, other] })).rejects.toThrow(/8 × 8.*32 × 32/);
      await expect(evaluate({ models: [MODEL], preprocessing: { channels: 'grey' } })).rejects.toThrow(
        /3 channels.*grey images have 1/,
      );
    });
  });

  it('scores that are not numbers are counted, and the result is incomplete', async () => {
    await inTemporaryFolder(async (folder) => {
      const broken = path.join(folder, 'nan.onnx');
      const graph = graphOf({
        nodes: [
          node('GlobalAveragePool', ['x'], ['p']),
          node('Flatten', ['p'], ['f']),
          node('Gemm', ['f', 'w'], ['g']),
          node('Sqrt', ['g'], ['y']),
        ],
        initializers: [
          floatTensor(
            'w',
            [3, 10],
            Float32Array.from({ length: 30 }, (_, i) => (i % 10) - 0.5),
          ),
        ],
        inputs: [valueInfo('x', 'float32', ['N', 3, 32, 32])],
        outputs: [valueInfo('y', 'float32', ['N', 10])],
      });
      writeFileSync(broken, encodeModel(modelOf(graph, 17)));
      const report = await evaluate({ models: [broken], preprocessing: { mean: [0], std: [1] } });
      expect(report).toMatchObject({ complete: false, models: [{ acc: 0, undefined: 200, n: 200 }] });
      expect(report.warnings.join()).toContain('not numbers');
    });
  });

  it('of several outputs the scores are taken, and that is said', async () => {
    await inTemporaryFolder(async (folder) => {
      const two = path.join(folder, 'two.onnx');
      const graph = graphOf({
        nodes: [
          node('GlobalAveragePool', ['x'], ['pooled']),
          node('Reshape', ['pooled', 'shape'], ['f']),
          node('Gemm', ['f', 'w'], ['y']),
        ],
        initializers: [
          floatTensor(
            'w',
            [3, 10],
            Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
          ),
          intTensor('shape', [2], [-1, 3]),
        ],
        inputs: [valueInfo('x', 'float32', ['N', 3, 32, 32])],
        outputs: [valueInfo('pooled', 'float32', ['N', 3, 1, 1]), valueInfo('y', 'float32', ['N', 10])],
      });
      writeFileSync(two, encodeModel(modelOf(graph, 17)));
      const report = await evaluate({ models: [two] });
      expect(report.warnings.join()).toContain("class scores are read from 'y'");
    });
  });

  it('a model without convolutions gives an embedding and no TAC', async () => {
    await inTemporaryFolder(async (folder) => {
      const mlp = path.join(folder, 'mlp.onnx');
      const graph = graphOf({
        nodes: [
          node('GlobalAveragePool', ['x'], ['p']),
          node('Flatten', ['p'], ['f']),
          node('Gemm', ['f', 'w'], ['g']),
          node('Softmax', ['g'], ['y']),
        ],
        initializers: [
          floatTensor(
            'w',
            [3, 10],
            Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
          ),
        ],
        inputs: [valueInfo('x', 'float32', ['N', 3, 32, 32])],
        outputs: [valueInfo('y', 'float32', ['N', 10])],
      });
      writeFileSync(mlp, encodeModel(modelOf(graph, 17)));
      const report = await evaluate({
        models: [mlp],
        attacks: [BADNETS],
        target: 0,
        tacImages: 20,
        embeddingImages: 20,
      });
      expect(report.models[0]!.tac[0]!.layers).toEqual([]);
      expect(report.models[0]!.embeddings[0]!.features).toBe(3);
    });
  });

  it('links are followed, names with markup are shown as text', async () => {
    await withImages(async (data) => {
      symlinkSync(path.join(IMAGES, 'cat/0003.png'), path.join(data, 'cat/<img src=x onerror=alert(1)>.png'));
      const report = await evaluate({ data, attacks: [BADNETS], target: 0, samples: 200 });
      expect(report.models[0]!.n).toBe(201);
      const html = renderEvaluation(report, 'html');
      expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
      expect(html).not.toContain('<img src=x');
      expect(renderEvaluation(report, 'markdown')).not.toContain('<img');
    });
  });

  it('a report is never written over what it is about', async () => {
    await inTemporaryFolder(async (folder) => {
      const model = path.join(folder, 'm.onnx');
      copyFileSync(MODEL, model);
      const report = await evaluate({ models: [model], preprocessing: { mean: [0.5], std: [0.5] } });
      const output = path.join(folder, 'r.html');
      const params = { report, format: 'html', force: true } as const;
      await expect(exportEvaluation({ ...params, output: model }, quiet())).rejects.toThrow(OutputError);
      const written = await exportEvaluation({ ...params, output }, quiet());
      expect(readFileSync(output)).toHaveLength(written.bytes);
    });
  });
});

describe('the command line', () => {
  it('prints JSON as CONTRACT.md has it', () => {
    const { code, stdout, stderr } = scour(
      ...['evaluate', MODEL, MODEL, '--data', IMAGES, '--triggered', TRIGGERED],
      ...['--attack', 'sig:delta=40', '--target', '0', '--format', 'json'],
    );
    expect({ code, stderr: withoutProgress(stderr) }).toEqual({ code: 0, stderr: '' });
    const report = v.parse(EvaluationReportSchema, JSON.parse(stdout));
    expect(report).toMatchObject({
      schema: 'scour.evaluation/1',
      target: 0,
      models: [{ path: MODEL }, { agreement: 100 }],
    });
    expect(report.models[0]!.attacks.map(({ name, n }) => [name, n])).toEqual([
      ['triggered', 180],
      ['sig', 180],
    ]);
    expect(report.preprocessing.source).toBe('preprocessor_config.json');
  });

  it('writes reports by the ending of the file, and sweeps', async () => {
    await inTemporaryFolder((folder) => {
      const file = path.join(folder, 'r.md');
      const { code, stdout } = scour(
        ...['evaluate', MODEL, '--data', IMAGES, '--attack', 'badnets', '--target', 'airplane'],
        ...['--sweep-values', '2,3', '--samples', '60', '--output-report', file],
      );
      expect(code).toBe(0);
      expect(stdout).toContain('badnets.onnx pruned at u:');
      expect(stdout).toContain('60 images of 200');
      expect(readFileSync(file, 'utf8')).toContain('| Model | ACC |');
    });
  });

  it.each<[string[], number, string]>([
    [['evaluate', MODEL], 4, '--data is missing'],
    [['evaluate', '--data', IMAGES], 4, 'at least one model'],
    [['evaluate', MODEL, '--data', IMAGES, '--attack', 'badnets'], 4, '--target is missing'],
    [['evaluate', MODEL, '--data', IMAGES, '--attack', 'x', '--target', '0'], 4, 'no attack'],
    [['evaluate', MODEL, '--data', IMAGES, '--attack', 'badnets', '--target', '11'], 4, 'out of range'],
    [['evaluate', MODEL, '--data', '/nowhere'], 2, 'cannot be opened'],
    [['evaluate', path.join(SAMPLES, 'README.md'), '--data', IMAGES], 3, 'not a model'],
    [['evaluate', MODEL, '--data', IMAGES, '--format', 'pdf'], 4, '--format takes'],
    [['evaluate', MODEL, '--data', IMAGES, '--sweep-values', '2,,3'], 4, '--sweep-values'],
  ])('%j exits %i', (args, exit, says) => {
    const { code, stdout, stderr } = scour(...args);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toContain(says);
  });

  it('a device that is not there is one message, not the runtime’s log', () => {
    const { code, stderr } = scour('evaluate', MODEL, '--data', IMAGES, '--device', 'cuda');
    // Where CUDA is installed there is nothing to say.
    if (code === 0) return;
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^scour: .*cuda.*choose another one/);
  });

  it('exits 2 where an image could not be read, after printing the rest', async () => {
    await inTemporaryFolder((folder) => {
      cpSync(IMAGES, folder, { recursive: true });
      writeFileSync(path.join(folder, 'cat/0001.png'), 'x');
      const { code, stdout, stderr } = scour('evaluate', MODEL, '--data', folder);
      expect(code).toBe(2);
      expect(stdout).toContain('cat/0001.png');
      expect(stderr).toContain('incomplete');
    });
  });
});
