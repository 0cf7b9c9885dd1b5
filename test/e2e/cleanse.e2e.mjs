// "Cleanse…" in a real VS Code, on the sample model and its images. Run by test/e2e/run.mjs, which prepares the package.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { makeSampleWorkspace, openWindow, out, root, samples, useVSCode } from './session.mjs';
import { until } from './vscode.mjs';
import {
  acceptSuggestion,
  chooseFolder,
  chooseInExplorer,
  panel,
  runCommand,
  setNumber,
  setTheme,
  text,
} from './workbench.mjs';

const CLEANSE = 'Cleanse… (Scour)';

const vscode = useVSCode();

/** A window with the sample model's panel of cleansing, its images chosen. */
async function openCleansing(t, name) {
  const folder = makeSampleWorkspace(path.join(vscode().home, name), ['images']);
  const page = await openWindow(t, vscode(), folder, name);
  const shown = panel(page);
  const button = (label) => shown.getByRole('button', { name: label, exact: true });
  await chooseInExplorer(page, 'suspect.onnx', CLEANSE);
  await shown.getByRole('heading', { name: 'What is re-drawn' }).waitFor({ timeout: 60_000 });
  await button('Choose folder…').first().click();
  await chooseFolder(page, folder, 'images', 'Use This Folder');
  await text(shown, 'from preprocessor_config.json').waitFor({ timeout: 60_000 });
  return { folder, page, shown, button };
}

/** Changes the theme and calls `then` with its name in files, once the panel has it. */
async function inBothThemes(page, shown, then) {
  for (const [theme, kind, look] of [
    ['Light Modern', 'vs', 'light'],
    ['Dark Modern', 'vs-dark', 'dark'],
  ]) {
    await setTheme(page, theme, kind);
    await shown.locator(`body.vscode-${look}`).waitFor();
    await then(look);
  }
}

test(
  'choose images, preview, run, pause, reload the window, resume, export: the student loads',
  { timeout: 600_000 },
  async (t) => {
    const { folder, page, shown, button } = await openCleansing(t, 'cleanse');

    await button('Preview student').click();
    await shown.getByRole('heading', { name: 'Choices previewed so far' }).waitFor({ timeout: 60_000 });
    await inBothThemes(page, shown, (look) =>
      page.screenshot({ path: path.join(out, `e2e-cleanse-${look}.png`) }),
    );

    await setNumber(shown, 'Epochs', 12);
    await setNumber(shown, 'Batch size', 32);
    await button('Run').click();
    const clicked = performance.now();
    await shown.locator('#run canvas').first().waitFor({ timeout: 60_000 });
    t.diagnostic(`first curve ${((performance.now() - clicked) / 1000).toFixed(1)} s after Run`);
    await text(shown, /Epoch \d+ of 12/).waitFor({ timeout: 60_000 });
    await button('Pause').click();
    await text(shown, 'The run is paused.').waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(out, 'e2e-cleanse-paused.png') });

    await runCommand(page, 'Developer: Reload Window');
    await page.locator('.monaco-workbench').waitFor();
    await shown.getByRole('heading', { name: 'What is re-drawn' }).waitFor({ timeout: 60_000 });
    await button('Resume').first().click({ timeout: 60_000 });
    await text(shown, 'The run is complete.').waitFor({ timeout: 180_000 });
    await page.screenshot({ path: path.join(out, 'e2e-cleanse-complete.png') });

    const student = path.join(folder, 'suspect.cleansed.onnx');
    await button('Export student…').first().click();
    await acceptSuggestion(page, student);
    await text(shown, 'suspect.cleansed.onnx').waitFor({ timeout: 60_000 });
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

test('watch a trigger, run twice, compare the two side by side', { timeout: 600_000 }, async (t) => {
  const { folder, page, shown, button } = await openCleansing(t, 'cleanse-compare');

  await shown.locator('#monitor summary').click();
  await shown.locator('#monitor').getByRole('button', { name: 'Choose folder…', exact: true }).click();
  await chooseFolder(page, path.join(folder, 'images'), '', 'Use This Folder');
  await shown.locator('#attack-kind').selectOption({ label: 'BadNets' });
  await button('Add trigger').click();
  await shown.getByLabel('Target class', { exact: true }).selectOption({ label: '0: airplane' });

  await setNumber(shown, 'Epochs', 8);
  await setNumber(shown, 'Batch size', 32);
  for (const [run, preset] of ['Increasing (paper)', 'CLP + BCU'].entries()) {
    await shown.locator('#preset').selectOption({ label: preset });
    await shown.locator('#run').getByRole('button', { name: 'Run', exact: true }).click();
    const complete = shown.locator('#runs tbody tr', { hasText: 'complete' });
    await complete.nth(run).waitFor({ timeout: 180_000 });
  }
  await shown.locator('#compare-measure').selectOption({ label: 'ASR' });
  await inBothThemes(page, shown, async (look) => {
    for (const part of ['run', 'runs']) {
      await shown.locator(`#${part}`).evaluate((element) => element.scrollIntoView());
      await page.screenshot({ path: path.join(out, `e2e-cleanse-${part}-${look}.png`) });
    }
  });
  const asr = async (run) => {
    const row = shown.locator('#runs tbody tr', { hasText: run });
    const heads = await shown.locator('#runs thead th').allTextContents();
    const cells = await row.locator('th, td').allTextContents();
    return Number.parseFloat(cells[heads.findIndex((each) => each.startsWith('ASR'))]);
  };
  const [alone, combined] = [await asr('Increasing'), await asr('CLP + BCU')];
  assert.ok(combined < alone - 50, `ASR with CLP first ${combined} %, without ${alone} %`);
});
