// Bundles the product into dist/: the extension host, the engine it forks, the command line, and the panels.
import { cp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { copyWebAssembly, workerBundle } from './assets.mjs';
import { writeNotices } from './notices.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const watch = process.argv.includes('--watch');

const shared = {
  absWorkingDir: root,
  bundle: true,
  logLevel: 'warning',
  sourcemap: watch,
  minifySyntax: true,
  define: { SCOUR_VERSION: JSON.stringify(version) },
};
/** Node 20 runs the command line, VS Code's own Node (20 or later) the host and the engine. */
const node = {
  ...shared,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode', 'onnxruntime-node'],
  // import() as require(): Node would parse a CommonJS file twice to find its exports.
  supported: { 'dynamic-import': false },
};
const browser = { ...shared, platform: 'browser', target: 'chrome120', format: 'iife', minify: !watch };

const commands = (await readdir(path.join(root, 'src/cli/entries'))).map((file) =>
  path.basename(file, '.ts'),
);

/** Each command of the command line is a bundle of its own, loaded when it is asked for: starting up stays quick. */
const commandsApart = {
  name: 'commands-apart',
  setup(build) {
    build.onResolve({ filter: /^\.\/entries\// }, ({ path: entry }) => ({
      path: `./cli-${path.basename(entry)}.js`,
      external: true,
    }));
  },
};

const bundles = [
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...node, entryPoints: { engine: 'src/engine/main.ts' } },
  {
    ...node,
    entryPoints: { cli: 'src/cli/main.ts' },
    banner: { js: '#!/usr/bin/env node' },
    plugins: [commandsApart],
  },
  ...commands.map((name) => ({ ...node, entryPoints: { [`cli-${name}`]: `src/cli/entries/${name}.ts` } })),
  workerBundle(node),
  {
    ...browser,
    entryPoints: {
      'webview/audit': 'webview/audit/main.ts',
      'webview/compare': 'webview/compare/main.ts',
      'webview/evaluation': 'webview/evaluation/main.ts',
      'webview/cleansing': 'webview/cleansing/main.ts',
      'webview/splitting': 'webview/splitting/main.ts',
    },
  },
  // The font is copied beside the style sheet, not bundled.
  { ...browser, entryPoints: { 'webview/panel': 'webview/style/panel.css' }, external: ['*.ttf'] },
]
  .map((bundle) => ({ ...bundle, outdir: 'dist' }))
  .filter((bundle) => Object.values(bundle.entryPoints).every((entry) => existsSync(path.join(root, entry))));

await rm(path.join(root, 'dist'), { recursive: true, force: true });
await mkdir(path.join(root, 'dist/webview'), { recursive: true });
await cp(
  path.join(root, 'node_modules/@vscode/codicons/dist/codicon.ttf'),
  path.join(root, 'dist/webview/codicon.ttf'),
);
await copyWebAssembly(path.join(root, 'dist'));
if (watch) {
  for (const bundle of bundles) await (await esbuild.context(bundle)).watch();
} else {
  const built = await Promise.all(bundles.map((bundle) => esbuild.build({ ...bundle, metafile: true })));
  await writeNotices(
    root,
    path.join(root, 'dist'),
    built.map(({ metafile }) => metafile),
  );
}
