// What lies beside the bundles in dist/assets: the threads that decode images and read HDF5, and the codecs.
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const CODECS = ['@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', '@jsquash/webp/codec/dec/webp_dec.wasm'];

/** esbuild's options for the workers; `node` are those that all bundles for Node share. */
export function workerBundle(node) {
  return {
    ...node,
    entryPoints: {
      'assets/decode-worker': 'src/data/loading/worker.ts',
      'assets/hdf5-worker': 'src/model/hdf5/worker.ts',
    },
    // The HDF5 library holds its WebAssembly as text, which escapes would make half as large again.
    charset: 'utf8',
    define: { ...node.define, SCOUR_ASSETS: '__dirname' },
    // Emscripten's loaders ask for their own address, to find the .wasm file that we hand them.
    logOverride: { 'empty-import-meta': 'silent' },
  };
}

/** Copies the codecs' WebAssembly into `outdir`/assets. */
export async function copyCodecs(outdir) {
  await mkdir(path.join(outdir, 'assets'), { recursive: true });
  for (const codec of CODECS) {
    await cp(path.join(root, 'node_modules', codec), path.join(outdir, 'assets', path.basename(codec)));
  }
}
