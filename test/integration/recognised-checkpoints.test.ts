import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanseModel, type CleanseOptions } from '../../src/engine/jobs/cleanse';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { previewPruning } from '../../src/engine/jobs/preview';
import { pruneModel } from '../../src/engine/jobs/prune';
import { openOnnx } from '../../src/model/onnx/open';
import { openPyTorch } from '../../src/model/pytorch/open';
import { FileSource } from '../../src/model/source';
import type { PreprocessingOptions } from '../../src/protocol/preprocessing';
import { atDefaultRatios, cleanseOptions } from '../support/cleanse';
import { inTemporaryFolder, quiet, scan } from '../support/jobs';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';
import { HAS_TORCH, NEEDS_TORCH, ONE_THREAD, PYTHON } from '../support/torch';

const MODEL = path.join(SHARED, 'models/badnets.pth');
const TEST = path.join(SHARED, 'data/cifar10/test');
const PREPROCESSING: PreprocessingOptions = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.243, 0.261],
};

const cleansedTo = (output: string): CleanseOptions =>
  cleanseOptions(
    output,
    { samples: 32, epochs: 1, batchSize: 32 },
    {
      data: path.join(SHARED, 'data/cifar10/unlabeled'),
      choose: atDefaultRatios(3),
      preprocessing: PREPROCESSING,
    },
  );

/** ACC, in percent, of checkpoints of the reference network in PyTorch. */
function inPyTorch(images: string, files: readonly string[]): number[] {
  const script = path.join(FIXTURES, 'architectures/accuracy.py');
  const printed = execFileSync(PYTHON, [script, images, ...files], {
    env: ONE_THREAD,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 400_000,
  });
  return JSON.parse(printed) as number[];
}

/** The first images of each class of the test set. */
function subset(folder: string, each: number): string {
  for (const name of readdirSync(TEST)) {
    mkdirSync(path.join(folder, name), { recursive: true });
    for (const image of readdirSync(path.join(TEST, name)).slice(0, each))
      copyFileSync(path.join(TEST, name, image), path.join(folder, name, image));
  }
  return folder;
}

