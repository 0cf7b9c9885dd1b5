// npm run bench -- NAME: bundles test/bench/NAME.ts and runs it. Nothing else may run on the machine meanwhile.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const names = readdirSync(path.join(root, 'test/bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME, where NAME is one of ${names.join(', ')}`);
  process.exit(4);
}
const outfile = path.join(root, '.cache/bench', `${name}.mjs`);
await esbuild.build({
  absWorkingDir: root,
  entryPoints: [`test/bench/${name}.ts`],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outfile,
  packages: 'external',
  logLevel: 'warning',
  // The sources find the decoding worker and the codecs where `npm run build` puts them.
  define: {
    SCOUR_ASSETS: JSON.stringify(path.join(root, 'dist/assets')),
    SCOUR_ROOT: JSON.stringify(root),
  },
});
process.exit(spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', cwd: root }).status ?? 1);
