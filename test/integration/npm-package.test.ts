import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PruneReport } from '../../src/protocol/prune';
import type { ScanReport } from '../../src/protocol/scan';
import { inTemporaryFolder } from '../support/jobs';
import { ROOT } from '../support/paths';

describe('the npm package', () => {
  it(
    'gives a command line that scans and prunes from its tarball, with images',
    { timeout: 120_000 },
    async () => {
      await inTemporaryFolder((folder) => {
        const packed = execFileSync(
          'npm',
          ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
          { cwd: ROOT, encoding: 'utf8' },
        );
        const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
        const names = files.map((file) => file.path);
        expect(names).toEqual(
          expect.arrayContaining([
            'dist/cli.js',
            'dist/assets/hdf5.wasm',
            'package.json',
            'README.md',
            'LICENSE',
          ]),
        );
        expect(
          names.filter((name) => /^(src|test|samples|webview|dist\/(extension|engine|webview))/.test(name)),
        ).toEqual([]);
        // What `npm install` of the tarball would lay out; its one dependency comes from this checkout instead of the network.
        const home = path.join(folder, 'node_modules', 'scour-audit');
        mkdirSync(home, { recursive: true });
        execFileSync('tar', ['xzf', path.join(folder, filename), '--strip-components=1', '-C', home]);
        const manifest = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
          bin: { scour: string };
          dependencies: Record<string, string>;
        };
        for (const dependency of [...Object.keys(manifest.dependencies), 'onnxruntime-common']) {
          symlinkSync(
            path.join(ROOT, 'node_modules', dependency),
            path.join(folder, 'node_modules', dependency),
          );
        }
        const cli = path.join(home, manifest.bin.scour);
        const model = path.join(ROOT, 'samples/badnets.onnx');
        expect(spawnSync(process.execPath, [cli, 'scan', model, '--fail-on', 'note']).status).toBe(1);
        // Another folder than the checkout: what the HDF5 library is made of comes along.
        const keras = path.join(ROOT, 'test/fixtures/keras/compressed.h5');
        const scanned = spawnSync(process.execPath, [cli, 'scan', keras, '--format', 'json'], {
          cwd: folder,
          encoding: 'utf8',
        });
        expect((JSON.parse(scanned.stdout) as ScanReport).summary.scored).toBeGreaterThan(0);
        const pruned = path.join(folder, 'pruned.onnx');
        const args = [
          'prune',
          model,
          '--output',
          pruned,
          '--data',
          path.join(ROOT, 'samples/images'),
          '--format',
          'json',
        ];
        const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        expect((JSON.parse(stdout) as PruneReport).agreement?.n).toBe(200);
      });
    },
  );
});
