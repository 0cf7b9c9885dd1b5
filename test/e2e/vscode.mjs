// Starts a real VS Code (code-server) with the packaged extension, and drives it with a browser. VSCODE.md of the
// shared notes says why code-server.
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.SCOUR_CHROMIUM ?? '/usr/bin/chromium';
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const NO_GALLERY = '{"serviceUrl":"","itemUrl":"","resourceUrlTemplate":""}';

/**
 * A running VS Code with the extension installed.
 * @typedef {object} VSCode
 * @property {(folder: string) => Promise<import('playwright-core').Page>} open opens a folder in a new window
 * @property {string} home folder of this VS Code's data
 * @property {() => Promise<number[]>} engines process ids of the Scour engines that it has forked
 * @property {() => Promise<void>} stop
 */

/**
 * @param {{ node: string, entry: string }} codeServer
 * @param {{ vsix: string, settings?: object, trust?: boolean }} options without `trust` every folder opens untrusted
 * @returns {Promise<VSCode>}
 */
export async function startVSCode(codeServer, { vsix, settings = {}, trust = true }) {
  const home = await mkdtemp(path.join(os.tmpdir(), 'scour-e2e-'));
  const userData = path.join(home, 'user-data');
  const extensions = path.join(home, 'extensions');
  const config = path.join(home, 'config.yaml');
  await mkdir(path.join(userData, 'User'), { recursive: true });
  await writeFile(config, '{}\n');
  await writeFile(
    path.join(userData, 'User/settings.json'),
    JSON.stringify({
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
      'workbench.startupEditor': 'none',
      'workbench.tips.enabled': false,
      'files.simpleDialog.enable': true,
      'chat.commandCenter.enabled': false,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      ...settings,
    }),
  );
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    EXTENSIONS_GALLERY: NO_GALLERY,
  };
  const common = ['--config', config, '--user-data-dir', userData, '--extensions-dir', extensions];
  execFileSync(codeServer.node, [codeServer.entry, ...common, '--install-extension', vsix], {
    env,
    stdio: 'pipe',
  });
  const port = await freePort();
  const server = spawn(
    codeServer.node,
    [
      codeServer.entry,
      ...common,
      '--bind-addr',
      `127.0.0.1:${port}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-getting-started-override',
      ...(trust ? ['--disable-workspace-trust'] : []),
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
  const stopServer = () => {
    try {
      process.kill(-server.pid, 'SIGKILL'); // the whole group: the server forks extension hosts
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  try {
    await until(
      () => output.includes('HTTP server listening'),
      20_000,
      () => `code-server did not start:\n${output}`,
    );
  } catch (error) {
    stopServer();
    throw error;
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  return {
    home,
    async open(folder) {
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`);
      await page.locator('.monaco-workbench').waitFor();
      return page;
    },
    engines: () => enginesUnder(extensions),
    async stop() {
      await browser.close();
      stopServer();
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Process ids of the engines that run from this extensions folder, found in /proc. */
async function enginesUnder(extensions) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process may end while it is looked at.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const isEngine = command
      .split('\0')
      .some((word) => word.startsWith(extensions) && word.endsWith('dist/engine.js'));
    const alive = isEngine && (await readlink(`/proc/${pid}/exe`).catch(() => '')) !== '';
    if (alive) found.push(Number(pid));
  }
  return found;
}

/** Waits until `condition` holds; throws what `complaint` says where it does not in `timeout` milliseconds. */
export async function until(condition, timeout, complaint = () => 'timed out') {
  const end = Date.now() + timeout;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(complaint());
    await sleep(10);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
