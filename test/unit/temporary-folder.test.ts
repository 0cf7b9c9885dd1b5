import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forkEngine } from '../../src/host/engine/process';
import { removeAbandoned, temporaryFolder } from '../../src/engine/temporary-folder';

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

test('the host tidies up after an engine that was killed', async () => {
  const script = path.join(folder, 'engine.cjs');
  // It makes its folder as a job does, and never removes it.
  const name = path.basename(temporaryFolder('graph')).replace(`-${process.pid}-`, '-PID-');
  writeFileSync(
    script,
    `const made = require('node:path').join(__dirname, ${JSON.stringify(name)}.replace('PID', process.pid));
     require('node:fs').mkdirSync(made);
     process.send(made);
     setInterval(() => undefined, 1000);`,
  );
  const log: string[] = [];
  const made = await new Promise<string>((resolve) => {
    const engine = forkEngine(
      { script, memoryLimitMb: 64, log: (line) => void log.push(line) },
      {
        message: (value) => {
          expect(existsSync(String(value))).toBe(true);
          engine.kill();
          made.push(String(value));
        },
        exit: () => setImmediate(() => resolve(made[0]!)),
      },
    );
    const made: string[] = [];
  });
  expect(existsSync(made)).toBe(false);
  expect(log).toEqual([]);
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
