import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../src/data/encoding/png';
import { PAPER, SCHEDULES, SEEDS_PER_CLASS } from '../../src/protocol/split-schedules';
import type { SeedQuery } from '../../src/protocol/seed-picking';
import type { SplitEpoch, SplitReport } from '../../src/protocol/split';
import {
  FromSplittingPanelSchema,
  type SplittingPlan,
  type ToSplittingPanel,
} from '../../src/protocol/splitting-panel';
import { axe, eventually, inked } from '../webview/checks';
import { CHROMIUM, Harness, hasChromium } from '../webview/harness';
import { last, panelTest } from '../webview/panel-test';
import type { ThemeName } from '../webview/themes';

const THEME_NAMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const SHOTS = path.join(import.meta.dirname, '../../out/webview');
const TITLE = hasChromium
  ? 'the splitting panel in a browser, under the policy of the extension host'
  : `the splitting panel in a browser (skipped: there is no Chromium at ${CHROMIUM})`;
const CLASSES = ['blue', 'green', '<img src=x>'];

const PLAN: SplittingPlan = {
  architecture: '/models/net.onnx',
  seeds: '/data/seeds',
  seedsPerClass: SEEDS_PER_CLASS,
  output: '/data/out',
  test: '/data/test',
  triggered: null,
  target: null,
  settings: PAPER,
  preprocessing: {},
  device: 'auto',
  quarantine: null,
  picks: [],
  saved: null,
};
const PREPROCESSING = {
  height: 4,
  width: 4,
  resize: null,
  filter: 'bilinear' as const,
  layout: 'nchw' as const,
  channels: 'rgb' as const,
  mean: [],
  std: [],
  source: 'none',
};

