import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { FromCleansingPanelSchema } from '../../src/protocol/cleansing-panel';
import { redrawnShareOf } from '../../src/protocol/ratio-editing';
import { axe, eventually, inked } from '../webview/checks';
import * as fixtures from '../webview/cleansing-fixtures';
import { CHROMIUM, Harness, hasChromium, type Panel } from '../webview/harness';
import { last, panelTest } from '../webview/panel-test';
import type { ThemeName } from '../webview/themes';

const THEME_NAMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const SHOTS = path.join(import.meta.dirname, '../../out/webview');
const TITLE = hasChromium
  ? 'the cleansing panel in a browser, under the policy of the extension host'
  : `the cleansing panel in a browser (skipped: there is no Chromium at ${CHROMIUM})`;

const READY = [
  fixtures.modelMessage(),
  fixtures.descriptionMessage(),
  fixtures.planMessage(),
  fixtures.imagesMessage(),
];
const WEIGHTS = fixtures.descriptionOf().stages.flatMap(({ layers }) => layers.map(({ weights }) => weights));

describe.skipIf(!hasChromium)(TITLE, () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.start();
    mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(() => harness.stop());

  const withPanel = panelTest(() => harness, 'cleansing', FromCleansingPanelSchema);
  /** The ratios of the last edit that the panel posted, once it has come to rest. */
  const lastRatios = async (panel: Panel, edits: number): Promise<number[]> => {
    await eventually(async () => (await panel.sent()).filter(hasRatios).length).toBeGreaterThanOrEqual(edits);
    const sent = (await panel.sent()).filter(hasRatios).at(-1) as { change: { ratios: number[] } };
    return sent.change.ratios;
  };
  const hasRatios = (message: Record<string, unknown>): boolean =>
    message['kind'] === 'edit' && 'ratios' in (message['change'] as object);
  const slide = (page: Page, id: string, value: string): Promise<void> =>
    page.evaluate(`(() => {
      const slider = document.querySelector('#${id}-slider');
      slider.value = '${value}';
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      slider.dispatchEvent(new Event('change', { bubbles: true }));
    })()`);

  test('shows its frame, asks for its state, and refuses what does not fit', async () => {
    await withPanel(async (panel, page) => {
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
        'Cleanse with unlabeled images',
      );
      expect(await panel.sent()).toEqual([{ kind: 'ready' }]);
      await panel.send({ kind: 'runs', runs: [{ id: '../../etc' }], damaged: [] });
      expect(await page.getByRole('alert').textContent()).toContain('does not understand');
    });
  });

  test('says what is missing before it can run, and runs', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(fixtures.modelMessage(false), fixtures.planMessage({ data: null }));
      expect(await page.locator('#run-why').textContent()).toBe('Disabled: the workspace is not trusted.');
      await panel.send(fixtures.modelMessage(), fixtures.descriptionMessage());
      expect(await page.locator('#run-why').textContent()).toBe('Choose the unlabeled images first.');
      await page.getByRole('button', { name: 'Choose folder…' }).first().click();
      expect(await last(panel)).toEqual({ kind: 'chooseData', set: 'data', what: 'folder' });
      await panel.send(fixtures.planMessage(), fixtures.imagesMessage());
      expect(await page.locator('#images').textContent()).toContain('5,000 images without labels');
      expect(await page.locator('#training').textContent()).toContain(
        '2,500 images an epoch in 10 steps, 200 in 20 epochs.',
      );
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      expect(await last(panel)).toEqual({ kind: 'run' });
    });
  });

  test('says what trains, and why TensorFlow.js cannot', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY, fixtures.engineMessage('onnxruntime'));
      const note = page.locator('#training-engine');
      expect(await note.textContent()).toContain('Trained by onnxruntime');
      expect(await note.locator('.notice').count()).toBe(0);
      expect(await note.getByText('Scour works with 4.x').isVisible()).toBe(false);
      await panel.send(fixtures.engineMessage('tfjs'));
      expect(await note.locator('.notice').textContent()).toContain('a run will not start');
      expect(await note.getByText('Scour works with 4.x').isVisible()).toBe(true);
      const directory = '/opt/tfjs\u202e/node_modules/@tensorflow/tfjs-node';
      const installed = { status: 'installed', name: '@tensorflow/tfjs-node', version: '4.22.0', directory };
      await panel.send({ kind: 'engine', chosen: 'tfjs', packages: [installed] });
      expect(await note.locator('.notice').count()).toBe(0);
      expect(await note.textContent()).toContain('@tensorflow/tfjs-node 4.22.0 in /opt/tfjs');
      expect(await note.textContent()).not.toContain('\u202e');
      await note.getByRole('button', { name: 'Training engine settings…' }).click();
      expect(await last(panel)).toEqual({ kind: 'openEngineSettings' });
    });
  });

  test('a model that cannot be cleansed says why', async () => {
    await withPanel(async (panel, page) => {
      const error = { name: 'TrainingError', reason: 'unsupported-model', message: 'It has no logits.' };
      await panel.send(fixtures.modelMessage(), {
        kind: 'description',
        description: { state: 'failed', error },
      });
      expect(await page.locator('header').textContent()).toContain('It has no logits.');
      await page.getByRole('button', { name: 'Read again' }).click();
      expect(await last(panel)).toEqual({ kind: 'describe' });
    });
  });

  test('ratios: by layer, by stage, in total, by preset, undone and redone', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      const rows = page.locator('.ratios tbody tr');
      expect(await rows.count()).toBe(6 + 18);
      expect(await page.locator('.total-line').textContent()).toContain('%');
      const paper = await page.locator('#total-share').inputValue();

      // One layer by keyboard.
      await page.getByRole('slider', { name: 'Ratio of /conv1/Conv, by slider' }).focus();
      await page.keyboard.press('ArrowRight');
      let ratios = await lastRatios(panel, 1);
      expect(ratios[0]).toBeCloseTo(0.02, 9);
      expect(ratios.slice(1)).toEqual(fixtures.INCREASING_RATIOS.slice(1));
      expect(await page.locator('#preset').inputValue()).toBe('');

      // A whole stage by its number.
      const stage = page.getByRole('spinbutton', { name: 'Ratio of all layers of stage 4' });
      await stage.fill('0.6');
      await stage.press('Enter');
      ratios = await lastRatios(panel, 2);
      expect(ratios.slice(13, 17)).toEqual([0.6, 0.6, 0.6, 0.6]);
      await stage.fill('7');
      await stage.press('Enter');
      expect(await stage.getAttribute('aria-invalid')).toBe('true');

      // Back to the paper's, and forth again.
      await page.getByRole('slider', { name: 'Ratio of /conv1/Conv, by slider' }).focus();
      await page.keyboard.press('Control+z');
      await page.keyboard.press('Control+z');
      // How many edits the two are posted in depends on the machine's pace.
      await eventually(() => lastRatios(panel, 3)).toEqual(fixtures.INCREASING_RATIOS);
      expect(await page.locator('#total-share').inputValue()).toBe(paper);
      expect(await page.locator('#preset').inputValue()).toBe('increasing');
      await page.keyboard.press('Control+Shift+z');
      await eventually(async () => (await lastRatios(panel, 4))[0]).toBeCloseTo(0.02, 9);

      // A preset brings its CLP with it.
      await page.locator('#preset').selectOption('clp+bcu');
      await eventually(() => last(panel)).toMatchObject({
        kind: 'edit',
        change: { preset: 'clp+bcu', clpU: 2 },
      });
      expect(await page.locator('#ratios').textContent()).toContain('17 channels above u = 2 are pruned');

      await slide(page, 'total-share', '0.5');
      await eventually(async () => redrawnShareOf(WEIGHTS, await lastRatios(panel, 5))).toBeCloseTo(0.5, 9);
    });
  });

  test('a held total stays where it is while rows move, and says where they must stop', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      const share = redrawnShareOf(WEIGHTS, fixtures.INCREASING_RATIOS);
      await page.getByLabel('Hold the total while rows move').check();
      await slide(page, 'ratio-stage-3', '0.4');
      const ratios = await lastRatios(panel, 1);
      expect(redrawnShareOf(WEIGHTS, ratios)).toBeCloseTo(share, 9);
      expect(ratios[9]).toBeCloseTo(0.4, 9);
      // The last stage holds most of the weights: alone it can hold no more than the total.
      await slide(page, 'ratio-stage-4', '1');
      expect(redrawnShareOf(WEIGHTS, await lastRatios(panel, 2))).toBeCloseTo(share, 9);
      expect(await page.locator('#ratios').textContent()).toContain('this ratio goes no further than');
      // Asked again, it stays where it is, and does not show what was typed.
      const field = page.locator('#ratio-stage-4');
      const limit = await field.inputValue();
      await field.fill('0.9');
      await field.press('Enter');
      await eventually(() => field.inputValue()).toBe(limit);
    });
  });

  test('what the host loads becomes a step of its own; an echo does not move anything', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      await slide(page, 'ratio-layer-0', '0.5');
      await panel.send(fixtures.planMessage({ device: 'cpu' }));
      expect(await page.locator('#ratio-layer-0').inputValue()).toBe('0.5');
      const loaded = fixtures.INCREASING_RATIOS.map(() => 0.3);
      await panel.send(fixtures.planMessage({ ratios: loaded, preset: null }, true));
      expect(await page.locator('#ratio-layer-0').inputValue()).toBe('0.3');
      await page.getByRole('button', { name: 'Undo' }).click();
      expect(await page.locator('#ratio-layer-0').inputValue()).toBe('0.5');
      await page.getByRole('button', { name: 'Save…' }).click();
      const sent = (await panel.sent()).slice(-2);
      // The host must hold what the page shows before it writes it.
      expect(sent[0]).toMatchObject({ kind: 'edit', change: { preset: null } });
      expect(sent[1]).toEqual({ kind: 'saveRatios' });
      await page.getByRole('button', { name: 'Load…' }).click();
      expect(await last(panel)).toEqual({ kind: 'loadRatios' });
    });
  });

  test('previews are kept by choice, and can be taken up again', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      await page.getByRole('button', { name: 'Preview student' }).click();
      expect(await last(panel)).toEqual({ kind: 'preview' });
      const own = fixtures.previewOf(41.2, {
        ratios: fixtures.INCREASING_RATIOS.map((ratio) => Math.min(1, 3 * ratio)),
        redrawn: 0.66,
      });
      const result = fixtures.previewOf(78.9);
      const restored = fixtures.previewOf(63.4, { restoreNorms: true });
      const previews = [result, restored, own];
      await panel.send({ kind: 'preview', preview: { state: 'done', result }, previews });
      const text = page.locator('section#preview');
      expect(await text.textContent()).toContain('78.9 %');
      expect(await text.textContent()).toContain('Increasing (paper), 22.1 % re-drawn');
      expect(await text.textContent()).toContain('own ratios, 66.0 % re-drawn');
      // Two that differ in nothing but the batch norms.
      const rows = text.getByRole('row').filter({ hasText: 'Increasing (paper), 22.1 % re-drawn' });
      expect(await rows.getByRole('cell', { name: 'batch norms put back' }).count()).toBeGreaterThan(0);
      expect(await rows.count()).toBe(2);
      expect(await rows.filter({ hasText: 'batch norms put back' }).textContent()).toContain('63.4 %');
      expect(await text.textContent()).not.toContain('not as is chosen now');
      await page.getByRole('button', { name: /^Show: Increasing .*batch norms put back/ }).click();
      expect(await text.textContent()).toContain('measured with batch norms put back, not as is chosen now');
      await page
        .getByRole('button', { name: 'Show: Increasing (paper), 22.1 % re-drawn', exact: true })
        .click();
      await eventually(() => inked(page, 'section#preview canvas')).toBeGreaterThan(300);
      await page.screenshot({ path: path.join(SHOTS, 'previews.png'), fullPage: true });
      await page.getByRole('button', { name: 'Use these ratios: own ratios' }).click();
      const ratios = await lastRatios(panel, 1);
      expect(ratios[0]).toBeCloseTo(0.03, 9);
      expect(await page.locator('section#preview').textContent()).toContain('measured with other ratios');
    });
  });

  test('training settings and what is watched are passed on, checked', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      await page.getByRole('spinbutton', { name: 'Epochs' }).fill('0');
      await page.getByRole('spinbutton', { name: 'Epochs' }).press('Enter');
      expect(await page.locator('#training').textContent()).toContain('Enter a whole number from 1');
      await page.getByRole('spinbutton', { name: 'Epochs' }).fill('40');
      await page.getByRole('spinbutton', { name: 'Epochs' }).press('Enter');
      expect(await last(panel)).toMatchObject({ kind: 'edit', change: { training: { epochs: 40 } } });
      await page.getByLabel('Temperature', { exact: true }).selectOption('constant');
      expect(await last(panel)).toMatchObject({ change: { training: { epochs: 40, temperature: 2 } } });
      await page.getByLabel('Mirror images at random').uncheck();
      expect(await last(panel)).toMatchObject({
        change: { training: { augmentation: { pad: 4, flip: false } } },
      });
      await page.getByLabel('Put batch norms back').check();
      expect(await last(panel)).toMatchObject({ change: { training: { epochs: 40, restoreNorms: true } } });
      await page.locator('#monitor summary').first().click();
      expect(await page.getByRole('button', { name: 'Add trigger' }).isHidden()).toBe(true);
      await panel.send(fixtures.planMessage(fixtures.WATCHED), fixtures.imagesMessage('monitor'));
      expect(await page.locator('#monitor').textContent()).toContain('BadNets');
      await page.getByLabel('Target class', { exact: true }).selectOption('3');
      expect(await last(panel)).toEqual({ kind: 'edit', change: { target: 3 } });
      await page.getByRole('button', { name: 'Do not watch' }).click();
      expect(await last(panel)).toEqual({ kind: 'forgetMonitor' });
    });
  });

  test('a run draws its steps and epochs as they come, pauses, and goes on', async () => {
    await withPanel(async (panel, page) => {
      const run = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'running', done: 0 });
      await panel.send(...READY, { kind: 'run', run }, fixtures.runningMessage(), {
        kind: 'steps',
        id: run.id,
        steps: fixtures.stepsOf(1),
      });
      const loss = page.locator('#run canvas').first();
      expect(await loss.getAttribute('aria-label')).toContain('Loss of a step: step 1 ');
      for (const step of fixtures.stepsOf(4).slice(1)) await panel.send({ kind: 'step', id: run.id, step });
      expect(await loss.getAttribute('aria-label')).toMatch(/step 1 .*, step 4 /);
      await panel.send({
        kind: 'run',
        run: fixtures.runOf({ id: run.id, status: 'running', done: 6 }),
      });
      await page.locator('#run').scrollIntoViewIfNeeded();
      await eventually(() => inked(page, '#run canvas')).toBeGreaterThan(300);
      expect(await page.locator('#run canvas').nth(1).getAttribute('aria-label')).toContain(
        'ASR: before training 12.5 %, epoch 6',
      );
      expect(await page.locator('#run').textContent()).toContain('The teacher: ACC 85.7 %, ASR 100.0 %');
      await page.locator('#run summary', { hasText: 'Epochs as a table' }).click();
      expect(await page.getByRole('table', { name: 'Epochs of the run' }).locator('tbody tr').count()).toBe(
        6,
      );
      expect(await page.locator('#run').textContent()).toContain('about 2 minutes left');
      await page.getByRole('button', { name: 'Pause' }).click();
      expect(await last(panel)).toEqual({ kind: 'pause' });
      await panel.send(fixtures.runningMessage(true));
      expect(await page.locator('#run').textContent()).toContain('Pausing after this step');
      await page.locator('#run').getByRole('button', { name: 'Cancel' }).click();
      expect(await last(panel)).toEqual({ kind: 'cancel', job: 'run' });
      const paused = fixtures.runOf({ id: run.id, status: 'paused', done: 6 });
      await panel.send(
        { kind: 'run', run: paused },
        { kind: 'job', id: run.id, job: { state: 'done', result: paused }, pausing: false },
      );
      expect(await page.locator('#run').textContent()).toContain('The run is paused.');
      await page.locator('#run').getByRole('button', { name: 'Resume' }).click();
      expect(await last(panel)).toEqual({ kind: 'resume', id: run.id });
    });
  });

  test('an interrupted run is offered when the panel opens', async () => {
    await withPanel(async (panel, page) => {
      const error = 'The engine was killed.';
      const run = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'interrupted', done: 3, error });
      await panel.send(...READY, fixtures.runsMessage([run]));
      expect(await page.locator('header').textContent()).toMatch(
        /A run was interrupted.*epoch 3 of 20.*The engine was killed\./,
      );
      await page.locator('header').getByRole('button', { name: 'Resume' }).click();
      expect(await last(panel)).toEqual({ kind: 'resume', id: run.id });
    });
  });

  test('a run that leaves the backdoor says so, and what to change; never a verdict', async () => {
    await withPanel(async (panel, page) => {
      const [, kept] = fixtures.FINISHED;
      await panel.send(...READY, fixtures.runsMessage(), {
        kind: 'job',
        id: kept!.id,
        job: { state: 'done', result: kept },
        pausing: false,
      });
      const text = (await page.locator('#run').textContent())!;
      expect(text).toContain('With badnets, 97.0 % of images still go to the target (teacher: 100.0 %).');
      expect(text).toContain('training brings badnets back');
      expect(text).toContain('CLP + BCU');
      expect(await page.locator('body').textContent()).not.toMatch(/\bclean\b/i);
    });
  });

  test('runs are compared side by side, exported, evaluated and deleted', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY, fixtures.runsMessage());
      const runs = page.locator('#runs');
      await runs.scrollIntoViewIfNeeded();
      await eventually(() => inked(page, '#runs canvas')).toBeGreaterThan(300);
      await page.getByLabel('Curve').selectOption({ label: 'ASR' });
      expect(await runs.locator('canvas').getAttribute('aria-label')).toMatch(
        /CLP \+ BCU, 22.1 % re-drawn: before training 12.5 %, epoch 20 2.4 %.*Increasing.*epoch 20 97.0 %/,
      );
      await runs.locator('summary', { hasText: 'Points as a table' }).click();
      // Epochs 0 to 20 of either run.
      expect(await runs.locator('.curve tbody tr').count()).toBe(42);
      await runs.locator('summary', { hasText: 'Points as a table' }).click();
      const table = runs.getByRole('table', { name: 'Runs side by side, as their students stand' });
      expect(await table.locator('tbody tr').count()).toBe(2);
      expect(await table.locator('tbody tr').first().textContent()).toContain('91.4 %');
      await runs.getByLabel('Compare').first().uncheck();
      expect(await table.locator('tbody tr').count()).toBe(1);
      await runs.getByRole('button', { name: 'Export student…' }).first().click();
      expect(await last(panel)).toEqual({ kind: 'export', id: fixtures.CLP_RUN });
      const result = { output: '/home/ada/models/badnets.cleansed.onnx', bytes: 9, sha256: 'f'.repeat(64) };
      await panel.send({ kind: 'export', id: fixtures.CLP_RUN, export: { state: 'done', result } });
      await runs.getByRole('button', { name: 'Evaluate…' }).click();
      expect(await last(panel)).toEqual({ kind: 'evaluateExported' });
      await runs.getByRole('button', { name: 'Use its settings' }).first().click();
      expect(await last(panel)).toEqual({ kind: 'reuse', id: fixtures.CLP_RUN });
      await runs.getByRole('button', { name: 'Delete' }).last().click();
      expect(await last(panel)).toEqual({ kind: 'deleteRun', id: fixtures.BCU_RUN });
      await panel.send(fixtures.runsMessage([fixtures.FINISHED[0]!]));
      expect(await runs.locator('.run-card').count()).toBe(1);
    });
  });

  test('a net of 120 layers is folded by stage, and moves as one', async () => {
    await withPanel(async (panel, page) => {
      const description = fixtures.largeDescription();
      const ratios = description.presets[0]!.ratios;
      await panel.send(
        fixtures.modelMessage(),
        fixtures.descriptionMessage(description),
        fixtures.planMessage({ ratios }),
        fixtures.imagesMessage(),
      );
      expect(await page.locator('.ratios tbody tr').count()).toBe(4);
      expect(await page.locator('#ratios').textContent()).toContain('The paper did not study');
      await page.getByRole('button', { name: 'stage 2', exact: true }).click();
      expect(await page.locator('.ratios tbody tr:visible').count()).toBe(34);
      await slide(page, 'ratio-stage-1', '0.7');
      expect((await lastRatios(panel, 1)).filter((ratio) => ratio === 0.7)).toHaveLength(30);
      expect(await page.locator('#ratio-layer-45').inputValue()).toBe('0.7');
      await page.getByRole('button', { name: 'stage 2', exact: true }).click();
      expect(await page.locator('.ratios tbody tr:visible').count()).toBe(4);
    });
  });

  THEME_NAMES.forEach((theme) => {
    test(`axe finds nothing, and screenshots are taken, in ${theme}`, async () => {
      await withPanel(
        async (panel, page) => {
          const live = fixtures.runOf({ id: fixtures.LIVE_RUN, status: 'running', done: 6 });
          const preview = fixtures.previewOf(78.9);
          await panel.send(
            ...READY,
            fixtures.planMessage(fixtures.WATCHED),
            fixtures.imagesMessage('monitor'),
            fixtures.engineMessage('tfjs'),
            { kind: 'preview', preview: { state: 'done', result: preview }, previews: [preview] },
            fixtures.runsMessage([live, ...fixtures.FINISHED]),
            fixtures.runningMessage(),
            { kind: 'steps', id: live.id, steps: fixtures.stepsOf(64) },
          );
          await page.locator('#monitor summary').first().click();
          for (const fold of await page.locator('details.fold > summary:visible').all()) await fold.click();
          expect(await axe(page)).toEqual([]);
          for (const fold of await page.locator('details.fold > summary:visible').all()) await fold.click();
          await page.setViewportSize({ width: 1180, height: 1400 });
          for (const id of ['images', 'ratios', 'preview', 'training', 'run', 'runs']) {
            await page.evaluate(`document.querySelector('section#${id}').scrollIntoView()`);
            await page.waitForTimeout(250);
            await page.screenshot({ path: path.join(SHOTS, `cleansing-${id}-${theme}.png`) });
          }
          const [kept] = fixtures.FINISHED.slice(1);
          await panel.send(fixtures.runsMessage(), {
            kind: 'job',
            id: kept!.id,
            job: { state: 'done', result: kept },
            pausing: false,
          });
          await page.evaluate(`document.querySelector('section#run').scrollIntoView()`);
          await page.waitForTimeout(250);
          await page.screenshot({ path: path.join(SHOTS, `cleansing-ended-${theme}.png`) });
        },
        { theme, bypassCsp: true },
      );
    }, 60_000);
  });

  test('a narrow editor column does not scroll sideways', async () => {
    await withPanel(
      async (panel, page) => {
        await panel.send(...READY, fixtures.runsMessage());
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        await page.screenshot({ path: path.join(SHOTS, 'cleansing-narrow.png') });
      },
      { width: 400 },
    );
  });
});
