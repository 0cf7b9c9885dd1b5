import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { removeAbandoned, temporaryFolder, tidyAbandoned } from '../../src/engine/temporary-folder';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'scour-test-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A process id that was in use and no longer is. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '0']).pid;
}

/** Name of a folder like this process's, of another one. */
function nameOf(pid: number): string {
  return path.basename(temporaryFolder('graph')).replace(`-${process.pid}-`, `-${pid}-`);
}

test('what a killed process left behind is removed, and nothing else', () => {
  const own = temporaryFolder('graph');
  const dead = nameOf(deadPid());
  const alive = nameOf(process.ppid);
  const elsewhere = dead.replace(/-[0-9a-f]{8}-/, '-00000000-');
  for (const name of [dead, alive, elsewhere, 'scour-graph-abc123', 'other']) {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'model.onnx'), 'x');
  }
  expect(removeAbandoned()).toEqual([dead]);
  expect(existsSync(path.join(folder, dead))).toBe(false);
  for (const name of [alive, elsewhere, 'scour-graph-abc123', 'other'])
    expect(existsSync(path.join(folder, name, 'model.onnx')), name).toBe(true);
  expect(existsSync(own)).toBe(true);
});

test('tidying up is a courtesy: it says what it cannot do, and fails nothing', () => {
  const dead = nameOf(deadPid());
  mkdirSync(path.join(folder, dead));
  const log: string[] = [];
  tidyAbandoned((line) => void log.push(line));
  expect([existsSync(path.join(folder, dead)), log]).toEqual([false, []]);
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, path.join(folder, 'nowhere'));
  tidyAbandoned((line) => void log.push(line));
  expect(log.join()).toContain('nowhere');
});

test.skipIf(process.platform === 'win32')(
  'a link of such a name is left alone, and so is what it leads to',
  () => {
    const target = path.join(folder, 'precious');
    mkdirSync(target);
    writeFileSync(path.join(target, 'file'), 'x');
    symlinkSync(target, path.join(folder, nameOf(deadPid())));
    expect(removeAbandoned()).toEqual([]);
    expect(existsSync(path.join(target, 'file'))).toBe(true);
  },
);
