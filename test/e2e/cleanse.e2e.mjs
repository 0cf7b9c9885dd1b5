// "Cleanse…" in a real VS Code, on the sample model and its images. Run by test/e2e/run.mjs, which prepares the package.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installCodeServer } from './install.mjs';
import { startVSCode, until } from './vscode.mjs';
import {
  answerFileDialog,
  chooseFolder,
  chooseInExplorer,
  panel,
  runCommand,
  setNumber,
  setTheme,
} from './workbench.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const out = path.join(root, 'out/e2e');
const samples = path.join(root, 'samples');
const CLEANSE = 'Cleanse… (Scour)';

let vscode;
before(
  async () => {
    mkdirSync(out, { recursive: true });
    const codeServer = await installCodeServer(path.join(root, '.cache'));
    const vsix = process.env.SCOUR_VSIX;
    assert.ok(vsix, 'SCOUR_VSIX names the package to test: run this file through test/e2e/run.mjs');
    vscode = await startVSCode(codeServer, { vsix });
  },
  { timeout: 300_000 },
);
after(() => vscode?.stop());

/** A folder with the sample model under a name of its own, and its images. */
function makeWorkspace() {
  const folder = path.join(vscode.home, 'cleanse');
  mkdirSync(folder);
  copyFileSync(path.join(samples, 'badnets.onnx'), path.join(folder, 'suspect.onnx'));
  chmodSync(path.join(folder, 'suspect.onnx'), 0o644);
  copyFileSync(path.join(samples, 'preprocessor_config.json'), path.join(folder, 'preprocessor_config.json'));
  cpSync(path.join(samples, 'images'), path.join(folder, 'images'), { recursive: true });
  return folder;
}

test(
  'choose images, preview, run, pause, reload the window, resume, export: the student loads',
  { timeout: 300_000 },
  async (t) => {
    const folder = makeWorkspace();
    const page = await vscode.open(folder);
    t.after(async () => {
      await page.screenshot({ path: path.join(out, 'e2e-last-cleanse.png') });
      await page.close();
    });
    const shown = panel(page);
    const button = (name) => shown.getByRole('button', { name, exact: true });

    await chooseInExplorer(page, 'suspect.onnx', CLEANSE);
    await shown.getByRole('heading', { name: 'What is re-drawn' }).waitFor({ timeout: 60_000 });
    await button('Choose folder…').first().click();
    await chooseFolder(page, folder, 'images', 'Use This Folder');
    await shown.getByText('from preprocessor_config.json').first().waitFor({ timeout: 60_000 });

    await button('Preview student').click();
    await shown.getByRole('heading', { name: 'Choices previewed so far' }).waitFor({ timeout: 60_000 });
    for (const [theme, kind, look] of [
      ['Dark Modern', 'vs-dark', 'dark'],
      ['Light Modern', 'vs', 'light'],
    ]) {
      await setTheme(page, theme, kind);
      await shown.locator(`body.vscode-${look}`).waitFor();
      await page.screenshot({ path: path.join(out, `e2e-cleanse-${look}.png`) });
    }

    await setNumber(shown, 'Epochs', 12);
    await setNumber(shown, 'Batch size', 32);
    await button('Run').click();
    const clicked = performance.now();
    await shown.locator('#run canvas').first().waitFor({ timeout: 60_000 });
    t.diagnostic(`first curve ${((performance.now() - clicked) / 1000).toFixed(1)} s after Run`);
    await shown
      .getByText(/Epoch \d+ of 12/)
      .first()
      .waitFor({ timeout: 60_000 });
    await button('Pause').click();
    await shown.getByText('The run is paused.').first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(out, 'e2e-cleanse-paused.png') });

    await runCommand(page, 'Developer: Reload Window');
    await page.locator('.monaco-workbench').waitFor();
    await shown.getByRole('heading', { name: 'What is re-drawn' }).waitFor({ timeout: 60_000 });
    await button('Resume').first().click({ timeout: 60_000 });
    await shown.getByText('The run is complete.').first().waitFor({ timeout: 180_000 });
    await page.screenshot({ path: path.join(out, 'e2e-cleanse-complete.png') });

    const student = path.join(folder, 'suspect.cleansed.onnx');
    await button('Export student…').first().click();
    const input = page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await until(
      async () => (await input.inputValue()) === student,
      10_000,
      () => `the dialog does not suggest ${student}`,
    );
    await answerFileDialog(page, student);
    await shown.getByText('suspect.cleansed.onnx').first().waitFor({ timeout: 60_000 });
    await until(
      () => existsSync(student),
      20_000,
      () => `${student} is not written`,
    );
    const ort = createRequire(path.join(root, 'package.json'))('onnxruntime-node');
    const session = await ort.InferenceSession.create(student);
    assert.equal(session.outputNames.length, 1);
    await session.release();
    assert.deepEqual(
      readFileSync(path.join(folder, 'suspect.onnx')),
      readFileSync(path.join(samples, 'badnets.onnx')),
      'the model is untouched',
    );
    await button('Evaluate…').first().click();
    await panel(page).getByRole('heading', { name: 'Evaluate on images' }).waitFor({ timeout: 60_000 });
  },
);
