// A user's way through Scour in a real VS Code. Run by test/e2e/run.mjs, which prepares the package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, chmodSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import ort from 'onnxruntime-node';
import { writeBigModel } from './big-model.mjs';
import { installedVSCode, openWindow, out, root } from './session.mjs';
import { until } from './vscode.mjs';
import { acceptSuggestion, chooseInExplorer, panel, runCommand, setTheme, text } from './workbench.mjs';

const SCAN = 'Scan for Backdoors (Scour)';

/** The models of this run: the shared reference nets where they are at hand, otherwise the sample alone. */
function pickModels() {
  const shared = process.env.SCOUR_E2E_MODELS ?? path.join(root, '../shared/models');
  const folder = existsSync(path.join(shared, 'badnets.onnx')) ? shared : path.join(root, 'samples');
  const first = path.join(folder, 'badnets.onnx');
  const second = path.join(folder, 'clean.onnx');
  return {
    first,
    second: existsSync(second) ? second : first,
    reference: path.join(folder, 'badnets.clp.json'),
  };
}
const models = pickModels();

/** A folder with the two models in it, as files of their own. */
function makeWorkspace(vscode, name) {
  const folder = path.join(vscode.home, name);
  mkdirSync(folder);
  for (const [file, from] of [
    ['suspect.onnx', models.first],
    ['other.onnx', models.second],
  ]) {
    copyFileSync(from, path.join(folder, file));
    chmodSync(path.join(folder, file), 0o644);
  }
  return folder;
}

