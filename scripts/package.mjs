// npm run package -- TARGET [--out DIR] [--no-build]
// Makes scour-TARGET-VERSION.vsix, which holds the bundles and only that platform's onnxruntime. .vscodeignore alone cannot
// serve five targets, so the files are staged outside the checkout and packed there.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Where each target's binaries lie in onnxruntime-node. */
const TARGETS = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
};
/** Nothing loads these: types, maps, and macOS's second copy of a library (the binding links libonnxruntime.1.dylib). */
const LEFT_OUT = /\.(map|d\.ts)$|libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;
/** What an installed extension reads of package.json; the rest serves development and npm. */
const DEVELOPMENT_ONLY = ['devDependencies', 'scripts', 'files', 'bin', 'allowScripts'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: root }, 'no-build': { type: 'boolean', default: false } },
});
const [target] = positionals;
if (positionals.length !== 1 || !Object.hasOwn(TARGETS, target)) {
  console.error(`usage: npm run package -- ${Object.keys(TARGETS).join(' | ')}`);
  process.exit(4);
}
if (!values['no-build']) {
  execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
}
const stage = await mkdtemp(path.join(os.tmpdir(), 'scour-package-'));
try {
  const file = await pack(stage, target, path.resolve(values.out));
  const { size } = await stat(file);
  console.log(`${file} (${(size / 1e6).toFixed(1)} MB)`);
} finally {
  await rm(stage, { recursive: true, force: true });
}

/** Stages the extension for one target and packs it; returns the path of the VSIX. */
async function pack(folder, platform, out) {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  for (const part of ['dist', 'media'])
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  // npm's package carries the command line.
  for (const file of await readdir(path.join(folder, 'dist'))) {
    if (/^cli(-\w+)?\.js$/.test(file)) await rm(path.join(folder, 'dist', file));
  }
  for (const text of ['README.md', 'LICENSE', '.vscodeignore'])
    await cp(path.join(root, text), path.join(folder, text));
  await stageOnnxruntime(folder, TARGETS[platform]);
  for (const key of DEVELOPMENT_ONLY) delete manifest[key];
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const temporary = path.join(folder, 'scour.vsix');
  await createVSIX({ cwd: folder, packagePath: temporary, target: platform, allowMissingRepository: false });
  await mkdir(out, { recursive: true });
  const file = path.join(out, `scour-${platform}-${manifest.version}.vsix`);
  // The temporary folder may be on another file system, across which nothing can be renamed.
  await cp(temporary, `${file}.tmp`);
  await rename(`${file}.tmp`, file);
  return file;
}

/** Copies onnxruntime-node with one platform's binaries, and onnxruntime-common. Their install scripts stay behind. */
async function stageOnnxruntime(folder, platform) {
  const modules = path.join(folder, 'node_modules');
  const from = (name) => path.join(root, 'node_modules', name);
  const binaries = path.join('bin/napi-v6', platform);
  await stagePackage('onnxruntime-node', ['dist', binaries], ['onnxruntime-common']);
  await stagePackage('onnxruntime-common', ['dist/cjs'], []);
  const staged = await readdir(path.join(modules, 'onnxruntime-node', binaries));
  if (!staged.includes('onnxruntime_binding.node'))
    throw new Error(`onnxruntime-node has no binary for ${platform}`);

  async function stagePackage(name, parts, dependencies) {
    for (const part of parts) {
      await cp(path.join(from(name), part), path.join(modules, name, part), {
        recursive: true,
        dereference: true,
        filter: (file) => !LEFT_OUT.test(file),
      });
    }
    const manifest = JSON.parse(await readFile(path.join(from(name), 'package.json'), 'utf8'));
    for (const key of ['scripts', 'devDependencies', 'os', 'cpu', 'types']) delete manifest[key];
    manifest.dependencies = Object.fromEntries(
      dependencies.map((other) => [other, manifest.dependencies[other]]),
    );
    await writeFile(path.join(modules, name, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  }
}
