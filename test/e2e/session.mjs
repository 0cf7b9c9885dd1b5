// What every walk starts from: one VS Code with the package installed, a window that is photographed as it ends, and the
// sample as a workspace.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installCodeServer } from './install.mjs';
import { startVSCode } from './vscode.mjs';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** Where screenshots go. */
export const out = path.join(root, 'out/e2e');
export const samples = path.join(root, 'samples');

/**
 * Starts VS Code before the tests of a file and stops it after them.
 * @param {object} [options] of `startVSCode`, beside the package
 * @returns {() => import('./vscode.mjs').VSCode} the one that runs, once the tests do
 */
export function useVSCode(options = {}) {
  let vscode;
  before(
    async () => {
      vscode = await installedVSCode(options);
    },
    { timeout: 300_000 },
  );
  after(() => vscode?.stop());
  return () => vscode;
}

/** Starts a VS Code with the package that SCOUR_VSIX names. */
export async function installedVSCode(options = {}) {
  mkdirSync(out, { recursive: true });
  const vsix = process.env.SCOUR_VSIX;
  assert.ok(vsix, 'SCOUR_VSIX names the package to test: run this file through test/e2e/run.mjs');
  return startVSCode(await installCodeServer(path.join(root, '.cache')), { vsix, ...options });
}

/** Opens a folder in a window, which leaves its last state as `e2e-last-NAME.png` when the test ends, and closes. */
export async function openWindow(t, vscode, folder, name) {
  const page = await vscode.open(folder);
  t.after(async () => {
    await page.screenshot({ path: path.join(out, `e2e-last-${name}.png`) });
    await page.close();
  });
  return page;
}

/** Makes a folder with the sample model under a name of its own, and the named folders of its images. */
export function makeSampleWorkspace(folder, images) {
  mkdirSync(folder);
  copyFileSync(path.join(samples, 'badnets.onnx'), path.join(folder, 'suspect.onnx'));
  chmodSync(path.join(folder, 'suspect.onnx'), 0o644);
  copyFileSync(path.join(samples, 'preprocessor_config.json'), path.join(folder, 'preprocessor_config.json'));
  for (const name of images) cpSync(path.join(samples, name), path.join(folder, name), { recursive: true });
  return folder;
}
