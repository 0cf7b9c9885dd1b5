import path from 'node:path';

/** Folder of the files that go with the bundles; `scripts/build.mjs` and `vitest.config.ts` say where they put it. */
declare const SCOUR_ASSETS: string | undefined;

/** Where the codecs' WebAssembly and the decoding worker lie. */
export const ASSETS: string =
  typeof SCOUR_ASSETS === 'string' ? SCOUR_ASSETS : path.join(__dirname, '../../dist/assets');