/** What `scour scan --format json` says of a file: our reader, outside VS Code. */
function scanOnCommandLine(file, u) {
  const text = execFileSync(
    process.execPath,
    [
      path.join(root, 'dist/cli.js'),
      'scan',
      file,
      '--u',
      String(u),
      '--format',
      'json',
      '--fail-on',
      'never',
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const report = JSON.parse(text);
  return Array.isArray(report) ? report[0] : report;
}

/** Channels above mean + u·std by the numbers of the reference implementation. */
function expectedOutliers(u) {
  const { layers } = JSON.parse(readFileSync(models.reference, 'utf8'));
  return layers.reduce(
    (sum, { uclc, mean, std }) => sum + uclc.filter((value) => value > mean + u * std).length,
    0,
  );
}

/** Waits until the panel in front is the named model's and shows its histograms. */
async function histogramsOf(page, name) {
  await panel(page).getByRole('heading', { name, exact: true }).first().waitFor();
  await panel(page).locator('canvas').first().waitFor();
}

/** Waits for the histograms and says how long they took, and how much of that VS Code needed to open a webview. */
async function timeToHistograms(t, page, name, clicked) {
  const since = () => Math.round(performance.now() - clicked);
  await page.locator('.tab.active', { hasText: name }).waitFor();
  const tab = since();
  await panel(page).getByRole('heading', { name, exact: true }).first().waitFor();
  const opened = since();
  await histogramsOf(page, name);
  const took = since();
  t.diagnostic(`${name}: click to tab ${tab} ms, to panel ${opened} ms, to histograms ${took} ms`);
  return took;
}

/** Reads from VS Code how long the extension took to load and activate in this window. */
async function noteActivation(t, page) {
  await page.setViewportSize({ width: 1400, height: 2400 }); // the list draws only the rows in view
  await runCommand(page, 'Developer: Show Running Extensions');
  const row = page.locator('.runtime-extensions-editor .extension', { hasText: 'Scour' });
  const text = await row.locator('.activation-time').textContent();
  t.diagnostic(`activation of the extension: ${text}`);
  assert.match(text, /\d+\s*ms/);
}

const countsOf = (page) => panel(page).locator('.counts');
const button = (page, name) => panel(page).getByRole('button', { name });

async function setU(page, u) {
  const field = panel(page).getByRole('spinbutton').first();
  await field.fill(String(u));
  await field.press('Enter');
}

const THEMES = [
  ['Dark Modern', 'vs-dark', 'dark'],
  ['Light Modern', 'vs', 'light'],
  ['Dark High Contrast', 'hc-black', 'contrast'],
];
const PANEL_CLASS = { 'vs-dark': 'vscode-dark', vs: 'vscode-light', 'hc-black': 'vscode-high-contrast' };

let trusted;
let restricted;
before(
  async () => {
    trusted = await installedVSCode({
      settings: { 'scour.engine.stallSeconds': 1, 'scour.engine.idleSeconds': 1 },
    });
  },
  { timeout: 600_000 },
);
after(async () => {
  await trusted?.stop();
  await restricted?.stop();
});

test('the package holds one platform', () => {
  const extensions = path.join(trusted.home, 'extensions');
  const folder = readdirSync(extensions).find((name) => name.startsWith('scour.'));
  const binaries = path.join(extensions, folder, 'node_modules/onnxruntime-node/bin/napi-v6');
  assert.deepEqual(readdirSync(binaries), ['linux']);
  assert.deepEqual(readdirSync(path.join(binaries, 'linux')), [process.arch]);
});

test(
  'right-click, histograms, u, preview, export, compare; results survive a reload',
  { timeout: 240_000 },
  async (t) => {
    const folder = makeWorkspace(trusted, 'audit');
    const page = await openWindow(t, trusted, folder, 'audit');

    assert.deepEqual(await trusted.engines(), [], 'no engine before the first scan');
    let clicked = await chooseInExplorer(page, 'suspect.onnx', SCAN);
    await timeToHistograms(t, page, 'suspect.onnx', clicked);
    await until(
      async () => (await countsOf(page).textContent())?.startsWith(`${expectedOutliers(3)} outlier`),
      5000,
      () => "the count at u = 3 is not the reference's",
    );
    assert.equal((await trusted.engines()).length, 1);

    clicked = await chooseInExplorer(page, 'other.onnx', SCAN);
    await timeToHistograms(t, page, 'other.onnx', clicked);

    await writeBigModel(root, path.join(root, '.cache'), path.join(folder, 'resnet18.onnx'));
    clicked = await chooseInExplorer(page, 'resnet18.onnx', SCAN);
    await timeToHistograms(t, page, 'resnet18.onnx', clicked);
    await runCommand(page, 'View: Close Editor');
    await chooseInExplorer(page, 'suspect.onnx', SCAN);
    await histogramsOf(page, 'suspect.onnx');

    await setU(page, 2);
    await until(
      async () => (await countsOf(page).textContent())?.startsWith(`${expectedOutliers(2)} outlier`),
      5000,
      () => "the count at u = 2 is not the reference's",
    );
    assert.notEqual(expectedOutliers(2), expectedOutliers(3));

    await button(page, 'Preview effect').click();
    await text(panel(page), 'Measured at u = 2').waitFor({ timeout: 120_000 });

    const exported = path.join(folder, 'suspect.pruned.onnx');
    await button(page, 'Export pruned model').click();
    await acceptSuggestion(page, exported);
    await button(page, 'Open exported model').waitFor({ timeout: 60_000 });
    await checkExported(path.join(folder, 'suspect.onnx'), exported, 2);
    assert.deepEqual(
      readFileSync(path.join(folder, 'suspect.onnx')),
      readFileSync(models.first),
      'the input is untouched',
    );

    await button(page, 'Compare with exported').click();
    await page.locator('.tab', { hasText: 'suspect.onnx ↔ suspect.pruned.onnx' }).waitFor();
    await text(panel(page), 'suspect.pruned.onnx').waitFor();
    await page.screenshot({ path: path.join(out, 'e2e-compare.png') });

    await t.test('three themes', async () => {
      await page.locator('.tab', { hasText: /^suspect\.onnx$/ }).click();
      await histogramsOf(page, 'suspect.onnx');
      await runCommand(page, 'View: Show Scour');
      await button(page, 'Histograms').click();
      for (const [theme, kind, file] of THEMES) {
        await setTheme(page, theme, kind);
        await panel(page).locator(`body.${PANEL_CLASS[kind]}`).waitFor();
        await sleep(700); // the panel redraws its charts
        await page.screenshot({ path: path.join(out, `e2e-${file}.png`) });
      }
    });

    await t.test('reload', async () => {
      await page.reload();
      await page.locator('.monaco-workbench').waitFor();
      await histogramsOf(page, 'suspect.onnx');
      await text(panel(page), 'earlier scan').waitFor();
      assert.match(
        await countsOf(page).textContent(),
        new RegExp(`^${expectedOutliers(2)} outlier`),
        'u survives the reload',
      );
      await runCommand(page, 'View: Show Scour');
      const rows = page.locator('.pane-body .monaco-list-row');
      await rows.filter({ hasText: 'suspect.onnx' }).filter({ hasText: 'outliers at u' }).first().waitFor();
      await rows
        .filter({ hasText: 'suspect.pruned.onnx' })
        .filter({ hasText: 'exported from suspect.onnx' })
        .waitFor();
      assert.equal(await rows.count(), 4);
    });

    await t.test('a changed file is scanned again', async () => {
      const before = await countsOf(page).textContent();
      // VS Code's watcher takes a while to start in a reloaded window, and tells nothing of what was written before.
      let written = -Infinity;
      await until(
        async () => {
          if (performance.now() - written > 10_000) {
            copyFileSync(exported, path.join(folder, 'suspect.onnx'));
            written = performance.now();
          }
          return (await countsOf(page).textContent()) !== before;
        },
        60_000,
        () => 'the audit still shows the old file',
      );
    });

    await noteActivation(t, page);
  },
);

/** The exported file loads and runs in onnxruntime, and our reader finds exactly the flagged channels at zero. */
async function checkExported(input, exported, u) {
  const before = scanOnCommandLine(input, u);
  const after = scanOnCommandLine(exported, u);
  assert.ok(after.model.provenance, 'the exported model carries its provenance');
  let zeros = 0;
  before.layers.forEach((layer, i) => {
    const flagged = new Set(layer.outliers.map(({ channel }) => channel));
    layer.uclc.forEach((value, channel) => {
      if (flagged.has(channel)) {
        assert.equal(after.layers[i].uclc[channel], 0, `${layer.name} channel ${channel}`);
        zeros++;
      } else {
        assert.equal(
          after.layers[i].uclc[channel],
          value,
          `${layer.name} channel ${channel} must not change`,
        );
      }
    });
  });
  assert.equal(zeros, expectedOutliers(u));
  const [a, b] = await Promise.all([input, exported].map(runOnRamp));
  assert.equal(a.length, b.length);
  assert.ok(b.every(Number.isFinite));
  assert.notDeepEqual(a, b, 'pruning changes the logits');
}

/** The model's output on one fixed input. */
async function runOnRamp(file) {
  const session = await ort.InferenceSession.create(file);
  const [meta] = session.inputMetadata;
  const dims = meta.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  const size = dims.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
  const result = await session.run({ [meta.name]: new ort.Tensor('float32', values, dims) });
  return [...result[session.outputNames[0]].data];
}

test('an engine that hangs or dies leaves the editor usable', { timeout: 120_000 }, async (t) => {
  const folder = makeWorkspace(trusted, 'kill');
  const page = await openWindow(t, trusted, folder, 'kill');
  await chooseInExplorer(page, 'suspect.onnx', SCAN);
  await histogramsOf(page, 'suspect.onnx');
  const theEngine = async () => {
    const pids = await trusted.engines();
    assert.equal(pids.length, 1);
    return pids[0];
  };

  // A stopped process is an engine that hangs in native code: it hears nothing and says nothing.
  let pid = await theEngine();
  process.kill(pid, 'SIGSTOP');
  await chooseInExplorer(page, 'other.onnx', SCAN);
  await text(panel(page), /engine.*(stalled|not reported|not been heard|silent)|no news/i).waitFor();
  await page.screenshot({ path: path.join(out, 'e2e-stalled.png') });
  const cancel = button(page, 'Cancel').first();
  await cancel.waitFor();
  const clicked = performance.now();
  await cancel.click();
  const sent = performance.now();
  await until(
    () => !existsSync(`/proc/${pid}`),
    5000,
    () => 'the hanging engine was not killed',
  );
  const gone = performance.now();
  t.diagnostic(
    `Cancel on a hanging engine: gone ${Math.round(gone - sent)}…${Math.round(gone - clicked)} ms after the click`,
  );
  await text(panel(page), 'The scan was cancelled.').waitFor();
  await button(page, 'Scan again').click();
  await histogramsOf(page, 'other.onnx');

  pid = await theEngine();
  process.kill(pid, 'SIGSTOP');
  await runCommand(page, 'Scour: Scan Again');
  await button(page, 'Cancel').first().waitFor();
  process.kill(pid, 'SIGKILL');
  await text(panel(page), /killed from outside/).waitFor();
  await page.screenshot({ path: path.join(out, 'e2e-killed.png') });
  await button(page, 'Retry').first().click();
  await histogramsOf(page, 'other.onnx');
  assert.notEqual(await theEngine(), pid);

  await runCommand(page, 'View: Close All Editors');
  await until(
    async () => (await trusted.engines()).length === 0,
    10_000,
    () => 'the engine outlives the last audit',
  );
  await noteActivation(t, page);
});

test('Restricted Mode: scanning works, exporting asks for trust', { timeout: 120_000 }, async (t) => {
  restricted = await installedVSCode({ trust: false });
  const folder = makeWorkspace(restricted, 'restricted');
  const page = await openWindow(t, restricted, folder, 'restricted');
  await chooseInExplorer(page, 'suspect.onnx', SCAN);
  await histogramsOf(page, 'suspect.onnx');
  assert.match(await countsOf(page).textContent(), new RegExp(`^${expectedOutliers(3)} outlier`));
  await text(panel(page), 'needs a trusted workspace').waitFor({ state: 'attached' });

  await runCommand(page, 'Scour: Export Pruned Model…');
  const notice = page.locator('.notification-toast', {
    hasText: 'Exporting a pruned model needs a trusted workspace',
  });
  await notice.waitFor();
  await sleep(500); // it slides in
  await page.screenshot({ path: path.join(out, 'e2e-restricted.png') });
  assert.ok(!existsSync(path.join(folder, 'suspect.pruned.onnx')));

  await notice.getByRole('button', { name: 'Manage Workspace Trust' }).click();
  await page
    .locator('.workspace-trust-editor')
    .getByRole('button', { name: /^Trust$/ })
    .click();
  await page.getByText('You trust this folder').waitFor();
  await page.keyboard.press('Escape'); // the page about trust lies over the editors
  await histogramsOf(page, 'suspect.onnx');
  await text(panel(page), 'needs a trusted workspace').waitFor({ state: 'hidden' });
  await noteActivation(t, page);
});
