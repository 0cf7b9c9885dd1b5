// npm run demo: builds the command line and does the main job on the bundled sample.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const run = (command, args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
const scour = (...args) => {
  console.log(`\n$ node dist/cli.js ${args.join(' ')}\n`);
  run(process.execPath, ['dist/cli.js', ...args]);
};

run(process.execPath, ['scripts/build.mjs']);
mkdirSync(path.join(root, 'out'), { recursive: true });
scour('scan', 'samples/badnets.onnx');
scour(
  'prune',
  'samples/badnets.onnx',
  '--output',
  'out/badnets.pruned.onnx',
  '--force',
  '--data',
  'samples/images',
);
scour(
  'evaluate',
  'samples/badnets.onnx',
  'out/badnets.pruned.onnx',
  '--data',
  'samples/images',
  '--triggered',
  'samples/triggered',
  '--target',
  '0',
);
