// npm run test:e2e [-- --no-build] [evaluate.e2e.mjs]: packs the extension for this machine and runs the end-to-end tests on it.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const target = `linux-${process.arch}`;
const folder = path.join(root, 'out');
const flags = process.argv.slice(2).filter((flag) => flag === '--no-build');
execFileSync(process.execPath, [path.join(root, 'scripts/package.mjs'), target, '--out', folder, ...flags], {
  stdio: 'inherit',
});
const tests = path.join(root, 'test/e2e');
const named = process.argv.slice(2).filter((word) => word.endsWith('.e2e.mjs'));
const files = (named.length > 0 ? named : readdirSync(tests).filter((name) => name.endsWith('.e2e.mjs')))
  .map((name) => path.join(tests, path.basename(name)))
  .sort();
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${path.join(folder, 'e2e.tap')}`,
    // One after the other: each has a VS Code and a browser of its own.
    '--test-concurrency=1',
    ...files,
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, SCOUR_VSIX: path.join(folder, `scour-${target}-${version}.vsix`) },
  },
);
process.exitCode = status ?? 1;
