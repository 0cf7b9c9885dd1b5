import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import esbuild from 'esbuild';
import { copyWebAssembly, workerBundle } from '../../scripts/assets.mjs';

const root = path.join(import.meta.dirname, '../..');
const outdir = path.join(root, '.cache', `test-${process.pid}`);

/** Where the sources find the decoding worker and the codecs while vitest runs them: built anew for every run. */
export const TEST_ASSETS = path.join(outdir, 'assets');

/** vitest's global set-up; returns the tear-down. */
export async function setup(): Promise<void> {
  await mkdir(outdir, { recursive: true });
  await copyWebAssembly(outdir);
  await esbuild.build({
    ...workerBundle({ platform: 'node', target: 'node20', format: 'cjs', bundle: true, sourcemap: 'inline' }),
    absWorkingDir: root,
    outdir,
    logLevel: 'warning',
  });
}

export async function teardown(): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
}
