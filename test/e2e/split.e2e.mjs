// "Split Suspicious Dataset (ASD)…" in a real VS Code, on a tiny poisoned dataset. Run by test/e2e/run.mjs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { openWindow, out, root, useVSCode } from './session.mjs';
import { CLASSES, makeSplitWorkspace } from './split-workspace.mjs';
import { until } from './vscode.mjs';
import {
  answerFileDialogAt,
  chooseFolder,
  chooseInExplorer,
  panel,
  runCommand,
  setNumber,
  setTheme,
  text,
} from './workbench.mjs';

const SPLIT = 'Split Suspicious Dataset (ASD)…';
const SEEDS = 2;
const THEMES = [
  ['Dark High Contrast', 'hc-black', 'high-contrast'],
  ['Light Modern', 'vs', 'light'],
  ['Dark Modern', 'vs-dark', 'dark'],
];

const vscode = useVSCode();

/** Waits until something is drawn on a canvas. */
const drawn = (canvas) =>
  until(
    () =>
      canvas.evaluate((element) => {
        const { width, height } = element;
        if (width === 0 || height === 0) return false;
        return element
          .getContext('2d')
          .getImageData(0, 0, width, height)
          .data.some((value) => value > 0);
      }),
    30_000,
    () => 'the chart stays empty',
  );

