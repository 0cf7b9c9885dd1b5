// The 45 MB ResNet-18 of the benchmarks, written for the end-to-end tests.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';

/** Writes the model to `file`. `root` is the checkout, `cache` a folder for what is bundled on the way. */
export async function writeBigModel(root, cache, file) {
  const outfile = path.join(cache, 'e2e/models.mjs');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['test/bench/models.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
    logLevel: 'warning',
  });
  const { resnet18 } = await import(pathToFileURL(outfile).href);
  writeFileSync(file, resnet18(64));
}
