import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FromEvaluationPanelSchema } from '../../src/protocol/evaluation-panel';
import { axe, eventually, inked } from '../webview/checks';
import * as fixtures from '../webview/evaluation-fixtures';
import { CHROMIUM, Harness, hasChromium } from '../webview/harness';
import { last, panelTest } from '../webview/panel-test';
import type { ThemeName } from '../webview/themes';

const THEME_NAMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const SHOTS = path.join(import.meta.dirname, '../../out/webview');
const TITLE = hasChromium
  ? 'the evaluation panel in a browser, under the policy of the extension host'
  : `the evaluation panel in a browser (skipped: there is no Chromium at ${CHROMIUM})`;

const RUNNING = { state: 'running', message: 'Evaluating', fraction: 0.4, secondsLeft: 12, stalled: false };
const READY = [fixtures.modelsMessage(), fixtures.planMessage(), fixtures.description()];
const WHOLE = [...READY, fixtures.runMessage(), fixtures.sweepMessage()];

describe.skipIf(!hasChromium)(TITLE, () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.start();
    mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(() => harness.stop());

  const withPanel = panelTest(() => harness, 'evaluation', FromEvaluationPanelSchema);

  test('shows its frame, asks for its state, and refuses what does not fit', async () => {
    await withPanel(async (panel, page) => {
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Evaluate on images');
      expect(await panel.sent()).toEqual([{ kind: 'ready' }]);
      await panel.send({ kind: 'run', run: { state: 'done', result: { models: 'gone' } } });
      expect(await page.getByRole('alert').textContent()).toContain('does not understand');
    });
  });

  test('says what is missing before it can run, and runs', async () => {
    await withPanel(async (panel, page) => {
      const evaluate = page.getByRole('button', { name: 'Evaluate', exact: true });
      const why = page.locator('#run-why');
      await panel.send(fixtures.modelsMessage(false), fixtures.planMessage({ data: null, target: null }));
      expect(await why.textContent()).toBe('Disabled: the workspace is not trusted.');
      await page.locator('#run').getByRole('button', { name: 'Manage Workspace Trust' }).click();
      expect(await last(panel)).toEqual({ kind: 'manageTrust' });
      await panel.send(fixtures.modelsMessage());
      expect(await why.textContent()).toBe('Choose the images first.');
      expect(await evaluate.getAttribute('aria-disabled')).toBe('true');
      await page.getByRole('button', { name: 'Choose folder…' }).click();
      expect(await last(panel)).toEqual({ kind: 'chooseData', what: 'folder' });
      await panel.send(fixtures.planMessage({ target: null }), fixtures.description());
      expect(await why.textContent()).toBe('Choose the target class first.');
      expect(await page.locator('#images').textContent()).toContain('10,000 images in 10 classes');
      await page.getByLabel('Target class', { exact: true }).selectOption({ label: '2: bird' });
      expect(await last(panel)).toEqual({ kind: 'edit', change: { target: 2 } });
      await panel.send(fixtures.planMessage({ target: 2 }));
      await evaluate.click();
      expect(await last(panel)).toEqual({ kind: 'run' });
      await panel.send({ kind: 'run', run: RUNNING });
      expect(await page.locator('#run').textContent()).toMatch(/Evaluating \(40 %\).*about 12 seconds left/s);
      await page.locator('#run').getByRole('button', { name: 'Cancel' }).first().click();
      expect(await last(panel)).toEqual({ kind: 'cancel', job: 'run' });
      await panel.send(fixtures.runMessage());
      await page.getByRole('button', { name: 'Show the report' }).click();
      expect(await page.evaluate(`document.activeElement === document.querySelector('#rates summary')`)).toBe(
        true,
      );
      await panel.send({ kind: 'run', run: { state: 'cancelled' } });
      expect(await page.locator('#run').textContent()).toContain('The evaluation was cancelled.');
      const error = { name: 'DataError', reason: 'no-images', message: 'No images\u202e in <b>there</b>.' };
      await panel.send({ kind: 'run', run: { state: 'failed', error } });
      expect(await page.locator('#run').textContent()).toContain('No images\\u{202e} in <b>there</b>.');
    });
  });

  test('images that cannot be used say why, and can be looked at again', async () => {
    await withPanel(async (panel, page) => {
      const error = { name: 'DataError', reason: 'no-images', message: 'There is no image in it.' };
      await panel.send(fixtures.modelsMessage(), fixtures.planMessage(), {
        kind: 'description',
        description: { state: 'failed', error },
      });
      expect(await page.locator('#images').textContent()).toContain('There is no image in it.');
      expect(await page.locator('#run-why').textContent()).toContain('The images cannot be used');
      await page.getByRole('button', { name: 'Look again' }).click();
      expect(await last(panel)).toEqual({ kind: 'describe' });
      await panel.send(fixtures.description({ modelClasses: 100 }));
      expect(await page.locator('#images').textContent()).toContain('the model tells 100 apart');
      expect(await page.locator('#run-why').textContent()).toBe('');
    });
  });

  test('every built-in trigger has its parameters, checked before they are sent', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...READY);
      const options = await page
        .getByLabel('Trigger', { exact: true })
        .first()
        .locator('option')
        .allTextContents();
      expect(options).toHaveLength(8);
      await page.locator('#attack-kind').selectOption('sig');
      await page.getByRole('button', { name: 'Add trigger' }).click();
      expect(await last(panel)).toEqual({ kind: 'addAttack', attack: 'sig' });
      await panel.send(
        fixtures.planMessage({
          attacks: [
            { id: 1, attack: fixtures.BADNETS },
            { id: 2, attack: { kind: 'sig', delta: 20, frequency: 6 } },
            { id: 3, attack: { kind: 'blended', alpha: 0.2, pattern: '/p/<i>.png', seed: 0 } },
          ],
        }),
      );
      const sig = page.locator('.attack-card', { hasText: 'SIG' });
      const delta = sig.getByLabel('Strength (Δ, grey levels)');
      await delta.fill('300');
      await delta.press('Tab');
      expect(await sig.textContent()).toContain('Enter a number from 0 to 255.');
      await delta.fill('40');
      await delta.press('Tab');
      expect(await last(panel)).toEqual({
        kind: 'editAttack',
        id: 2,
        attack: { kind: 'sig', delta: 40, frequency: 6 },
      });
      await page.getByLabel('Corner').selectOption('top-left');
      expect(await last(panel)).toMatchObject({ id: 1, attack: { position: 'top-left' } });
      const side = page.locator('.attack-card', { hasText: 'BadNets' }).getByLabel('Side in pixels');
      await side.fill('5');
      await side.press('Enter');
      expect(await last(panel)).toMatchObject({ id: 1, attack: { size: 5 } });
      const blended = page.locator('.attack-card', { hasText: 'Blended' });
      expect(await blended.textContent()).toContain('/p/<i>.png');
      await blended.getByRole('button', { name: 'Choose…: Pattern' }).click();
      expect(await last(panel)).toEqual({ kind: 'chooseAttackFile', id: 3, field: 'pattern' });
      await blended.getByRole('button', { name: 'Use uniform noise: Pattern' }).click();
      expect(await last(panel)).toMatchObject({ kind: 'editAttack', id: 3, attack: { pattern: null } });
      await page.getByRole('button', { name: 'Remove SIG' }).click();
      expect(await last(panel)).toEqual({ kind: 'removeAttack', id: 2 });
      await panel.send(fixtures.planMessage());
      expect(await page.locator('.attack-card').count()).toBe(1);
    });
  });

  test('a patch is put in place with the mouse and with the arrow keys', async () => {
    await withPanel(async (panel, page) => {
      const patch = (x: number, y: number) =>
        fixtures.planMessage({ attacks: [{ id: 4, attack: { ...fixtures.PATCH, x, y } }] });
      await panel.send(
        fixtures.modelsMessage(),
        fixtures.planMessage({ attacks: [] }),
        fixtures.description(),
      );
      await panel.send(patch(29, 29));
      // One that has just been added is previewed at once: it is placed on the preview.
      expect(await last(panel)).toEqual({ kind: 'previewTrigger', id: 4 });
      const trigger = { state: 'done', result: fixtures.triggerPreview() };
      await panel.send({ kind: 'trigger', id: 4, trigger });
      const handle = page.locator('.placer-handle');
      // The picture's size is found where the images differ.
      await eventually(() => handle.getAttribute('aria-label')).toContain(
        'Patch of 3 × 3 pixels, 29 from the left, 29 from the top',
      );
      await handle.focus();
      await page.keyboard.press('ArrowLeft');
      expect(await last(panel)).toMatchObject({ kind: 'editAttack', id: 4, attack: { x: 28, y: 29 } });
      await panel.send(patch(28, 29));
      await page.keyboard.press('Shift+ArrowUp');
      expect(await last(panel)).toMatchObject({ attack: { x: 28, y: 21 } });
      await panel.send(patch(28, 21));
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await panel.send(patch(29, 21));
      expect(await last(panel)).toMatchObject({ attack: { x: 29, y: 21 } });

      const box = (await handle.boundingBox())!;
      const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      await page.mouse.move(centre.x, centre.y);
      await page.mouse.down();
      await page.mouse.move(centre.x - 80, centre.y - 40, { steps: 4 });
      await page.mouse.move(centre.x - 160, centre.y - 80, { steps: 4 });
      await page.mouse.up();
      // Eight pixels of the page are one of the image.
      expect(await last(panel)).toMatchObject({ kind: 'editAttack', attack: { x: 9, y: 11 } });
      await panel.send(patch(9, 11));
      await eventually(async () => (await last(panel)) as { kind: string }).toEqual({
        kind: 'previewTrigger',
        id: 4,
      });
      expect(await page.getByRole('spinbutton', { name: 'Left' }).inputValue()).toBe('9');
    });
  });

  test('reports figures side by side with counts and intervals, and never a verdict', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...WHOLE);
      const rates = page.locator('#rates');
      const [first, second] = fixtures.report().models;
      const cells = await rates.locator('.rates tbody tr').first().locator('td').allTextContents();
      expect(cells[0]).toMatch(
        new RegExp(
          `^${first!.acc!.toFixed(1)} %.*${Math.round(100 * first!.acc!).toLocaleString('en-US')} of 10,000 images$`,
        ),
      );
      expect(cells[1]).toContain(`${second!.acc!.toFixed(1)} %`);
      expect(await rates.textContent()).toContain(
        'with badnets, 100.0 % of 9,000 images go to 0 airplane and 0.0 % keep their class',
      );
      expect(await rates.textContent()).toContain('agree with the reference’s on 88.6 %');
      expect(await page.locator('body').textContent()).not.toMatch(/\bclean\b/i);
      expect(await page.locator('#confusion .matrix tbody tr').count()).toBe(10);
      const diagonal = await page.locator('#confusion .is-right').allTextContents();
      expect(diagonal.map((text) => Number(text.replace(',', '')))).toEqual(
        first!.perClass.map(({ correct }) => correct),
      );
      await page.locator('#look-model').selectOption({ index: 1 });
      const other = await page.locator('#confusion .is-right').allTextContents();
      expect(other.map((text) => Number(text.replace(',', '')))).toEqual(
        second!.perClass.map(({ correct }) => correct),
      );
      expect(await page.locator('#samples .sample').count()).toBe(4);
      expect(await page.locator('#samples .sample').first().textContent()).toMatch(
        /2 bird right.*0 airplane target/s,
      );
      expect(await page.locator('#tac .card').count()).toBe(4);
      expect(await page.locator('#tac canvas').first().getAttribute('aria-label')).toMatch(
        /Channel \d+ changes most/,
      );
    });
  });

  test('every chart is drawn, and has a table twin', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...WHOLE);
      for (const id of ['rates', 'destinations', 'classes', 'tac', 'embedding', 'sweep']) {
        await page.locator(`#${id}`).scrollIntoViewIfNeeded();
        await eventually(() => inked(page, `#${id} canvas`)).toBeGreaterThan(300);
        expect(await page.locator(`#${id} table`).count(), id).toBeGreaterThan(0);
        expect(
          (await page.locator(`#${id} canvas`).first().getAttribute('aria-label'))?.length,
        ).toBeGreaterThan(40);
      }
      await page.locator('#sweep summary', { hasText: 'Sweep as a table' }).click();
      expect(await page.locator('#sweep tbody tr').count()).toBe(21);
      expect(await page.locator('#sweep .legend').textContent()).toBe('●ACC▲ASR■RA');
    });
  });

  test('images without labels: how predictions spread, and the agreement curve', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(
        fixtures.modelsMessage(),
        fixtures.planMessage({ attacks: [], target: null }),
        fixtures.description({ classes: null }),
        fixtures.runMessage(fixtures.unlabelledReport()),
        fixtures.sweepMessage(fixtures.sweepReport(false)),
      );
      expect(await page.locator('#images').textContent()).toContain('10,000 images without labels');
      expect(await page.locator('#rates').textContent()).toContain('The images have no labels');
      expect(await page.locator('#destinations .card').count()).toBe(2);
      for (const id of ['classes', 'confusion', 'samples', 'tac', 'embedding'])
        expect(await page.locator(`#${id}`).isHidden(), id).toBe(true);
      expect(await page.locator('#sweep .legend').textContent()).toBe('●Agreement with the model as it is');
    });
  });

  test('what is out of date, incomplete or left out is said', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(
        ...READY,
        fixtures.runMessage(
          fixtures.report({
            complete: false,
            skipped: [{ path: 'bird/<img>.png', reason: 'The file ends too early.' }],
            warnings: ['No mean and std were found.'],
          }),
        ),
        fixtures.planMessage({ seed: 3 }, { run: true, sweep: false }),
      );
      const text = await page.locator('.results').textContent();
      expect(text).toContain('have changed since this report was made');
      expect(text).toContain('Incomplete.');
      expect(text).toContain('bird/<img>.png: The file ends too early.');
      expect(text).toContain('No mean and std were found.');
    });
  });

  test('a thousand classes stay readable', async () => {
    await withPanel(async (panel, page) => {
      const many = Array.from({ length: 1000 }, (_, at) => `class-${at}`);
      const base = fixtures.report();
      const models = base.models.map((model) => ({
        ...model,
        perClass: many.map(() => ({ correct: 4, n: 5 })),
        predicted: many.map(() => 5),
        confusion: many.flatMap((_, at): [number, number, number][] => [
          [at, at, 4],
          [at, (at + 1) % 1000, 1],
        ]),
      }));
      await panel.send(...READY, fixtures.runMessage({ ...base, classes: many, models }));
      expect(await page.locator('#confusion .matrix').count()).toBe(0);
      expect(await page.locator('#confusion tbody tr').count()).toBe(200);
      expect(await page.locator('#classes').textContent()).toContain(
        'The first 60 of 1,000 classes are drawn.',
      );
    });
  });

  test('exports in three formats and says where to', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...WHOLE);
      for (const [label, format] of [
        ['HTML page…', 'html'],
        ['Markdown…', 'markdown'],
        ['JSON…', 'json'],
      ]) {
        await page.getByRole('button', { name: label! }).click();
        expect(await last(panel)).toEqual({ kind: 'export', format });
      }
      const result = { output: '/home/ada/r.html', bytes: 10, sha256: 'f'.repeat(64) };
      await panel.send({ kind: 'export', export: { state: 'done', result } });
      await page.getByRole('button', { name: 'Open report' }).click();
      expect(await last(panel)).toEqual({ kind: 'openExported' });
    });
  });

  THEME_NAMES.forEach((theme) => {
    test(`axe finds nothing, and screenshots are taken, in ${theme}`, async () => {
      await withPanel(
        async (panel, page) => {
          await panel.send(
            fixtures.modelsMessage(),
            fixtures.planMessage({
              attacks: [
                { id: 1, attack: fixtures.BADNETS },
                { id: 2, attack: fixtures.PATCH },
                { id: 3, attack: { kind: 'wanet', k: 4, s: 0.5, seed: 0, points: null } },
              ],
            }),
            fixtures.description(),
            { kind: 'trigger', id: 2, trigger: { state: 'done', result: fixtures.triggerPreview() } },
            fixtures.runMessage(),
            fixtures.sweepMessage(),
          );
          await page.locator('.placer-handle').waitFor();
          for (const fold of await page.locator('details.fold > summary').all()) await fold.click();
          expect(await axe(page)).toEqual([]);
          for (const fold of await page.locator('details.fold > summary').all()) await fold.click();
          await page.setViewportSize({ width: 1180, height: 1400 });
          for (const id of ['images', 'rates', 'confusion', 'tac', 'embedding']) {
            await page.evaluate(`document.querySelector('#${id}').scrollIntoView()`);
            await page.waitForTimeout(250);
            await page.screenshot({ path: path.join(SHOTS, `evaluation-${id}-${theme}.png`) });
          }
        },
        { theme, bypassCsp: true },
      );
    }, 60_000);
  });

  test('a narrow editor column does not scroll sideways', async () => {
    await withPanel(
      async (panel, page) => {
        await panel.send(...WHOLE);
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        await page.screenshot({ path: path.join(SHOTS, 'evaluation-narrow.png') });
      },
      { width: 400 },
    );
  });
});
