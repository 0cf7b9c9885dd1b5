import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { outliersAt } from '../../src/protocol/threshold';
import { axe, eventually, inked } from '../webview/checks';
import * as fixtures from '../webview/fixtures';
import { CHROMIUM, Harness, hasChromium, type Panel, type PanelName } from '../webview/harness';
import type { ThemeName } from '../webview/themes';

const THEME_NAMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const SHOTS = path.join(import.meta.dirname, '../../out/webview');

const TITLE = hasChromium
  ? 'panels in a browser, under the policy of the extension host'
  : `panels in a browser (skipped: there is no Chromium at ${CHROMIUM})`;

describe.skipIf(!hasChromium)(TITLE, () => {
  let harness: Harness;
  const open: Panel[] = [];

  beforeAll(async () => {
    harness = await Harness.start();
    mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(async () => {
    for (const panel of open) await panel.close();
    await harness.stop();
  });

  /** Opens a panel and gives its page and itself; whatever the test does must leave no fault. */
  async function withPanel(
    name: PanelName,
    work: (panel: Panel, page: Page) => Promise<void>,
    options: Parameters<Harness['open']>[1] = {},
  ): Promise<void> {
    const panel = await harness.open(name, options);
    try {
      await work(panel, panel.page);
      expect(panel.faults).toEqual([]);
    } finally {
      await panel.close();
    }
  }

  const large = fixtures.largeAudit();
  const large120 = [fixtures.fileMessage({ name: 'densenet121.onnx' }), fixtures.doneMessage(large)];
  const outliersOf = (u: number): number =>
    large.report.layers.reduce((sum, layer) => sum + outliersAt(layer, u).length, 0);
  const counts = (page: Page): Promise<string | null> => page.locator('.counts').textContent();

  test('shows its frame at once and asks for its state', async () => {
    await withPanel('audit', async (panel, page) => {
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Scour audit');
      expect(await page.getByText('Waiting for the engine').isVisible()).toBe(true);
      expect(await panel.sent()).toEqual([{ kind: 'ready' }]);
    });
  });

  test('a message that does not fit is refused, visibly', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      await panel.send({ kind: 'scan', scan: { state: 'done', audit: { report: 'gone' } } });
      expect(await page.getByRole('alert').textContent()).toContain('does not understand');
      expect(await counts(page)).toContain('outliers among');
    });
  });

  test('a real-sized audit: summary, 118 histograms drawn as they come into view, tables', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      expect(await page.locator('#summary').textContent()).toMatch(
        /118 of 120 convolutions were scored.*2 layers were not scored.*1 layer has too few channels/s,
      );
      expect(await page.locator('.card').count()).toBe(118);
      const drawn = (): Promise<number> =>
        page.evaluate<number>(
          `[...document.querySelectorAll('.card canvas')].filter((canvas) => canvas.style.width !== '').length`,
        );
      await page.locator('#layer-0').scrollIntoViewIfNeeded();
      await eventually(drawn).toBeGreaterThan(2);
      expect(await drawn()).toBeLessThan(40);
      await page.locator('#layer-117').scrollIntoViewIfNeeded();
      await eventually(() => inked(page, '.card:has(#layer-117) canvas')).toBeGreaterThan(500);
      expect(await page.locator('#layers tbody tr').count()).toBe(120);
      expect(await page.locator('#skipped tbody').textContent()).toContain(
        'its weight is computed while the model runs',
      );
      expect(await page.locator('body').textContent()).not.toMatch(/\bclean\b/i);
    });
  });

  test('moving u moves thresholds, counts, tables and charts, and tells the host where it came to rest', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      const slider = page.getByRole('slider');
      const label = page.locator('.card:has(#layer-0) canvas');
      expect(await counts(page)).toContain(`${outliersOf(3).toLocaleString('en-US')} outliers`);
      const before = await label.getAttribute('aria-label');

      await slider.focus();
      for (let step = 0; step < 12; step += 1) await page.keyboard.press('ArrowLeft');
      await eventually(() => counts(page)).toContain(`${outliersOf(1.8).toLocaleString('en-US')} outliers`);
      expect(await page.getByRole('spinbutton').inputValue()).toBe('1.8');
      await eventually(() => label.getAttribute('aria-label')).toContain('at u = 1.8');
      expect(await label.getAttribute('aria-label')).not.toBe(before);
      await eventually(async () => (await panel.sent()).at(-1)).toEqual({ kind: 'u', u: 1.8 });
      // Once where the keys come quickly, and never once a step.
      expect((await panel.sent()).length).toBeLessThan(12);
      await eventually(() => page.getByRole('status').first().textContent()).toMatch(
        /u 1\.8: .* outlier channels in \d+ layers\./,
      );

      await page.getByRole('spinbutton').fill('0');
      await eventually(() => counts(page)).toContain(`${outliersOf(0).toLocaleString('en-US')} outliers`);
      await eventually(() => page.locator('#outliers tbody tr').count()).toBe(200);
      await page.locator('#outliers').getByRole('button', { name: /^Show/ }).click();
      await eventually(() => page.locator('#outliers tbody tr').count()).toBe(400);

      await page.getByRole('spinbutton').fill('-1');
      await eventually(() => page.getByText('Enter a number from 0 to 100.').isVisible()).toBe(true);
      expect(await counts(page)).toContain(`${outliersOf(0).toLocaleString('en-US')} outliers`);
      await page.getByRole('button', { name: 'Reset to 3.0' }).click();
      await eventually(() => counts(page)).toContain(`${outliersOf(3).toLocaleString('en-US')} outliers`);
    });
  });

  test('a frame with u moving draws the charts in view, not all 118', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      await page.locator('#layer-0').scrollIntoViewIfNeeded();
      await eventually(() => inked(page, '.card:has(#layer-0) canvas')).toBeGreaterThan(500);
      const drawn = await page.evaluate<number[]>(SLIDE);
      expect(Math.max(...drawn)).toBeGreaterThan(0);
      expect(Math.max(...drawn)).toBeLessThan(40);
    });
  });

  test('tables sort by keyboard and say so', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      const column = page.locator('#layers thead th').filter({ hasText: 'Outliers' });
      const firstRow = page.locator('#layers tbody tr').first().locator('td').nth(8);
      await column.getByRole('button').focus();
      await page.keyboard.press('Enter');
      expect(await column.getAttribute('aria-sort')).toBe('descending');
      const most = Number(await firstRow.textContent());
      expect(most).toBe(Math.max(...large.report.layers.map((layer) => layer.outliers.length)));
      await page.keyboard.press('Space');
      expect(await column.getAttribute('aria-sort')).toBe('ascending');
      expect(await firstRow.textContent()).toBe('0');
    });
  });

  test('a running scan can be cancelled, a stalled one retried, a failed one repeated', async () => {
    await withPanel('audit', async (panel, page) => {
      const running = { state: 'running', message: 'Scoring layer3.0.conv1', fraction: 0.42, secondsLeft: 3 };
      await panel.send(fixtures.fileMessage(), { kind: 'scan', scan: { ...running, stalled: false } });
      await eventually(() => page.getByText('Scoring layer3.0.conv1 (42 %)').isVisible()).toBe(true);
      await eventually(() => page.getByText('about 3 seconds left', { exact: true }).isVisible()).toBe(true);
      await eventually(() => page.locator('.status').getByText('has not reported').isVisible()).toBe(false);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await panel.send({ kind: 'scan', scan: { ...running, stalled: true } });
      await eventually(() => page.locator('.status').getByText('has not reported').isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Retry' }).focus();
      await page.keyboard.press('Enter');
      await panel.send({
        kind: 'scan',
        scan: {
          state: 'failed',
          error: { name: 'ModelError', reason: 'truncated', message: 'badnets.onnx is truncated.' },
        },
      });
      await eventually(() => page.getByText('badnets.onnx is truncated.').isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Retry' }).click();
      await panel.send({ kind: 'scan', scan: { state: 'cancelled' } });
      await page.getByRole('button', { name: 'Scan again' }).click();
      await panel.send(fixtures.doneMessage(large, true));
      await page.getByRole('button', { name: 'Scan again' }).click();
      expect(await panel.sent()).toEqual([
        { kind: 'ready' },
        { kind: 'cancel', job: 'scan' },
        ...Array.from({ length: 4 }, () => ({ kind: 'rescan' })),
      ]);
    });
  });

  test('preview, preprocessing, export and compare', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      await page.getByRole('button', { name: 'Preview effect' }).click();
      await page.getByRole('button', { name: 'Choose image folder…' }).click();
      await panel.send({
        kind: 'preview',
        preview: {
          state: 'running',
          u: 3,
          message: 'Running',
          fraction: null,
          secondsLeft: null,
          stalled: false,
        },
        images: null,
        preprocessing: {},
      });
      await page.locator('#pruning').getByRole('button', { name: 'Cancel' }).click();

      const noise = fixtures.agreement({
        source: 'random',
        folder: null,
        seed: 0,
        agreement: 54.2,
        warnings: ['No mean and std.'],
      });
      await panel.send(fixtures.previewMessage(3, noise));
      const pruning = page.locator('#pruning');
      expect(await pruning.textContent()).toMatch(
        /54\.2 %.*on 1,000 random inputs.*85 %.*54 %.*No mean and std/s,
      );
      await panel.send(fixtures.previewMessage(3, fixtures.agreement()));
      expect(await pruning.textContent()).toContain(
        '84.5 % of predictions stay the same on 1,000 images of /home/ada/data/cifar10/test',
      );
      expect(await pruning.getByText('Out of date').count()).toBe(0);
      await page.getByRole('spinbutton').fill('2.5');
      await eventually(() =>
        pruning.getByText('Out of date: measured at u = 3.0, and u is now 2.5.').count(),
      ).toBe(1);
      await page.getByRole('button', { name: 'Use random inputs' }).click();

      await pruning.getByText('Preprocessing', { exact: true }).click();
      await page.getByLabel('Mean', { exact: true }).fill('0.5, 0.5');
      await page.getByRole('button', { name: 'Apply preprocessing' }).click();
      expect(await page.getByLabel('Mean', { exact: true }).getAttribute('aria-invalid')).toBe('true');
      await page.getByLabel('Mean', { exact: true }).fill('0.5');
      await page.getByLabel('Layout').selectOption('nhwc');
      await page.keyboard.press('Tab');
      await page.getByRole('button', { name: 'Apply preprocessing' }).click();

      await page.getByRole('button', { name: 'Export pruned model…' }).click();
      await panel.send(fixtures.exportMessage(2.5));
      await page.getByRole('button', { name: 'Open exported model' }).click();
      await page.getByRole('button', { name: 'Compare with exported' }).click();
      await page.getByRole('button', { name: 'Compare with another model…' }).click();
      await page.getByRole('button', { name: 'Copy SHA-256', exact: true }).click();
      expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(large.report.model.sha256);
      const sent = (await panel.sent()).filter(({ kind }) => kind !== 'u');
      expect(sent).toEqual([
        { kind: 'ready' },
        { kind: 'preview', u: 3 },
        { kind: 'chooseImages' },
        { kind: 'cancel', job: 'preview' },
        { kind: 'forgetImages' },
        { kind: 'preprocessing', options: { layout: 'nhwc', mean: [0.5] } },
        { kind: 'export', u: 2.5 },
        { kind: 'openExported' },
        { kind: 'compare', withExported: true },
        { kind: 'compare', withExported: false },
      ]);
    });
  });

  test('in Restricted Mode nothing can be run or written, and the panel says why', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(fixtures.fileMessage({ trusted: false }), fixtures.doneMessage(large));
      for (const name of ['Preview effect', 'Export pruned model…']) {
        const button = page.getByRole('button', { name });
        expect(await button.getAttribute('aria-disabled')).toBe('true');
        await button.dispatchEvent('click');
      }
      expect(await page.locator('#export-why').textContent()).toBe('Disabled: the workspace is not trusted.');
      await page.locator('#export').getByRole('button', { name: 'Manage Workspace Trust' }).click();
      expect(await panel.sent()).toEqual([{ kind: 'ready' }, { kind: 'manageTrust' }]);
      await panel.send(fixtures.fileMessage({ trusted: true }));
      expect(await page.getByRole('button', { name: 'Preview effect' }).getAttribute('aria-disabled')).toBe(
        'false',
      );
    });
  });

  test('with nothing to prune, export says so; without convolutions, so does the page', async () => {
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      await page.getByRole('spinbutton').fill('100');
      await eventually(() => page.locator('#export-why').textContent()).toContain(
        'there is nothing to prune',
      );
      const none = fixtures.auditFrom([]);
      await panel.send(fixtures.doneMessage(none));
      expect(await page.locator('#summary').textContent()).toMatch(/not applicable.*What else you can do/s);
      expect(await page.locator('.toolbar').isVisible()).toBe(false);
      expect(await page.locator('#export-why').textContent()).toContain('CLP is not applicable');
    });
  });

  test('hostile names are inert and spelled out', async () => {
    for (const name of ['audit', 'compare'] as const) {
      await withPanel(name, async (panel, page) => {
        const audit = fixtures.hostileAudit();
        const result = fixtures.agreement({
          folder: fixtures.HOSTILE_NAME,
          device: fixtures.HOSTILE_NAME,
          warnings: [fixtures.HOSTILE_NAME],
          skipped: [{ path: fixtures.HOSTILE_NAME, reason: fixtures.HOSTILE_NAME }],
        });
        if (name === 'audit') {
          await panel.send(
            fixtures.fileMessage({ name: fixtures.HOSTILE_NAME, path: fixtures.HOSTILE_NAME }),
            {
              kind: 'scan',
              scan: { state: 'failed', error: { name: 'x', reason: 'x', message: fixtures.HOSTILE_NAME } },
            },
            fixtures.doneMessage(audit),
            fixtures.previewMessage(3, result),
          );
        } else {
          await panel.send({ kind: 'compare', left: audit, right: audit, u: 3 });
        }
        await page.evaluate(
          `document.querySelectorAll('details').forEach((details) => { details.open = true; })`,
        );
        await panel.send();
        const text = await page.evaluate<string>(
          'document.body.textContent + [...document.querySelectorAll("[aria-label],[title]")].map((e) => e.ariaLabel + e.title).join(" ")',
        );
        expect(text).toContain('<img src=x onerror="window.pwned=1">\\u{202e}evil\\u{7}\\u{200b}');
        for (const hidden of ['\u202e', '\u0007', '\u200b']) expect(text).not.toContain(hidden);
        expect(await page.evaluate('document.querySelectorAll("img").length')).toBe(0);
        expect(await page.evaluate('window.pwned')).toBeUndefined();
      });
    }
  });

  test('u, scroll position and open sections come back', async () => {
    let kept: unknown;
    await withPanel('audit', async (panel, page) => {
      await panel.send(...large120);
      await page.getByRole('spinbutton').fill('2.2');
      await page.locator('#layers > details > summary').click();
      await page.evaluate('window.scrollTo(0, 900)');
      await expect
        .poll(async () => {
          kept = await page.evaluate('window.keptState');
          return kept;
        })
        .toEqual({ u: 2.2, scroll: 900, open: { layers: false } });
    });
    await withPanel(
      'audit',
      async (panel, page) => {
        await panel.send(...large120);
        await eventually(() => page.evaluate('window.scrollY')).toBe(900);
        expect(await page.getByRole('spinbutton').inputValue()).toBe('2.2');
        expect(await page.locator('#layers > details').getAttribute('open')).toBeNull();
        // The host said 3: it hears what the panel remembers.
        await eventually(() => panel.sent()).toEqual([{ kind: 'ready' }, { kind: 'u', u: 2.2 }]);
      },
      { kept },
    );
  });

  test('compares two audits: channels that became zero, layers side by side', async () => {
    await withPanel('compare', async (panel, page) => {
      const left = fixtures.largeAudit();
      const pruned = fixtures.auditFrom(
        left.report.layers.map((layer) =>
          layer.status === 'skipped'
            ? layer
            : fixtures.scoredLayer(
                layer.name,
                layer.uclc.map((value, channel) =>
                  layer.outliers.some((outlier) => outlier.channel === channel) ? 0 : value!,
                ),
              ),
        ),
        { path: '/home/ada/models/densenet121.pruned.onnx' },
      );
      await panel.send({ kind: 'compare', left, right: pruned, u: 3 });
      const removed = left.report.summary.outliers;
      expect(await page.locator('#summary').textContent()).toContain(
        `120 layers matched by name. ${removed} channels differ, ${removed} of them zero in B (pruned).`,
      );
      expect(await page.locator('#differences tbody tr').count()).toBe(Math.min(removed, 200));
      expect(await page.locator('#differences tbody tr').first().textContent()).toContain(
        'zero in B: pruned',
      );
      expect(await counts(page)).toContain(`A ${removed} of`);
      await page.locator('#pair-0').scrollIntoViewIfNeeded();
      await eventually(() => inked(page, '.card:has(#pair-0) canvas')).toBeGreaterThan(500);
      await page.getByRole('spinbutton').fill('1');
      await eventually(() => counts(page)).toContain('u = 1.0');
      expect(await panel.sent()).toEqual([{ kind: 'ready' }]);
    });
  });

  describe.each(THEME_NAMES)('theme %s', (theme) => {
    test('charts take the colours of the theme, also when it changes', async () => {
      const other = theme === 'dark' ? 'light' : 'dark';
      await withPanel(
        'audit',
        async (panel, page) => {
          await panel.send(...large120);
          await page.locator('#layer-0').scrollIntoViewIfNeeded();
          const canvas = '.card:has(#layer-0) canvas';
          await eventually(() => inked(page, canvas)).toBeGreaterThan(500);
          const before = await page.evaluate<string>(`document.querySelector('${canvas}').toDataURL()`);
          await panel.setTheme(theme);
          await expect
            .poll(() => page.evaluate<string>(`document.querySelector('${canvas}').toDataURL()`))
            .not.toBe(before);
        },
        { theme: other },
      );
    });

    test('axe finds nothing, and screenshots', async () => {
      const reference = fixtures.referenceAudit('badnets') ?? large;
      const shot = async (page: Page, name: string): Promise<void> => {
        await page.screenshot({ path: path.join(SHOTS, `${theme}-${name}.png`) });
      };
      // axe is injected as a script, which the policy of the page rightly forbids.
      await withPanel(
        'audit',
        async (panel, page) => {
          const running = {
            state: 'running',
            message: 'Scoring layer3.0.conv1',
            fraction: 0.42,
            secondsLeft: 3,
          };
          await panel.send(fixtures.fileMessage(), { kind: 'scan', scan: { ...running, stalled: true } });
          expect(await axe(page)).toEqual([]);
          await shot(page, 'stalled');
          await panel.send(
            fixtures.fileMessage({ trusted: false }),
            fixtures.doneMessage(large),
            fixtures.previewMessage(2.5, fixtures.agreement({ source: 'random' })),
            fixtures.exportMessage(2.5),
          );
          // Every fold, but the bins of three layers only: they are all made alike, and axe is slow.
          await page.evaluate(
            `document.querySelectorAll('details:not(.card details), .card:nth-child(-n + 3) details').forEach((details) => { details.open = true; })`,
          );
          await panel.send();
          expect(await axe(page)).toEqual([]);
          await panel.send(
            fixtures.fileMessage(),
            fixtures.doneMessage(reference),
            fixtures.previewMessage(3, fixtures.agreement()),
          );
          // The folds were opened for axe; a reader finds them closed.
          await page.evaluate(
            `document.querySelectorAll('.fold').forEach((details) => { details.open = false; })`,
          );
          await page.waitForTimeout(250);
          await shot(page, 'top');
          for (const id of ['layers', 'pruning', 'export']) {
            await page.evaluate(`document.querySelector('#${id}').scrollIntoView()`);
            await page.waitForTimeout(250);
            await shot(page, id);
          }
        },
        { theme, bypassCsp: true },
      );
      await withPanel(
        'compare',
        async (panel, page) => {
          await panel.send({
            kind: 'compare',
            left: reference,
            right: fixtures.referenceAudit('clean') ?? large,
            u: 3,
          });
          expect(await axe(page)).toEqual([]);
          await shot(page, 'compare');
          await page.evaluate(`document.querySelector('#histograms').scrollIntoView()`);
          await page.waitForTimeout(250);
          await shot(page, 'compare-histograms');
        },
        { theme, bypassCsp: true },
      );
    });
  });

  test('the panel of a narrow editor column does not scroll sideways', async () => {
    await withPanel(
      'audit',
      async (panel, page) => {
        await panel.send(...large120);
        expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
        await page.screenshot({ path: path.join(SHOTS, 'narrow.png') });
      },
      { width: 400 },
    );
  });
});

/** Moves the slider through its range and counts the charts that each frame draws. */
const SLIDE = `(async () => {
  const slider = document.querySelector('input[type=range]');
  const canvases = new Set();
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    canvases.add(this.canvas);
    return clearRect.apply(this, box);
  };
  const drawn = [];
  for (let u = 0; u <= 6; u += 0.3) {
    canvases.clear();
    slider.value = String(u);
    slider.dispatchEvent(new Event('input'));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    drawn.push(canvases.size);
  }
  return drawn;
})()`;