test(
  'pick seeds, run, pause, reload, resume, look at the suspects, export, quarantine and undo',
  { timeout: 600_000 },
  async (t) => {
    const folder = path.join(vscode().home, 'split');
    await makeSplitWorkspace(root, folder);
    const names = () => readdirSync(path.join(folder, 'dataset'), { recursive: true }).sort();
    const before = names();
    const page = await openWindow(t, vscode(), folder, 'split');
    const shown = panel(page);
    const button = (name) => shown.getByRole('button', { name, exact: true });
    const row = (heading) =>
      shown.locator('.split-file', { has: shown.getByRole('heading', { name: heading, exact: true }) });
    const shot = async (moment, where) => {
      await shown
        .locator(where)
        .first()
        .evaluate((element) => element.scrollIntoView({ block: 'start' }));
      // Charts are drawn once they are in view, and again in another theme.
      if (where === '#stages') await drawn(shown.locator('#stages canvas').first());
      await page.screenshot({ path: path.join(out, `e2e-split-${moment}.png`) });
    };
    const start = performance.now();

    await chooseInExplorer(page, 'dataset', SPLIT);
    await text(shown, /^\d+ images in 4 classes/).waitFor({ timeout: 60_000 });
    await row('Architecture').getByRole('button', { name: 'Choose file…' }).click();
    await answerFileDialogAt(page, folder, path.join(folder, 'net.onnx'));
    await row('Architecture').getByText('net.onnx').waitFor();
    for (const [heading, name] of [
      ['Test images (optional)', 'test'],
      ['Triggered test images (optional)', 'triggered'],
    ]) {
      await row(heading).getByRole('button', { name: 'Choose folder…' }).click();
      await chooseFolder(page, folder, name, 'Use This Folder');
      await row(heading).getByText(name, { exact: false }).first().waitFor();
    }
    await shown.getByLabel('Target class of the trigger').selectOption('0');
    await setNumber(shown, 'Seeds every class must have', SEEDS);

    await shown.getByRole('heading', { name: 'Pick known-clean seeds' }).click();
    const boxes = shown.locator('.seed:not(:has-text("poison")) input[type=checkbox]');
    for (const [label, name] of CLASSES.entries()) {
      await shown.locator(`.seed:has-text("${name}/") .picture`).first().waitFor({ timeout: 60_000 });
      for (let i = 0; i < SEEDS; i++) {
        await boxes.nth(i).focus();
        await page.keyboard.press('Space');
        await text(shown, `${name}: ${i + 1} of ${SEEDS} picked.`).waitFor();
      }
      if (label === 0) await shot('seeds', '#seeds');
      if (label < CLASSES.length - 1) await button('Next class that needs seeds').click();
    }
    const list = path.join(folder, 'dataset.seeds.txt');
    await button('Save the list and use it…').click();
    await answerFileDialogAt(page, folder, list);
    await text(shown, 'dataset.seeds.txt is used.').waitFor();
    const seeds = readFileSync(list, 'utf8').trim().split('\n');
    assert.equal(seeds.length, SEEDS * CLASSES.length);
    for (const seed of seeds) assert.ok(existsSync(path.join(folder, 'dataset', seed)), seed);

    await shown.getByRole('heading', { name: 'Training', exact: true }).click();
    for (const [label, value] of [
      ['Epochs, class-aware', 4],
      ['Epochs, class-agnostic', 2],
      ['Epochs, meta-split', 2],
      ['Steps an epoch', 60],
      ['Labelled images a step', 8],
      ['Unlabelled images a step', 8],
    ])
      await setNumber(shown, label, value);
    await shown.locator('#settings .fold summary').first().click();
    await setNumber(shown, 'Growth of the pool, images a class', 2);
    await setNumber(shown, '… every so many epochs', 1);
    await setNumber(shown, 'Batch size of the virtual model', 16);
    await shot('settings', '#settings');

    await button('Run').click();
    await text(shown, /^2 epochs of 8 done/).waitFor({ timeout: 60_000 });
    await shot('running', '#run');
    await button('Pause').click();
    await text(shown, 'A run is paused or was interrupted.').waitFor({ timeout: 20_000 });
    await shot('paused', '#run');
    await runCommand(page, 'Developer: Reload Window');
    await page.locator('.monaco-workbench').waitFor();
    await text(shown, `${SEEDS * CLASSES.length} images picked, 4 of 4 classes complete`).waitFor({
      timeout: 60_000,
    });
    await button('Resume').click();
    await text(shown, /^A model was trained from \d+ images in 8 epochs/).waitFor({ timeout: 120_000 });
    await shown.locator('.suspect .picture').first().waitFor({ timeout: 30_000 });
    await shot('outcome', '#run');
    for (const [theme, kind, look] of THEMES) {
      await setTheme(page, theme, kind);
      await shown.locator(`body.vscode-${look}`).waitFor();
      for (const part of ['seeds', 'stages', 'suspects']) await shot(`${part}-${look}`, `#${part}`);
    }
    const results = path.join(folder, 'dataset.asd');
    for (const file of ['model.onnx', 'report.json', 'suspects.csv', 'suspects.json'])
      assert.ok(existsSync(path.join(results, file)), file);

    for (const format of ['csv', 'json']) {
      const target = path.join(folder, `list.${format}`);
      await button(`Save as ${format.toUpperCase()}…`).click();
      await answerFileDialogAt(page, folder, target);
      await until(
        () => existsSync(target),
        20_000,
        () => `${target} is not written`,
      );
      assert.deepEqual(readFileSync(target), readFileSync(path.join(results, `suspects.${format}`)));
    }
    const { suspected } = JSON.parse(readFileSync(path.join(folder, 'list.json'), 'utf8'));
    assert.ok(suspected > 0);

    await button('Move suspects to quarantine…').click();
    await chooseFolder(page, folder, 'quarantine', 'Move Suspects Here');
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.getByText('Nothing is deleted').waitFor();
    await page.screenshot({ path: path.join(out, 'e2e-split-asks.png') });
    assert.deepEqual(names(), before, 'nothing is moved before the answer');
    await dialog.getByRole('button', { name: 'Move Images' }).click();
    await text(shown, /images? (was|were) moved to/).waitFor({ timeout: 30_000 });
    assert.equal(names().length, before.length - suspected);
    await shot('quarantine', '#suspects');
    await button('Put them back').click();
    await text(shown, /images? (was|were) put back from/).waitFor({ timeout: 30_000 });
    assert.deepEqual(names(), before);
    t.diagnostic(`walked through in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  },
);
