import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { bundleProgram } from '../../scripts/bundle.mjs';
import { readHeader } from '../../src/model/safetensors/header';
import { FileSource } from '../../src/model/source';
import { ASSETS } from '../../src/model/assets';
import { ROOT } from './paths';

/** What a run that was killed, or came to its end, had said. */
export interface KilledRun {
  /** Steps that it finished. */
  readonly steps: number;
  readonly isDone: boolean;
}

/** Builds the process that `runUntilKilled` runs, into the folder of the test run's assets. */
export async function buildProgram(): Promise<string> {
  const outfile = path.join(ASSETS, 'killed-program.mjs');
  await bundleProgram('test/support/killed-program.ts', outfile, {
    SCOUR_ASSETS: JSON.stringify(ASSETS),
    'import.meta.dirname': JSON.stringify(path.join(ROOT, 'test/support')),
  });
  return outfile;
}

/** Runs a job until it has finished `steps` steps and `delay` (0…1) of the next two, then kills it as SIGKILL does; `steps` null: to its end. */
export function runUntilKilled(
  program: string,
  args: readonly string[],
  steps: number | null,
  delay = 0,
): Promise<KilledRun> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    let last = performance.now();
    let gap = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      gap = performance.now() - last;
      last = performance.now();
      if (steps !== null && stepsIn(said) >= steps) {
        steps = null;
        void setTimeout(2 * gap * delay).then(() => child.kill('SIGKILL'));
      }
    });
    child.on('close', () => {
      resolve({ steps: stepsIn(said), isDone: said.endsWith('done\n') });
    });
  });
}

function stepsIn(said: string): number {
  return said.match(/^step$/gm)?.length ?? 0;
}

/** Steps that the kept state of a run holds. */
export function stepsKept(state: string): number {
  const source = new FileSource(path.join(state, 'checkpoint.safetensors'));
  try {
    return Number(readHeader(source, []).metadata['scour.step']);
  } finally {
    source.close();
  }
}
