// Puts a real VS Code (code-server, with the Node that it needs) into .cache/code-server, once. It is 795 MB, so it is
// no dependency of the project; its install scripts build native parts that the tests do without.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';

/**
 * Installs code-server under `cache` unless it is there already.
 * @param {string} cache folder for downloaded tools
 * @returns {Promise<{node: string, entry: string}>} the Node that runs it, and its entry script
 */
export async function installCodeServer(cache) {
  const home = path.join(cache, `code-server-${CODE_SERVER}`);
  const installed = {
    node: path.join(home, `node_modules/node-linux-${process.arch}/bin/node`),
    entry: path.join(home, 'node_modules/code-server/out/node/entry.js'),
  };
  if (existsSync(installed.entry)) return installed;
  const staging = `${home}.tmp-${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  await writeFile(path.join(staging, 'package.json'), '{ "private": true }\n');
  const npm = (cwd, ...args) =>
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  npm(staging, `node-linux-${process.arch}@${NODE}`, `code-server@${CODE_SERVER}`);
  npm(path.join(staging, 'node_modules/code-server/lib/vscode'), '--omit=dev');
  await rename(staging, home);
  return installed;
}
