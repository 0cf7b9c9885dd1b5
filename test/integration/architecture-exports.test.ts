import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanseModel } from '../../src/engine/jobs/cleanse';
import { pruneModel } from '../../src/engine/jobs/prune';
import { atDefaultRatios, cleanseOptions, IMAGES } from '../support/cleanse';
import { quiet, scan } from '../support/jobs';
import { readNpz } from '../support/npz';
import { FIXTURES } from '../support/paths';
import { HAS_TORCH, NEEDS_TORCH, ONE_THREAD, PYTHON } from '../support/torch';

/** Files that narrow.py saves, with the family that each is recognised as. */
const NETS = [
  ['resnet_cifar.pth', 'ResNet'],
  ['resnet_cifar.safetensors', 'ResNet'],
  ['resnet_basic.pth', 'ResNet'],
  ['resnet_bottleneck.pth', 'ResNet'],
  ['preact_resnet.pth', 'PreAct-ResNet'],
  ['vgg.pth', 'VGG-bn'],
  ['vgg_imagenet.pth', 'VGG-bn'],
  ['mobilenet_v2.pth', 'MobileNet v2'],
  ['mobilenet_v3.pth', 'MobileNet v3'],
  ['densenet.pth', 'DenseNet'],
  ['efficientnet.pth', 'EfficientNet'],
  ['convnext.pth', 'ConvNeXt'],
  ['vit.pth', 'ViT'],
] as const;
/** The pixels as they are. */
const RAW = { mean: [0, 0, 0], std: [1, 1, 1], size: [32, 32] as [number, number] };

/**
 * Pruned and cleansed, in the file's own format and as ONNX: PyTorch loads the one with the family's own code and computes
 * what onnxruntime computes of the other.
 */
describe.skipIf(!HAS_TORCH)(`every family goes back to PyTorch and on to ONNX${NEEDS_TORCH}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-exports-'));
  const narrow = (command: string): void => {
    execFileSync(PYTHON, [path.join(FIXTURES, 'architectures/narrow.py'), command, folder], {
      env: ONE_THREAD,
      timeout: 200_000,
      stdio: 'pipe',
    });
  };
  const outputs = (file: string, kind: string): [string, string] => {
    const [name, extension] = file.split('.') as [string, string];
    return [
      path.join(folder, `${name}.${kind}.${extension}`),
      path.join(folder, `${name}.${kind}.${extension}.onnx`),
    ];
  };

  beforeAll(() => narrow('save'), 200_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(NETS)('%s is pruned and cleansed', { timeout: 120_000 }, async (file, family) => {
    const input = path.join(folder, file);
    const { model } = await scan(input);
    expect(model.architecture).toMatch(new RegExp(`^${family} \\(`));
    const pruned = [];
    for (const output of outputs(file, 'pruned'))
      pruned.push((await pruneModel(input, { u: 1.5, output, force: false }, quiet())).channels);
    expect(pruned[0]).toBeGreaterThan(0);
    expect(pruned[1]).toBe(pruned[0]);
    const agreements = [];
    for (const output of outputs(file, 'cleansed')) {
      const brief = { samples: 4, epochs: 1, batchSize: 2 };
      const options = cleanseOptions(output, brief, {
        data: IMAGES,
        choose: atDefaultRatios(null),
        preprocessing: RAW,
        run: { device: 'cpu', threads: 1 },
      });
      const report = await cleanseModel(input, options, quiet());
      expect(report.history).toHaveLength(1);
      agreements.push(report.history[0]!.loss);
    }
    expect(agreements[1]).toBe(agreements[0]);
  });

  test('PyTorch computes what onnxruntime computes', { timeout: 250_000 }, async () => {
    narrow('run');
    const x = readNpz(path.join(folder, 'x.npz')).get('x')!;
    for (const [file] of NETS) {
      for (const kind of ['pruned', 'cleansed']) {
        const [own, onnx] = outputs(file, kind);
        const wanted = readNpz(`${own}.npz`).get('logits')!.data as Float32Array;
        const session = await InferenceSession.create(readFileSync(onnx));
        const output = await session.run({
          [session.inputNames[0]!]: new Tensor('float32', x.data as Float32Array, x.shape),
        });
        const found = output[session.outputNames[0]!]!.data as Float32Array;
        await session.release();
        const scale = Math.max(...wanted.map(Math.abs));
        const difference = Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)));
        expect(found.length).toBe(wanted.length);
        expect(difference / scale, `${file} ${kind}`).toBeLessThan(1e-4);
      }
    }
  });
});
