// What lies beside the bundles in dist/assets: the threads that decode images, read HDF5 and write checkpoints, and the
// WebAssembly they run.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hdf5Library, hdf5LibraryApart } from './hdf5-library.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const CODECS = ['@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', '@jsquash/webp/codec/dec/webp_dec.wasm'];

/** esbuild's options for the workers; `node` are those that all bundles for Node share. */
export function workerBundle(node) {
  return {
    ...node,
    entryPoints: {
      'assets/decode-worker': 'src/data/loading/worker.ts',
      'assets/hdf5-worker': 'src/model/hdf5/worker.ts',
      'assets/checkpoint-worker': 'src/training/checkpoint-worker.ts',
    },
    plugins: [hdf5LibraryApart],
    define: { ...node.define, SCOUR_ASSETS: '__dirname' },
    // Emscripten's loaders ask for their own address, to find the .wasm file that we hand them.
    logOverride: { 'empty-import-meta': 'silent' },
  };
}

/** Puts the WebAssembly of the codecs and of the HDF5 library into `outdir`/assets. */
export async function copyWebAssembly(outdir) {
  const assets = path.join(outdir, 'assets');
  await mkdir(assets, { recursive: true });
  for (const codec of CODECS) {
    await cp(path.join(root, 'node_modules', codec), path.join(assets, path.basename(codec)));
  }
  await writeFile(path.join(assets, 'hdf5.wasm'), (await hdf5Library()).wasm);
}
