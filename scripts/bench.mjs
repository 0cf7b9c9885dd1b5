// npm run bench -- NAME: bundles test/bench/NAME.ts and runs it. Nothing else may run on the machine meanwhile.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBundled } from './run-bundled.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const names = readdirSync(path.join(root, 'test/bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME, where NAME is one of ${names.join(', ')}`);
  process.exit(4);
}
await runBundled(`test/bench/${name}.ts`, args);
