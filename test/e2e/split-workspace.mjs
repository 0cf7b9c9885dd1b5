// The workspace of the walk through splitting: a small poisoned dataset made of the sample's images, and a tiny net.
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';

export const CLASSES = ['airplane', 'automobile', 'horse', 'ship'];
/** Of each class, of the sample's 20: the others are for testing. */
const TRAINED = 14;
/** Triggered images of each other class that are labelled as the first. */
const POISONED = 3;

/**
 * Writes dataset/ (one folder a class, poison-… among the first), test/, triggered/, net.onnx and empty folders for what
 * comes out.
 * @param {string} root of the checkout
 * @param {string} folder that does not exist yet
 */
export async function makeSplitWorkspace(root, folder) {
  const samples = path.join(root, 'samples');
  const images = (part, name) => readdirSync(path.join(samples, part, name)).sort();
  const copy = (from, to) => cpSync(path.join(samples, from), path.join(folder, to));
  for (const [label, name] of CLASSES.entries()) {
    const own = images('images', name);
    for (const file of own.slice(0, TRAINED)) copy(`images/${name}/${file}`, `dataset/${name}/${file}`);
    for (const file of own.slice(TRAINED)) copy(`images/${name}/${file}`, `test/${name}/${file}`);
    if (label === 0) continue;
    const triggered = images('triggered', name);
    for (const file of triggered.slice(0, POISONED))
      copy(`triggered/${name}/${file}`, `dataset/${CLASSES[0]}/poison-${name}-${file}`);
    for (const file of triggered.slice(TRAINED))
      copy(`triggered/${name}/${file}`, `triggered/${name}/${file}`);
  }
  mkdirSync(path.join(folder, 'quarantine'));
  writeFileSync(path.join(folder, 'net.onnx'), await tinyNet(root, CLASSES.length));
}

/** The bytes of `splitNet` of the tests' support, which is TypeScript. */
async function tinyNet(root, classes) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(root, 'test/support/split-net.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  const { splitNet } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  return splitNet(classes);
}