function epochOf(epoch: number): SplitEpoch {
  const stage = epoch < 4 ? 'class-aware' : epoch < 6 ? 'class-agnostic' : 'meta-split';
  const histogram = {
    edges: Array.from({ length: 33 }, (_, i) => i / 4),
    clean: Array.from({ length: 32 }, (_, i) => Math.max(0, 40 - 4 * i)),
    polluted: Array.from({ length: 32 }, (_, i) => Math.max(0, 20 - Math.abs(i - 20))),
  };
  return {
    epoch,
    stage,
    clean: 30 * epoch,
    polluted: 300 - 30 * epoch,
    loss: 2 / epoch,
    lambdaU: epoch,
    rate: 0.002,
    split: epoch === 1 ? null : { cleanLoss: 0.4 / epoch, pollutedLoss: 4 + epoch / 10, histogram },
    monitored: { acc: 40 + 6 * epoch, asr: 30 - 3 * epoch, ra: 30 + 5 * epoch },
    seconds: 12.3,
  };
}
const HISTORY = [1, 2, 3, 4, 5, 6, 7].map(epochOf);
const REPORT: SplitReport = {
  schema: 'scour.split/1',
  output: '/data/out',
  sha256: 'a'.repeat(64),
  architecture: { path: '/models/net.onnx', sha256: 'b'.repeat(64) },
  settings: PAPER,
  data: {
    path: '/data/set',
    images: 300,
    distinct: 300,
    sha256: 'c'.repeat(64),
    classes: CLASSES.map((name) => ({ name, images: 100, seeds: 10 })),
    skipped: [],
  },
  seeds: { path: '/data/seeds', images: 30 },
  monitor: { test: '/data/test', triggered: null, target: null },
  preprocessing: PREPROCESSING,
  device: 'cpu',
  history: HISTORY,
  suspects: {
    suspected: 60,
    threshold: 3.2,
    byClass: [{ name: CLASSES[2]!, suspected: 60 }],
    losses: HISTORY[3]!.split!.histogram,
  },
  notes: [],
  version: '0',
};
const IMAGE = encodePng({
  width: 4,
  height: 4,
  data: Uint8Array.from({ length: 48 }, (_, i) => 5 * i),
}).toString('base64');
const PAGE: ToSplittingPanel = {
  kind: 'page',
  which: 'suspected',
  label: null,
  page: {
    state: 'done',
    result: {
      from: 0,
      total: 60,
      width: 4,
      height: 4,
      samples: Array.from({ length: 48 }, (_, i) => ({
        rank: i + 1,
        path: `${CLASSES[2]!}/${i}.png`,
        label: CLASSES[2]!,
        predicted: i === 1 ? null : 'blue',
        loss: 9 - i / 10,
        score: 1 - i / 50,
        pool: 'polluted' as const,
        suspected: true,
        image: i === 2 ? null : IMAGE,
      })),
    },
  },
};
const dataset = (trusted = true): ToSplittingPanel => ({ kind: 'dataset', path: '/data/set', trusted });
const plan = (change: Partial<SplittingPlan> = {}, obstacle: string | null = null): ToSplittingPanel => ({
  kind: 'plan',
  plan: { ...PLAN, ...change },
  obstacle,
});
const IMAGES: ToSplittingPanel = {
  kind: 'images',
  images: {
    state: 'done',
    result: {
      images: 300,
      classes: CLASSES.map((name) => ({ name, n: 100 })),
      modelClasses: 3,
      preprocessing: PREPROCESSING,
      skipped: [],
      warnings: [],
    },
  },
};
const SET: ToSplittingPanel = {
  kind: 'set',
  set: {
    state: 'done',
    result: { images: 300, classes: CLASSES.map((name) => ({ name, images: 100 })), skipped: 1 },
  },
};
const FIRST: SeedQuery = { label: 0, order: 'random', shuffle: 1, from: 0 };
const seedPage = (query: SeedQuery = FIRST): ToSplittingPanel => ({
  kind: 'seedPage',
  query,
  page: {
    state: 'done',
    result: {
      label: CLASSES[query.label]!,
      from: query.from,
      total: 100,
      samples: Array.from({ length: 24 }, (_, i) => ({
        name: `${CLASSES[query.label]!}/${query.from + i}.png`,
        picture: i === 3 ? null : { png: IMAGE, width: 4, height: 4 },
      })),
    },
  },
});
const picksOf = (n: number): SplittingPlan['picks'] => [
  { label: CLASSES[0]!, names: Array.from({ length: n }, (_, i) => `${CLASSES[0]!}/${i}.png`) },
];
const RUNNING: ToSplittingPanel = {
  kind: 'job',
  pausable: true,
  pausing: false,
  job: {
    state: 'running',
    message: 'Epoch 8 of 120: MixMatch',
    fraction: 0.06,
    secondsLeft: 900,
    stalled: false,
  },
};
const DONE: ToSplittingPanel[] = [
  dataset(),
  plan(),
  SET,
  IMAGES,
  { kind: 'history', history: HISTORY, notes: [] },
  { kind: 'found', found: { unfinished: false, occupied: true, report: REPORT } },
  PAGE,
];

