// Bundles one TypeScript file of test/ into a program for Node that keeps its packages where they are.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** `entry`: a path from the repository's root. `define`: see esbuild's option. */
export async function bundleProgram(entry, outfile, define) {
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile,
    packages: 'external',
    logLevel: 'warning',
    define,
  });
}
