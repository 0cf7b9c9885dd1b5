import path from 'node:path';

/** Set by `scripts/assets.mjs` for the worker, which lies among the assets, and by `vitest.config.ts` for the sources. */
declare const SCOUR_ASSETS: string | undefined;

/** Folder of the worker threads and of the WebAssembly that they run: `assets`, beside the bundle that runs. */
export const ASSETS: string =
  typeof SCOUR_ASSETS === 'string' ? SCOUR_ASSETS : path.join(__dirname, 'assets');