describe.skipIf(!hasChromium)(TITLE, () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.start();
    mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(() => harness.stop());

  const withPanel = panelTest(() => harness, 'splitting', FromSplittingPanelSchema);

  test('says what is missing, runs, pauses and resumes', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(dataset(), plan({ seeds: null }, 'Choose the known-clean seeds first.'), IMAGES);
      const run = page.getByRole('button', { name: 'Run', exact: true });
      expect(await run.getAttribute('aria-disabled')).toBe('true');
      expect(await page.locator('#run-why').textContent()).toBe('Choose the known-clean seeds first.');
      await panel.send(plan());
      await run.click();
      expect(await last(panel)).toEqual({ kind: 'run' });
      await panel.send(RUNNING, { kind: 'history', history: HISTORY, notes: ['a note'] });
      await page.getByRole('button', { name: 'Pause' }).click();
      expect(await last(panel)).toEqual({ kind: 'pause' });
      expect(await page.locator('#stages').textContent()).toContain('7 epochs of 120 done');
      await panel.send(
        {
          kind: 'job',
          pausable: false,
          pausing: false,
          job: { state: 'done', result: { status: 'paused' } },
        },
        { kind: 'found', found: { unfinished: true, occupied: false, report: null } },
      );
      await page.getByRole('button', { name: 'Resume' }).click();
      expect(await last(panel)).toEqual({ kind: 'resume' });
      await panel.send(dataset(false));
      expect(await run.getAttribute('aria-disabled')).toBe('true');
    });
  });

  test('can be paused only once it trains', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(dataset(), plan(), SET, IMAGES, { ...RUNNING, pausable: false });
      const pause = page.getByRole('button', { name: 'Pause' });
      await eventually(() => pause.getAttribute('aria-disabled')).toBe('true');
      await panel.send(RUNNING);
      await eventually(() => pause.getAttribute('aria-disabled')).toBe('false');
    });
  });

  test('a dataset that cannot be split is said to be none, and cannot be run', async () => {
    await withPanel(async (panel, page) => {
      const error = { name: 'DataError', reason: 'bad-layout', message: '/data/x.zip has no labels' };
      await panel.send(dataset(), plan(), { kind: 'set', set: { state: 'failed', error } });
      await eventually(() => page.locator('#files').textContent()).toContain(
        'This dataset cannot be split. /data/x.zip has no labels',
      );
      expect(await page.locator('#run-why').textContent()).toBe('The dataset cannot be split; see above.');
      expect(await page.locator('#seeds').isHidden()).toBe(true);
    });
  });

  test('seeds are picked from a gallery by keyboard, class by class, and saved', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(dataset(), plan({ seeds: null, picks: picksOf(2) }), SET, IMAGES);
      await page.locator('#seeds summary').first().click();
      await eventually(() => last(panel)).toEqual({ kind: 'seedPage', query: FIRST });
      await panel.send(seedPage());
      const boxes = page.locator('#seeds .seed-grid input');
      await eventually(() => boxes.count()).toBe(24);
      expect(await boxes.nth(1).isChecked()).toBe(true);
      expect(await boxes.nth(2).isChecked()).toBe(false);
      expect(await boxes.nth(3).isDisabled()).toBe(true);
      expect(await page.locator('.seed-count').textContent()).toBe('blue: 2 of 10 picked.');
      expect(await page.locator('#seed-class option').allTextContents()).toEqual([
        'blue: 2 of 10',
        'green: 0 of 10',
        '<img src=x>: 0 of 10',
      ]);
      const third = page.getByRole('checkbox', { name: 'blue/2.png' });
      await third.focus();
      await page.keyboard.press('Space');
      expect(await last(panel)).toEqual({ kind: 'pick', name: 'blue/2.png', picked: true });
      await panel.send(plan({ seeds: null, picks: picksOf(3) }));
      await eventually(() => page.locator('.seed-count').textContent()).toBe('blue: 3 of 10 picked.');
      // The page is not made anew: whoever picks by keyboard stays where they are.
      expect(await page.locator('.seed input:focus').isChecked()).toBe(true);
      expect(await page.locator('.seed:has(input:focus)').textContent()).toBe('blue/2.png');
      await page.getByRole('button', { name: 'Shuffle' }).click();
      expect(await last(panel)).toEqual({ kind: 'seedPage', query: { ...FIRST, shuffle: 2 } });
      await page.getByRole('button', { name: 'Next page' }).first().click();
      expect(await last(panel)).toEqual({ kind: 'seedPage', query: { ...FIRST, from: 24 } });
      await panel.send(plan({ seeds: null, picks: picksOf(10) }));
      await page.getByRole('button', { name: 'Next class that needs seeds' }).click();
      expect(await last(panel)).toEqual({ kind: 'seedPage', query: { ...FIRST, label: 1 } });
      await page.locator('#seed-order').selectOption('picked');
      expect(await last(panel)).toEqual({ kind: 'seedPage', query: { ...FIRST, order: 'picked' } });
      await page.getByRole('button', { name: 'Save the list and use it…' }).click();
      expect(await last(panel)).toEqual({ kind: 'savePicks' });
      const saved = { file: '/data/set.seeds.txt', digest: 'x' };
      await panel.send(plan({ seeds: saved.file, picks: picksOf(10), saved }));
      await eventually(() => page.locator('#seeds').textContent()).toContain('set.seeds.txt is used.');
      expect(await page.locator('#seeds .section-aside').textContent()).toBe(
        '10 images picked, 1 of 3 classes complete',
      );
    });
  });

  test.each(THEME_NAMES)('axe finds nothing in the gallery of seeds in the %s theme', async (theme) => {
    await withPanel(
      async (panel, page) => {
        await panel.send(dataset(), plan({ picks: picksOf(5) }), SET, IMAGES);
        await page.locator('#seeds summary').first().click();
        await panel.send(seedPage());
        await eventually(() => page.locator('.seed').count()).toBe(24);
        expect(await axe(page)).toEqual([]);
        await page.locator('#seeds').scrollIntoViewIfNeeded();
        await page.screenshot({ path: path.join(SHOTS, `splitting-seeds-${theme}.png`) });
      },
      { theme, bypassCsp: true, height: 1100 },
    );
  });

  test('a schedule sets all settings, and keeps the seed', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(dataset(), plan({ settings: { ...PAPER, seed: 7 } }), IMAGES);
      await page.locator('#settings summary').first().click();
      await page.locator('#split-schedule').selectOption('short');
      expect(await last(panel)).toEqual({
        kind: 'edit',
        change: { settings: { ...SCHEDULES.short, seed: 7 } },
      });
    });
  });

  test('shows pools and losses of any epoch, each with its table', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...DONE);
      const words = page.locator('#stages canvas').last();
      expect(await words.getAttribute('aria-label')).toContain('Epoch 7, meta-split');
      await page.locator('#histogram-epoch').focus();
      await page.keyboard.press('Home');
      await eventually(() => words.getAttribute('aria-label')).toContain('no losses were needed');
      await page.keyboard.press('ArrowRight');
      await eventually(() => words.getAttribute('aria-label')).toContain('Epoch 2, class-aware');
      await words.scrollIntoViewIfNeeded();
      await page.evaluate(`document.querySelectorAll('#stages canvas').forEach((c, i) => (c.id = 'c' + i))`);
      await eventually(() => inked(page, '#c3')).toBeGreaterThan(500);
      await page.getByText('Histogram as a table').click();
      expect(
        await page.getByRole('table', { name: 'Split losses of both pools' }).locator('tbody tr').count(),
      ).toBe(32);
    });
  });

  test('shows the ranked images in pages, and asks for their quarantine', async () => {
    await withPanel(async (panel, page) => {
      await panel.send(...DONE);
      expect(await page.locator('.suspect').count()).toBe(48);
      expect(await page.locator('.suspect').nth(2).textContent()).toContain('cannot be read any more');
      expect(await page.locator('.suspect bdi').first().textContent()).toBe('<img src=x>/0.png');
      expect(await page.locator('#suspects').textContent()).toContain('1 to 48 of 60 images.');
      await page.getByRole('button', { name: 'Next page' }).click();
      expect(await last(panel)).toEqual({ kind: 'page', which: 'suspected', label: null, from: 48 });
      await page.locator('#suspects-label').selectOption('2');
      expect(await last(panel)).toEqual({ kind: 'page', which: 'suspected', label: '<img src=x>', from: 0 });
      await page.getByRole('button', { name: 'Save as CSV…' }).click();
      expect(await last(panel)).toEqual({ kind: 'save', format: 'csv' });
      await page.getByRole('button', { name: 'Move suspects to quarantine…' }).click();
      expect(await last(panel)).toEqual({ kind: 'quarantine' });
      await panel.send(plan({ quarantine: '/data/held' }), {
        kind: 'move',
        back: false,
        move: { state: 'done', result: { images: 60, folder: '/data/held' } },
      });
      expect(await page.locator('#suspects').textContent()).toContain('60 images were moved to /data/held');
      await page.getByRole('button', { name: 'Put them back' }).click();
      expect(await last(panel)).toEqual({ kind: 'release' });
      expect(await page.locator('main').textContent()).toContain('Hard and wrongly labelled images');
      expect(await page.locator('main').textContent()).not.toMatch(/(is|are) clean/i);
    });
  });

  test.each(THEME_NAMES)('axe finds nothing in the %s theme', async (theme) => {
    await withPanel(
      async (panel, page) => {
        await panel.send(...DONE);
        await page.locator('#settings summary').first().click();
        expect(await axe(page)).toEqual([]);
        await page.screenshot({ path: path.join(SHOTS, `splitting-${theme}.png`) });
        for (const id of ['run', 'stages', 'suspects']) {
          await page.evaluate(`document.querySelector('#${id}').scrollIntoView()`);
          await page.waitForTimeout(300);
          await page.screenshot({ path: path.join(SHOTS, `splitting-${id}-${theme}.png`) });
        }
      },
      { theme, bypassCsp: true },
    );
  });
});
