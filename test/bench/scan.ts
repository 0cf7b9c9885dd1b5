import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { JobContext } from '../../src/engine/job-context';
import { scoreSubject } from '../../src/engine/jobs/scan';
import { openSubject } from '../../src/engine/subjects/open-subject';
import { textTable } from '../../src/report/table';
import { ROOT, SHARED, machine, median } from './machine';
import { resnet18 } from './models';

/** `scour scan` of a 45 MB ResNet-18, whole process and cold, beside what must be paid anyway. */
const RUNS = 21;
const CLI = path.join(ROOT, 'dist/cli.js');

interface Row {
  what: string;
  milliseconds: number;
}

function timed(command: string, args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const elapsed = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  return elapsed;
}

/** Medians of commands run in turn, so that a change in the machine's pace meets all of them. */
function interleaved(commands: Record<string, readonly [string, ...string[]]>): Map<string, number> {
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let run = 0; run <= RUNS; run++) {
    for (const [name, [command, ...args]] of Object.entries(commands)) {
      const elapsed = timed(command, args);
      if (run > 0) times.get(name)!.push(elapsed); // the first round fills the page cache
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

async function inProcess(file: string): Promise<Row[]> {
  const context = new JobContext(new AbortController().signal, () => undefined);
  const rows: Row[] = [];
  const step = async <T>(what: string, run: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await run();
    rows.push({ what, milliseconds: performance.now() - start });
    return result;
  };
  const opened = await step('read the file and parse the graph', () =>
    openSubject(file, { withEpsilon: false }),
  );
  await step('SHA-256', () => opened.hash(context));
  await step('UCLC of all channels, first time (V8 still compiling)', () => scoreSubject(opened, 3, context));
  await step('UCLC of all channels, again', () => scoreSubject(opened, 3, context));
  opened.close();
  return rows;
}

function peer(): number | null {
  const peers = path.join(SHARED, 'peers');
  if (!existsSync('/usr/bin/python3') || !existsSync(peers)) return null;
  const { status, stdout } = spawnSync(
    '/usr/bin/python3',
    [path.join(ROOT, 'test/bench/clp_peer.py'), peers, '64'],
    { encoding: 'utf8' },
  );
  return status === 0 ? Number(stdout) * 1000 : null;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-bench-'));
  try {
    const file = path.join(folder, 'resnet18.onnx');
    const bytes = resnet18(64);
    writeFileSync(file, bytes);
    const medians = interleaved({
      'node -e 0': [process.execPath, '-e', '0'],
      sha256sum: ['sha256sum', file],
      'scour --version': [process.execPath, CLI, '--version'],
      'scour scan': [process.execPath, CLI, 'scan', file, '--format', 'json'],
    });
    const node = medians.get('node -e 0')!;
    const sha = medians.get('sha256sum')!;
    const scan = medians.get('scour scan')!;
    const reference = peer();
    const steps = await inProcess(file);
    const compute = steps.at(-2)!.milliseconds;
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    const table = (rows: readonly (readonly string[])[]): string =>
      textTable(['what', 'median'], rows, [false, true]);
    process.stdout.write(
      [
        `scour scan of ${(bytes.length / 1e6).toFixed(1)} MB (ResNet-18, width 64, 4800 channels), ${RUNS} runs each, in turn; ${machine()}`,
        '',
        table([...medians].map(([name, value]) => [name, ms(value)])),
        '',
        `goal: 1.5 × sha256sum + node = ${ms(1.5 * sha + node)}; scan takes ${(scan / (1.5 * sha + node)).toFixed(2)} of it`,
        `floor: node + one pass of sha256sum over the bytes = ${ms(node + sha)}; scan is ${(scan / (node + sha)).toFixed(2)} times that`,
        '',
        'inside one process:',
        table(steps.map(({ what, milliseconds }) => [what, ms(milliseconds)])),
        '',
        reference === null
          ? 'PyTorch is not installed (Debian: python3-torch), so there is no peer to compare with.'
          : `PyTorch, one SVD a channel as the CLP reference does, compute only: ${ms(reference)}; Scour's compute is ${(reference / compute).toFixed(1)} times as fast`,
        '',
      ].join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