describe.skipIf(!HAS_SHARED)(`a checkpoint whose architecture is recognised${NEEDS_SHARED}`, () => {
  it('is paired by data flow and says what it was taken for', async () => {
    const report = await scan(MODEL);
    expect(report.model.architecture).toBe('ResNet (basic blocks 2-2-2-2, CIFAR stem)');
    expect(report.layers.every(({ reason }) => reason === undefined)).toBe(true);
  });

  it('is previewed like its ONNX export', { timeout: 60_000 }, async () => {
    const [pth, onnx] = await Promise.all(
      ['badnets.pth', 'badnets.onnx'].map((name) => {
        const model = path.join(SHARED, 'models', name);
        const asked = { path: model, u: 2, images: TEST, limit: 200, preprocessing: PREPROCESSING };
        return previewPruning(asked, { device: 'cpu', threads: 1 }, quiet());
      }),
    );
    expect([pth!.agreement, pth!.original, pth!.pruned]).toEqual([
      onnx!.agreement,
      onnx!.original,
      onnx!.pruned,
    ]);
    expect(pth!.warnings[0]).toContain('Recognised as ResNet');
  });

  it('becomes ONNX where the output is named so, with its provenance', { timeout: 60_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'pruned.onnx');
      const { channels } = await pruneModel(MODEL, { u: 2, output, force: false }, quiet());
      const file = openOnnx(output);
      expect(JSON.parse(file.model.metadata.get('scour.provenance')!)).toMatchObject({
        method: 'CLP',
        channels,
      });
      file.close();
      const same = path.join(folder, 'pruned.pth');
      await pruneModel(MODEL, { u: 2, output: same, force: false }, quiet());
      const report = await evaluateModels(
        {
          models: [output, same],
          data: TEST,
          attacks: [{ kind: 'folder', path: path.join(SHARED, 'data/triggered/badnets') }],
          target: 0,
          limit: 200,
          preprocessing: PREPROCESSING,
          samples: 0,
          tacImages: 4,
          embeddingImages: 0,
        },
        quiet(),
      );
      const [first, second] = report.models;
      expect(second!.agreement).toBe(100);
      expect(second!.attacks[0]!.asr).toBeCloseTo(2.0, 3);
      expect(second!.tac[0]!.layers.length).toBe(20);
      expect(second!.tac[0]!.layers).toEqual(first!.tac[0]!.layers);
    }),
  );

  it('is not written under the name of another format', () =>
    inTemporaryFolder(async (folder) => {
      const output = path.join(folder, 'pruned.safetensors');
      await expect(pruneModel(MODEL, { u: 2, output, force: false }, quiet())).rejects.toMatchObject({
        reason: 'wrong-format',
      });
      const unknown = path.join(folder, 'unknown.pth');
      copyFileSync(path.join(FIXTURES, 'checkpoints/zip.pth'), unknown);
      const graph = path.join(folder, 'pruned.onnx');
      await expect(pruneModel(unknown, { u: 2, output: graph, force: false }, quiet())).rejects.toMatchObject(
        {
          reason: 'unsupported-type',
        },
      );
    }));

  it('is cleansed into the same container or on to ONNX, with the same values', { timeout: 120_000 }, () =>
    inTemporaryFolder(async (folder) => {
      const [pth, onnx] = ['student.pth', 'student.onnx'].map((name) => path.join(folder, name));
      const first = await cleanseModel(MODEL, cleansedTo(pth!), quiet());
      const second = await cleanseModel(MODEL, cleansedTo(onnx!), quiet());
      expect(second.history.map(({ loss }) => loss)).toEqual(first.history.map(({ loss }) => loss));
      expect(second.agreement).toBe(first.agreement);
      const file = openOnnx(onnx!);
      const [before, after] = [MODEL, pth!].map((name) => openPyTorch(new FileSource(name)));
      expect(after!.tensors.map(({ path: place, dims }) => [place, dims])).toEqual(
        before!.tensors.map(({ path: place, dims }) => [place, dims]),
      );
      const stays: string[] = [];
      after!.tensors.forEach((tensor, i) => {
        const was = before!.tensors[i]!.values();
        const is = tensor.values();
        if (tensor.name.endsWith('num_batches_tracked')) {
          expect(is[0]).toBe(was[0]! + 1);
          return;
        }
        expect(is).toEqual(file.reader.values(file.model.graph.initializers.get(tensor.name)!));
        if (is.every((value, k) => value === was[k])) stays.push(tensor.name);
      });
      expect(stays).toEqual([]);
      expect(JSON.parse(after!.provenance['scour.provenance']!)).toMatchObject({ method: 'BCU' });
      file.close();

      if (!HAS_TORCH) return;
      const images = subset(path.join(folder, 'images'), 20);
      const report = await evaluateModels(
        { models: [onnx!], data: images, attacks: [], target: null, preprocessing: PREPROCESSING },
        quiet(),
      );
      expect(inPyTorch(images, [pth!])[0]).toBeCloseTo(report.models[0]!.acc!, 6);
    }),
  );

  it.skipIf(!HAS_TORCH)(
    `pruned, gives the reference accuracy in PyTorch${NEEDS_TORCH}`,
    { timeout: 420_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        const { original, pruned } = JSON.parse(
          readFileSync(path.join(SHARED, 'models/badnets.eval.json'), 'utf8'),
        ) as { original: { acc: number }; pruned: Record<string, { acc: number }> };
        const us = ['2', '3'];
        const outputs = us.map((u) => path.join(folder, `u${u}.pth`));
        for (const [i, u] of us.entries())
          await pruneModel(MODEL, { u: Number(u), output: outputs[i]!, force: false }, quiet());
        const found = inPyTorch(TEST, [MODEL, ...outputs]);
        expect(found.map((acc) => acc.toFixed(2))).toEqual(
          [original, ...us.map((u) => pruned[u]!)].map(({ acc }) => acc.toFixed(2)),
        );
      }),
  );
});
