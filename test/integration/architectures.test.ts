import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recognise } from '../../src/model/architectures/recognise';
import type { Checkpoint } from '../../src/model/checkpoint';
import { openPyTorch } from '../../src/model/pytorch/open';
import { FileSource } from '../../src/model/source';
import { encodeGraph, hasGraph, weightedGraph, type WeightedGraph } from '../../src/model/weighted-graph';
import { readNpz } from '../support/npz';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';
import { HAS_TORCH, NEEDS_TORCH, ONE_THREAD, PYTHON } from '../support/torch';

/** Name, family and what is recognised of its sizes. */
const NETS = [
  ['resnet18', 'ResNet', 'basic blocks 2-2-2-2, ImageNet stem'],
  ['resnet50', 'ResNet', 'bottleneck blocks 3-4-6-3, ImageNet stem'],
  ['resnext50', 'ResNet', 'bottleneck blocks 3-4-6-3, ImageNet stem'],
  ['wide_resnet50', 'ResNet', 'bottleneck blocks 3-4-6-3, ImageNet stem'],
  ['resnet_cifar', 'ResNet', 'basic blocks 2-2-2-2, CIFAR stem'],
  ['preact_resnet18', 'PreAct-ResNet', 'basic blocks 2-2-2-2'],
  ['preact_resnet50', 'PreAct-ResNet', 'bottleneck blocks 1-2-2-1'],
  ['vgg_cifar', 'VGG-bn', '6 convolutions, images of 32 × 32'],
  ['vgg11_small', 'VGG', '8 convolutions, images of 32 × 32'],
  ['vgg16_bn_small', 'VGG-bn', '13 convolutions, images of 32 × 32'],
  ['vgg11_bn', 'VGG-bn', '8 convolutions, images of 224 × 224'],
  ['mobilenet_v2', 'MobileNet v2', '17 blocks'],
  ['mobilenet_v2_half', 'MobileNet v2', '17 blocks'],
  ['mobilenet_v3_large', 'MobileNet v3', 'large'],
  ['mobilenet_v3_small', 'MobileNet v3', 'small'],
  ['efficientnet_b0', 'EfficientNet', 'blocks 1-2-2-3-3-4-1'],
  ['efficientnet_b5', 'EfficientNet', 'blocks 3-5-5-7-7-9-3'],
  ['convnext_tiny', 'ConvNeXt', 'blocks 3-3-9-3'],
  ['vit_small', 'ViT', '3 layers of 192, 3 heads, patches of 8'],
  ['vit_small_timm', 'ViT', '3 layers of 192, 3 heads, patches of 8'],
  ['vit_small_backdoorbench', 'ViT', '3 layers of 192, 3 heads, patches of 8'],
  ['vgg11_bn_timm', 'VGG-bn', '8 convolutions, images of 224 × 224'],
  ['convnext_tiny_timm', 'ConvNeXt', 'blocks 3-3-9-3'],
  ['efficientnet_b0_timm', 'EfficientNet', 'blocks 1-2-2-3-3-4-1'],
  ['mobilenet_v2_timm', 'MobileNet v2', '17 blocks'],
  ['mobilenet_v3_large_timm', 'MobileNet v3', 'large'],
  ['mobilenet_v3_small_timm', 'MobileNet v3', 'small'],
  ['densenet121', 'DenseNet', 'dense blocks 6-12-24-16'],
  ['densenet121_old', 'DenseNet', 'dense blocks 6-12-24-16'],
  ['vit_small_old', 'ViT', '3 layers of 192, 3 heads, patches of 8'],
  ['efficientnet_v2_s', 'EfficientNet v2', 'blocks 2-4-4-6-9-15'],
] as const;

function graphOf(checkpoint: Checkpoint): WeightedGraph {
  const found = weightedGraph(checkpoint);
  if (!hasGraph(found)) throw new Error(found.problem);
  return found;
}

async function logitsOf(model: Uint8Array, x: Float32Array, dims: readonly number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(model);
  const name = session.inputNames[0]!;
  const output = await session.run({ [name]: new Tensor('float32', x, dims) });
  await session.release();
  return output[session.outputNames[0]!]!.data as Float32Array;
}

/** Largest difference, relative to the largest logit. */
function difference(a: Float32Array, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  const scale = Math.max(...Array.from(b, Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
}

describe.skipIf(!HAS_TORCH)(`recognised architectures give PyTorch's logits${NEEDS_TORCH}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-architectures-'));
  beforeAll(() => {
    execFileSync(PYTHON, [path.join(FIXTURES, 'architectures/make.py'), folder], {
      env: ONE_THREAD,
      timeout: 300_000,
      stdio: 'pipe',
    });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(NETS)('%s', async (name, family, detail) => {
    const source = new FileSource(path.join(folder, `${name}.pth`));
    const found = graphOf(openPyTorch(source));
    expect(found.architecture).toBe(`${family} (${detail})`);
    const arrays = readNpz(path.join(folder, `${name}.npz`));
    const x = arrays.get('x')!;
    const ours = await logitsOf(encodeGraph(found), x.data as Float32Array, x.shape);
    expect(difference(ours, arrays.get('logits')!.data as Float32Array)).toBeLessThan(1e-4);
    source.close();
  });
});

describe.skipIf(!HAS_SHARED)(`badnets.pth becomes the graph that badnets.onnx holds${NEEDS_SHARED}`, () => {
  test('the same logits', async () => {
    const source = new FileSource(path.join(SHARED, 'models/badnets.pth'));
    const found = graphOf(openPyTorch(source));
    expect(found.architecture).toBe('ResNet (basic blocks 2-2-2-2, CIFAR stem)');
    const x = Float32Array.from({ length: 4 * 3 * 32 * 32 }, (_, i) => Math.sin(i) * 2);
    const dims = [4, 3, 32, 32];
    const file = readFileSync(path.join(SHARED, 'models/badnets.onnx'));
    expect(
      difference(await logitsOf(encodeGraph(found), x, dims), await logitsOf(file, x, dims)),
    ).toBeLessThan(1e-5);
    source.close();
  });
});

describe('what fits no architecture is not recognised', () => {
  const folder = path.join(FIXTURES, 'checkpoints');

  test.each(['zip.pth', 'views.pth', 'training.pth', 'script.pt'])('%s', (name) => {
    const source = new FileSource(path.join(folder, name));
    expect(recognise(openPyTorch(source).tensors)).toBeNull();
    source.close();
  });

  test.skipIf(!HAS_SHARED)(
    `a ResNet with a tensor too many, too few, or of another size${NEEDS_SHARED}`,
    () => {
      const source = new FileSource(path.join(SHARED, 'models/formats/state_dict.pth'));
      const { tensors } = openPyTorch(source);
      expect(recognise(tensors)?.family).toBe('ResNet');
      expect(recognise(tensors.slice(1))).toBeNull();
      expect(recognise(tensors.filter(({ name }) => name !== 'layer3.1.bn2.running_var'))).toBeNull();
      const views = openPyTorch(new FileSource(path.join(folder, 'views.pth'))).tensors;
      expect(recognise([...tensors, views[0]!])).toBeNull();
      source.close();
    },
  );
});
