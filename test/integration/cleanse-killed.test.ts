import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { CleanseReportSchema, type CleanseReport } from '../../src/protocol/cleanse';
import { IMAGES, SAMPLE } from '../support/cleanse';
import { CLI, startScour } from '../support/cli';
import { inTemporaryFolder } from '../support/jobs';

/** `scour cleanse` of six steps in three epochs. */
const commandFor = (output: string, ...more: string[]): string[] => [
  ...['cleanse', SAMPLE, '--data', IMAGES, '--output', output, '--samples', '40', '--batch-size', '20'],
  ...['--epochs', '3', '--threads', '2', '--format', 'json', ...more],
];

/**
 * Code that kills the process, as SIGKILL does, when it writes its nth checkpoint: with the file half written, whole
 * but under its temporary name, or just after it took its place.
 */
const killingAt = (moment: 'half' | 'whole' | 'renamed', nth: number): string => `
  const fs = require('node:fs');
  const die = () => process.kill(process.pid, 'SIGKILL');
  const { openSync, writeSync, renameSync } = fs;
  let file, seen = 0, pieces = 0;
  fs.openSync = (name, ...rest) => {
    const fd = openSync(name, ...rest);
    if (/(checkpoint|best)\\.safetensors\\..*\\.tmp$/.test(name) && ++seen === ${nth}) file = fd;
    return fd;
  };
  fs.writeSync = (fd, bytes, ...rest) => {
    if (fd === file && '${moment}' === 'half' && ++pieces === 40) {
      writeSync(fd, bytes.subarray(0, bytes.length >> 1));
      die();
    }
    return writeSync(fd, bytes, ...rest);
  };
  fs.renameSync = (from, to) => {
    const isIt = seen === ${nth} && /checkpoint\\.safetensors$/.test(to);
    if (isIt && '${moment}' === 'whole') die();
    renameSync(from, to);
    if (isIt && '${moment}' === 'renamed') die();
  };`;

const reportOf = (stdout: string): CleanseReport => v.parse(CleanseReportSchema, JSON.parse(stdout));

it.skipIf(process.platform === 'win32')(
  'killed again and again, in the middle of writing too, goes on to the same bytes',
  { timeout: 240_000 },
  () =>
    inTemporaryFolder(async (folder) => {
      const whole = path.join(folder, 'whole.onnx');
      const undisturbed = spawnSync(process.execPath, [CLI, ...commandFor(whole)], { encoding: 'utf8' });
      const { sha256 } = reportOf(undisturbed.stdout);

      const output = path.join(folder, 'out.onnx');
      const state = path.join(folder, '.out.onnx.cleanse');
      const hook = path.join(folder, 'hook.cjs');
      const resume = (): string[] =>
        existsSync(path.join(state, 'checkpoint.safetensors')) ? ['--resume'] : [];
      for (const [moment, nth] of [
        ['half', 1],
        ['half', 2],
        ['whole', 2],
        ['renamed', 2],
      ] as const) {
        writeFileSync(hook, killingAt(moment, nth));
        const args = ['--require', hook, CLI, ...commandFor(output, ...resume())];
        const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        expect([signal, stdout], `${moment} ${nth}: ${stderr}`).toEqual(['SIGKILL', '']);
        expect(existsSync(output)).toBe(false);
      }
      // At a moment of nobody's choice.
      const { child, done } = startScour(...commandFor(output, ...resume()));
      await setTimeout(1000 + 1000 * Math.random());
      child.kill('SIGKILL');
      const last = await done;
      if (last.stdout === '') {
        expect(resume()).toEqual(['--resume']);
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [CLI, ...commandFor(output, '--resume')],
          {
            encoding: 'utf8',
          },
        );
        expect(status, stderr).toBe(0);
        last.stdout = stdout;
      }
      const report = reportOf(last.stdout);
      expect(report.history).toHaveLength(3);
      expect(report.sha256).toBe(sha256);
      expect(readdirSync(folder).sort()).toEqual(['hook.cjs', 'out.onnx', 'whole.onnx']);
    }),
);
