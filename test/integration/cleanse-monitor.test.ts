import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { evaluateModels } from '../../src/engine/jobs/evaluate';
import { StudentMonitor } from '../../src/engine/jobs/cleanse-monitor';
import type { Attack } from '../../src/protocol/attack';
import { Classifier } from '../../src/runtime/classifier';
import { IMAGES, SAMPLE } from '../support/cleanse';
import { inTemporaryFolder, quiet } from '../support/jobs';

it('measures what an evaluation does, and decodes once for all epochs', { timeout: 60_000 }, () =>
  inTemporaryFolder(async (folder) => {
    const [data, triggered] = ['data', 'triggered'].map((name) => path.join(folder, name));
    cpSync(IMAGES, data!, { recursive: true });
    cpSync(IMAGES, triggered!, { recursive: true });
    const attacks: Attack[] = [
      { kind: 'badnets', pattern: 'checkerboard', size: null, position: 'bottom-right' },
      { kind: 'folder', path: triggered! },
    ];
    const asked = { data: data!, attacks, target: 0, limit: 80 };
    const params = {
      ...asked,
      models: [SAMPLE],
      samples: 0,
      tacImages: 0,
      embeddingImages: 0,
      device: 'cpu' as const,
    };
    const report = await evaluateModels(params, quiet());
    const [evaluated] = report.models;

    const run = { device: 'cpu', threads: 2 } as const;
    const classifier = await Classifier.open(SAMPLE, run);
    const { preprocessing } = report;
    const choice = { ...asked, target: 0 };
    const monitor = await StudentMonitor.open({ choice, seed: 0, preprocessing, run });
    try {
      const teacher = { path: SAMPLE, onnx: SAMPLE, classifier };
      const first = await monitor.measure(teacher, quiet());
      expect([first.acc, first.n]).toEqual([evaluated!.acc, evaluated!.n]);
      expect(first.attacks).toEqual(evaluated!.attacks.map(({ name, asr, ra, n }) => ({ name, asr, ra, n })));
      rmSync(data!, { recursive: true });
      rmSync(triggered!, { recursive: true });
      expect(await monitor.measure(teacher, quiet())).toEqual(first);
    } finally {
      await monitor.release();
      await classifier.release();
    }
  }),
);
