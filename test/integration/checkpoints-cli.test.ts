import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import type { PruneReport } from '../../src/protocol/prune';
import type { ScanReport } from '../../src/protocol/scan';
import { scour } from '../support/cli';
import { inTemporaryFolder, scan } from '../support/jobs';
import { FIXTURES, HAS_SHARED, NEEDS_SHARED, ROOT, SHARED } from '../support/paths';

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
    const log = JSON.parse(scour('scan', file, '--format', 'sarif').stdout) as Log;
    const { results } = log.runs[0]!;
    expect(results).toContainEqual(
      expect.objectContaining({ ruleId: 'pickle-unsafe-global', level: 'error' }),
    );
    for (const { ruleId, locations } of results!) {
      if (!ruleId!.startsWith('pickle-')) continue;
      const [place] = locations![0]!.logicalLocations!;
      expect(place!.name).toMatch(/\/data\.pkl$/);
      expect(place!.properties!['byteOffset']).toBeGreaterThan(0);
    }
    const { stdout } = scour('scan', file);
    expect(stdout.indexOf('Do not load it')).toBeLessThan(stdout.indexOf('convolutions scored'));
    expect(stdout).toMatch(/pickle-unsafe-global: .*\([^()]*data\.pkl, byte \d+\)/);
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

describe('a file that only its name makes a checkpoint', () => {
  const tar = (name: string): Buffer => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 'latin1');
    header.write('00000000000', 124);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return Buffer.concat([header, Buffer.alloc(1024)]);
  };

  it.each<[string, Buffer, string, RegExp | null]>([
    [
      'lfs.pth',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
      'git lfs pull',
      null,
    ],
    ['page.pt', Buffer.from('<html>Not found</html>'), 'fetch the file again', null],
    ['packed.bin', gzipSync('anything'), 'gunzip', null],
    ['images.tar', tar('images/0.png'), 'tar archive of other files', null],
    // Whatever else it is, a reader that unpickles it runs the command.
    ['evil.tar', tar("cos\nsystem\n(S'id'\ntR"), 'tar archive of other files', /os\.system\('id'\)/],
  ])('%s is called what it is', async (name, bytes, says, runs) => {
    await inTemporaryFolder((folder) => {
      const file = path.join(folder, name);
      writeFileSync(file, bytes);
      const { code, stdout, stderr } = scour('scan', file);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toContain(`${file} is `);
      expect(stderr).toContain(says);
      if (runs === null) expect(stderr).not.toContain('pickle');
      else expect(stderr).toMatch(runs);
    });
  });
});

describe('a checkpoint of no known architecture', () => {
  const UNKNOWN = path.join(FIXTURES, 'checkpoints/training.pth');

  it('is scanned by names and shapes, says how sure it is, and how to export it', async () => {
    const report = await scan(UNKNOWN);
    expect(report.layers.map(({ name, norm, confidence }) => [name, norm, confidence])).toEqual([
      ['conv1', 'bn1', 'high'],
    ]);
    const finding = report.findings.find(({ id }) => id === 'architecture-unknown')!;
    expect(finding.level).toBe('note');
    expect(finding.message).toContain('confidence: high 1');
    expect(finding.message).toContain('torch.onnx.export');
    const { code, stdout } = scour('scan', UNKNOWN);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^layer +norm +confidence +channels/m);
    expect(stdout).toMatch(/^conv1 +bn1 +high +/m);
    expect(stdout).toContain('torch.onnx.export');
  });

  it('is refused where it would have to run, with the way out', async () => {
    await inTemporaryFolder((folder) => {
      const out = path.join(folder, 'out.pth');
      for (const args of [
        ['cleanse', UNKNOWN, '--data', folder, '--output', out],
        ['evaluate', UNKNOWN, '--data', path.join(ROOT, 'samples/images')],
      ]) {
        const { code, stderr } = scour(...args);
        expect(code).toBe(2);
        expect(stderr).toContain(UNKNOWN);
        expect(stderr).toContain('torch.onnx.export');
      }
    });
  });
});
