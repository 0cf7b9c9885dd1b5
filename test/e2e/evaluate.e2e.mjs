// "Evaluate…" in a real VS Code, on the sample model and its images. Run by test/e2e/run.mjs, which prepares the package.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSampleWorkspace, openWindow, out, samples, useVSCode } from './session.mjs';
import { acceptSuggestion, chooseFolder, chooseInExplorer, panel, setTheme, text } from './workbench.mjs';

const EVALUATE = 'Evaluate… (Scour)';
/** What PyTorch makes of the sample model on its images. */
const reference = JSON.parse(readFileSync(path.join(samples, 'badnets.eval.json'), 'utf8')).samples.original;

const vscode = useVSCode();

test(
  'choose images, add triggers, evaluate, sweep, export: figures are the reference’s',
  { timeout: 600_000 },
  async (t) => {
    const folder = makeSampleWorkspace(path.join(vscode().home, 'evaluate'), ['images', 'triggered']);
    const page = await openWindow(t, vscode(), folder, 'evaluate');
    const shown = panel(page);
    const button = (name) => shown.getByRole('button', { name });

    await chooseInExplorer(page, 'suspect.onnx', EVALUATE);
    await shown.getByRole('heading', { name: 'Evaluate on images' }).waitFor();

    await button('Choose folder…').click();
    await chooseFolder(page, folder, 'images', 'Use This Folder');
    await text(shown, `${reference.n} images in 10 classes`).waitFor({ timeout: 60_000 });
    await text(shown, 'from preprocessor_config.json').waitFor();
    await shown.getByLabel('Target class', { exact: true }).selectOption({ label: '0: airplane' });

    await shown.locator('#attack-kind').selectOption({ label: 'BadNets' });
    await button('Add trigger').click();
    await button('Show on images').click();
    await shown.locator('.pair img').first().waitFor({ timeout: 60_000 });

    await shown.locator('#attack-kind').selectOption({ label: 'Images that carry a trigger' });
    await button('Add trigger').click();
    await chooseFolder(page, path.join(folder, 'images'), path.join('..', 'triggered'), 'Use These Images');
    await shown.locator('.attack-card').nth(1).waitFor();

    await shown.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await button('Show the report').click({ timeout: 120_000 });
    const cells = await shown.locator('.rates tbody td').allTextContents();
    const percent = cells.map((text) => Number(text.split(' %')[0]));
    const { acc, asr, ra } = reference;
    assert.deepEqual(
      percent,
      [acc, asr, ra, asr, ra].map((figure) => Number(figure.toFixed(1))),
      `ACC, then ASR and RA of both triggers: ${cells.join(' | ')}`,
    );
    assert.match(cells[1], new RegExp(`${reference.n_triggered} of ${reference.n_triggered} images`));
    assert.ok((await shown.locator('#samples img').count()) >= 2, 'sample images are shown');
    for (const section of ['tac', 'embedding']) await shown.locator(`#${section} canvas`).first().waitFor();
    for (const [theme, kind, look] of [
      ['Dark Modern', 'vs-dark', 'dark'],
      ['Light Modern', 'vs', 'light'],
    ]) {
      await setTheme(page, theme, kind);
      await shown.locator(`body.vscode-${look}`).waitFor();
      await page.screenshot({ path: path.join(out, `e2e-evaluate-${look}.png`) });
    }

    await button('Sweep u').click();
    await text(shown, 'Sweep as a table').click({ timeout: 180_000 });
    assert.equal(await shown.locator('#sweep tbody tr').count(), 21);

    for (const [label, name] of [
      ['HTML page…', 'suspect.evaluation.html'],
      ['JSON…', 'suspect.evaluation.json'],
    ]) {
      const file = path.join(folder, name);
      await button(label).click();
      await acceptSuggestion(page, file);
      await shown.locator('#export').getByText(name).waitFor({ timeout: 60_000 });
    }
    const json = JSON.parse(readFileSync(path.join(folder, 'suspect.evaluation.json'), 'utf8'));
    assert.equal(json.schema, 'scour.evaluation/1');
    assert.ok(Math.abs(json.models[0].acc - acc) < 0.1);
    assert.equal(json.models[0].sweep.length, 21, 'the sweep goes with the report');
    const html = readFileSync(path.join(folder, 'suspect.evaluation.html'), 'utf8');
    assert.match(html, /suspect\.onnx/);
    assert.doesNotMatch(html, /(src|href)="https?:/, 'one file, nothing from elsewhere');
    assert.deepEqual(
      readFileSync(path.join(folder, 'suspect.onnx')),
      readFileSync(path.join(samples, 'badnets.onnx')),
      'the model is untouched',
    );

    // The panel comes back with its window: the models, the images and the triggers; figures are measured anew.
    // What a panel keeps is written a moment after it changes.
    await sleep(1000);
    await page.reload();
    await text(shown, `${reference.n} images in 10 classes`).waitFor({ timeout: 60_000 });
    assert.equal(await shown.locator('.attack-card').count(), 2);
    assert.equal(await shown.getByLabel('Target class', { exact: true }).inputValue(), '0');
  },
);
