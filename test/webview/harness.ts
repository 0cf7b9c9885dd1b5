import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import esbuild from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { panelHtml } from '../../src/host/webview-html';
import { THEMES, type ThemeName } from './themes';

export const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);
const ROOT = path.join(import.meta.dirname, '../..');

const PANELS = ['audit', 'compare', 'evaluation', 'cleansing', 'splitting'] as const;
export type PanelName = (typeof PANELS)[number];

/** A panel in a real browser, in the page and under the policy of the extension host, with a stand-in for VS Code's API. */
export interface Panel {
  readonly page: Page;
  /** Posts a message as the host would. */
  send(...messages: unknown[]): Promise<void>;
  /** What the panel has posted so far. */
  sent(): Promise<Record<string, unknown>[]>;
  /** Violations of the policy, console errors and uncaught exceptions. */
  readonly faults: string[];
  setTheme(theme: ThemeName): Promise<void>;
  close(): Promise<void>;
}

interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What an earlier panel kept through setState. */
  readonly kept?: unknown;
  /** For axe, which is injected as a script. */
  readonly bypassCsp?: boolean;
  readonly reducedMotion?: 'reduce' | 'no-preference';
}

/** Serves the panels as built from the present sources and opens them in Chromium. */
export class Harness {
  private readonly server: Server;
  private readonly browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async start(): Promise<Harness> {
    const files = await bundle();
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const name = url.pathname.slice(1);
      const panel = PANELS.find((one) => name === `${one}.html`);
      if (panel !== undefined) {
        const origin = `http://${request.headers.host ?? ''}`;
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(
          panelHtml({ title: 'Scour', cspSource: origin, script: `${panel}.js`, style: 'panel.css' }),
        );
        return;
      }
      const file = files.get(name);
      if (file === undefined) {
        response.statusCode = name === 'favicon.ico' ? 204 : 404;
        response.end();
        return;
      }
      response.setHeader('content-type', TYPES[path.extname(name)] ?? 'application/octet-stream');
      response.end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Harness(server, browser);
  }

  async open(panel: PanelName, options: OpenOptions = {}): Promise<Panel> {
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1180, height: options.height ?? 860 },
      bypassCSP: options.bypassCsp ?? false,
      reducedMotion: options.reducedMotion ?? 'no-preference',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
    await page.exposeFunction('reportViolation', (text: string) => faults.push(`policy: ${text}`));
    await page.addInitScript({ content: call(FAKE_VSCODE, options.kept ?? null) });
    const { port } = this.server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/${panel}.html`);
    const setTheme = async (name: ThemeName): Promise<void> => {
      const kinds = Object.values(THEMES).map(({ kind }) => kind);
      await page.evaluate(call(APPLY_THEME, { ...THEMES[name], kinds }));
    };
    await setTheme(options.theme ?? 'dark');
    return {
      page,
      faults,
      setTheme,
      send: async (...messages) => {
        for (const message of messages) await page.evaluate(call(POST, message));
        await page.evaluate(TWO_FRAMES);
      },
      sent: () => page.evaluate<Record<string, unknown>[]>('window.sentToHost'),
      close: () => context.close(),
    };
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
};

/** Built in memory with the options of scripts/build.mjs: a test must not depend on, or wipe, someone's dist/. */
async function bundle(): Promise<Map<string, Uint8Array>> {
  const result = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: {
      audit: 'webview/audit/main.ts',
      compare: 'webview/compare/main.ts',
      evaluation: 'webview/evaluation/main.ts',
      cleansing: 'webview/cleansing/main.ts',
      splitting: 'webview/splitting/main.ts',
      panel: 'webview/style/panel.css',
    },
    bundle: true,
    write: false,
    outdir: 'out',
    platform: 'browser',
    target: 'chrome120',
    format: 'iife',
    minify: true,
    external: ['*.ttf'],
    logLevel: 'warning',
  });
  const files = new Map(result.outputFiles.map((file) => [path.basename(file.path), file.contents]));
  const font = path.join(ROOT, 'node_modules/@vscode/codicons/dist/codicon.ttf');
  return files.set('codicon.ttf', readFileSync(font));
}

function call(code: string, argument: unknown): string {
  return `(${code})(${JSON.stringify(argument)})`;
}

// What runs in the page is given as text: the tests are compiled without the DOM's types.
const FAKE_VSCODE = `(kept) => {
  window.sentToHost = [];
  window.keptState = kept;
  document.addEventListener('securitypolicyviolation', (event) => {
    window.reportViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
  });
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => window.sentToHost.push(structuredClone(message)),
    getState: () => window.keptState,
    setState: (state) => { window.keptState = structuredClone(state); },
  });
}`;
const APPLY_THEME = `({ kind, kinds, variables }) => {
  document.body.classList.remove(...kinds);
  document.documentElement.removeAttribute('style');
  for (const [name, value] of Object.entries(variables))
    document.documentElement.style.setProperty('--vscode-' + name, value);
  document.body.classList.add(kind);
}`;
const POST = `(message) => window.postMessage(message, '*')`;
const TWO_FRAMES = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))`;
