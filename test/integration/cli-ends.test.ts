import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CLI, startScour, type CliResult } from '../support/cli';
import { inTemporaryFolder } from '../support/jobs';
import { ROOT } from '../support/paths';

const MODEL = path.join(ROOT, 'samples/badnets.onnx');
const DATA = path.join(ROOT, 'samples/images');

/** What a shell makes of a command line in which `$S` stands for scour: its own code, and all that is said. */
function shell(command: string): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, S: `${process.execPath} ${CLI}`, MODEL },
  });
  return { code: status, said: stdout + stderr };
}

/** Runs `scour cleanse` behind code that damages the process: a stand-in for faults nobody foresaw. */
async function damaged(code: string): Promise<CliResult & { left: string[] }> {
  return inTemporaryFolder((folder) => {
    const hook = path.join(folder, 'hook.cjs');
    writeFileSync(hook, code);
    const args = ['--require', hook, CLI, 'cleanse', MODEL, '--data', DATA];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...args, '--output', path.join(folder, 'out.onnx'), '--epochs', '1', '--samples', '8'],
      { encoding: 'utf8' },
    );
    return { code: status, stdout, stderr, left: readdirSync(folder).filter((name) => name === 'out.onnx') };
  });
}

describe('the command line does not end in silence', () => {
  it('says so where the work waits for something that is gone', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr, left } = await damaged(`
      const { EventEmitter } = require('node:events');
      require('node:worker_threads').Worker = class extends EventEmitter {
        postMessage() {}
        async terminate() {}
      };`);
    expect([code, stdout, left]).toEqual([2, '', []]);
    expect(stderr).toContain('stopped before it was finished');
  });

  it('says so where an error is caught by nobody', { timeout: 60_000 }, async () => {
    for (const fault of [
      'setTimeout(() => { throw new Error("stray") }, 50)',
      'Promise.reject(new Error("stray"))',
    ]) {
      const { code, stderr, left } = await damaged(fault);
      expect([code, left]).toEqual([2, []]);
      expect(stderr).toContain('please report it');
      expect(stderr).toContain('stray');
    }
  });

  it('says so where a thread of its own dies', { timeout: 60_000 }, async () => {
    const { code, stderr } = await damaged(`
      const threads = require('node:worker_threads');
      const { Worker } = threads;
      threads.Worker = class extends Worker { constructor() { super('process.exit(3)', { eval: true }); } };`);
    expect(code).toBe(2);
    expect(stderr).toContain('it ended with code 3');
  });

  it.skipIf(!existsSync('/dev/full'))('says so where standard output takes no more, and exits 2', () => {
    for (const command of ['$S --help', '$S scan $MODEL --format json']) {
      const { code, said } = shell(`${command} >/dev/full`);
      expect([code, said.match(/^scour: .*/gm)?.length], command).toEqual([2, 1]);
      expect(said).toContain('cannot be written to standard output');
      expect(said).not.toContain('node:');
    }
  });

  it('is not disturbed by a reader that has seen enough', () => {
    const { code, said } = shell(
      'set -o pipefail; $S --help | true && $S scan $MODEL --format json | head -c 1 >/dev/null && $S scan none 2>&1 | true; echo "${PIPESTATUS[0]}"',
    );
    expect([code, said]).toEqual([0, '2\n']);
  });

  it.skipIf(process.platform === 'win32')(
    'stops on SIGTERM and SIGHUP as on Ctrl-C, with what was done kept',
    { timeout: 120_000 },
    () =>
      inTemporaryFolder(async (folder) => {
        for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
          const output = path.join(folder, `${signal}.onnx`);
          const args = ['--output', output, '--epochs', '50', '--samples', '40', '--batch-size', '20'];
          const { child, done } = startScour('cleanse', MODEL, '--data', DATA, ...args);
          const state = path.join(folder, `.${signal}.onnx.cleanse/checkpoint.safetensors`);
          while (!existsSync(state) && child.exitCode === null) await setTimeout(50);
          child.kill(signal);
          const { code, stdout, stderr } = await done;
          expect([code, stdout, existsSync(output)]).toEqual([2, '', false]);
          expect(stderr).toContain('--resume');
          expect(readFileSync(state).length).toBeGreaterThan(0);
        }
      }),
  );
});
