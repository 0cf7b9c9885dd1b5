import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PruneReport } from '../../src/protocol/prune';
import type { ScanReport } from '../../src/protocol/scan';
import { scour } from '../support/cli';
import { inTemporaryFolder, scan } from '../support/jobs';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, SHARED } from '../support/paths';

const MODELS = path.join(SHARED, 'models');

describe.skipIf(!HAS_SHARED)(`PyTorch and safetensors files on the command line${NEEDS_SHARED}`, () => {
  it('badnets.pth scores like its ONNX export', async () => {
    const reference = JSON.parse(readFileSync(path.join(MODELS, 'badnets.clp.json'), 'utf8')) as {
      layers: { conv: string; norm: string; uclc: number[]; outliers: number[] }[];
    };
    const report = await scan(path.join(MODELS, 'badnets.pth'));
    expect(report.model.format).toBe('pytorch');
    expect(report.layers.map(({ name, norm }) => [name, norm])).toEqual(
      reference.layers.map(({ conv, norm }) => [conv, norm]),
    );
    report.layers.forEach((layer, i) => {
      layer.uclc.forEach((value, k) =>
        expect(Math.abs(value! / reference.layers[i]!.uclc[k]! - 1)).toBeLessThan(1e-4),
      );
      expect(layer.outliers.map(({ channel }) => channel)).toEqual(reference.layers[i]!.outliers);
    });
  });

  it('prunes in the same format and says so when it meets the file again', async () => {
    await inTemporaryFolder((folder) => {
      for (const name of [
        'formats/state_dict.pth',
        'formats/model.safetensors',
        'formats/state_dict.legacy.pth',
      ]) {
        const output = path.join(folder, path.basename(name));
        const pruned = scour(
          'prune',
          path.join(MODELS, name),
          '--output',
          output,
          '--u',
          '2',
          '--format',
          'json',
        );
        expect(pruned.stderr).toBe('');
        expect(pruned.code).toBe(0);
        const { channels, layers } = JSON.parse(pruned.stdout) as PruneReport;
        expect(channels).toBeGreaterThan(0);
        const again = JSON.parse(scour('scan', output, '--u', '2', '--format', 'json').stdout) as ScanReport;
        for (const { name: layer, channels: gone } of layers) {
          const { uclc } = again.layers.find((each) => each.name === layer)!;
          for (const channel of gone) expect(uclc[channel]).toBe(0);
        }
      }
    });
  });

  it('a pickled module is an error-level finding, with its place in SARIF', () => {
    const file = path.join(MODELS, 'formats/full_module.pth');
    expect(scour('scan', file).code).toBe(1);
    const sarif = JSON.parse(scour('scan', file, '--format', 'sarif').stdout) as {
      runs: { results: { ruleId: string; level: string }[] }[];
    };
    expect(sarif.runs[0]!.results).toContainEqual(
      expect.objectContaining({ ruleId: 'pickle-unsafe-global', level: 'error' }),
    );
  });

  it('of no known architecture cannot be run: the message says what to do', async () => {
    await inTemporaryFolder((folder) => {
      const result = scour(
        'prune',
        path.join(FIXTURES, 'checkpoints/zip.pth'),
        '--output',
        path.join(folder, 'p.pth'),
        '--data',
        path.join(SHARED, 'data/ood'),
      );
      expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('ONNX') as string });
    });
  });
});
