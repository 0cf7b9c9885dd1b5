import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { JobContext } from '../../src/engine/job-context';
import { scoreSubject } from '../../src/engine/jobs/scan';
import { openSubject } from '../../src/engine/subjects/open-subject';
import { textTable } from '../../src/report/table';
import { networkOf, writeKeras, writePth, writeSafetensors } from './checkpoint-files';
import { ROOT, SHARED, machine, median } from './machine';
import { resnet18 } from './models';

/**
 * `scour scan` of a ResNet-18, whole process and cold, beside what must be paid anyway; then of the same network in every
 * other format. npm run bench -- scan [WIDTH]: 64 gives 45 MB, 160 gives 280 MB.
 */
const WIDTH = Number(process.argv[2] ?? 64);
const RUNS = 21;
const FORMAT_RUNS = 7;
/**
 * Runs in front of the command line, and says at the end what the process took. Linux counts the memory of the process
 * that forked it into maxRSS, but not into VmHWM.
 */
const MEASURE = `data:text/javascript,${encodeURIComponent(`
import { readFileSync, writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const isLinux = process.platform === 'linux';
  const kilobytes = isLinux ? /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] : maxRSS;
  const cost = { peak: Number(kilobytes) * 1024, cpu: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(process.env.SCOUR_MEASURED, JSON.stringify(cost));
});
`)}`;
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
function interleaved(
  commands: Readonly<Record<string, readonly [string, ...string[]]>>,
  runs = RUNS,
): Map<string, number> {
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let run = 0; run <= runs; run++) {
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
    [path.join(ROOT, 'test/bench/clp_peer.py'), peers, String(WIDTH)],
    { encoding: 'utf8' },
  );
  return status === 0 ? Number(stdout) * 1000 : null;
}

interface Cost {
  readonly cpu: number;
  readonly peak: number;
}

/** Processor time in milliseconds and peak memory in bytes of one scan. */
function costOf(file: string, folder: string): Cost {
  const measured = path.join(folder, 'measured.json');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', MEASURE, CLI, 'scan', file, '--format', 'json'],
    { encoding: 'utf8', maxBuffer: 2 ** 28, env: { ...process.env, SCOUR_MEASURED: measured } },
  );
  if (status !== 0) throw new Error(`scanning ${file} failed: ${stderr}`);
  return JSON.parse(readFileSync(measured, 'utf8')) as Cost;
}

/** The network of `onnx` in other formats, by what they are called. */
async function otherFormats(onnx: string, folder: string): Promise<Map<string, string>> {
  const network = networkOf(onnx);
  const at = (name: string): string => path.join(folder, name);
  const files = new Map([
    ['safetensors', at('resnet18.safetensors')],
    ['Keras .h5', at('resnet18.h5')],
    ['Keras .h5, compressed', at('packed.h5')],
  ]);
  writeSafetensors(at('resnet18.safetensors'), network);
  await writeKeras(at('resnet18.h5'), network, false);
  await writeKeras(at('packed.h5'), network, true);
  if (writePth(at('resnet18.pth'), at('resnet18.safetensors'))) files.set('PyTorch .pth', at('resnet18.pth'));
  return files;
}

/** A table of what scanning the same network costs in each format. */
async function byFormat(onnx: string, folder: string): Promise<string> {
  const files = new Map([['ONNX', onnx], ...(await otherFormats(onnx, folder))]);
  const rows = Array.from(files, ([format, file]) => {
    const medians = interleaved(
      {
        node: [process.execPath, '-e', '0'],
        sha: ['sha256sum', file],
        scan: [process.execPath, CLI, 'scan', file, '--format', 'json'],
      },
      FORMAT_RUNS,
    );
    const [node, sha, scan] = ['node', 'sha', 'scan'].map((name) => medians.get(name)!) as [
      number,
      number,
      number,
    ];
    const { cpu, peak } = costOf(file, folder);
    return [
      format,
      `${(statSync(file).size / 1e6).toFixed(1)} MB`,
      `${scan.toFixed(0)} ms`,
      (scan / (1.5 * sha + node)).toFixed(2),
      `${cpu.toFixed(0)} ms`,
      `${(peak / 1e6).toFixed(0)} MB`,
    ];
  });
  const pth = files.get('PyTorch .pth');
  const script = path.join(ROOT, 'test/bench/pth_peer.py');
  const { stdout } =
    pth === undefined ? { stdout: '' } : spawnSync('/usr/bin/python3', [script, pth], { encoding: 'utf8' });
  const head = ['format', 'file', 'scan', 'of 1.5 × sha256sum + node', 'processor', 'peak memory'];
  return [
    textTable(head, rows, [false, true, true, true, true, true]),
    ...(stdout === '' ? [] : ['', `PyTorch on the .pth: ${stdout.trim()}`]),
  ].join('\n');
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'scour-bench-'));
  try {
    const file = path.join(folder, 'resnet18.onnx');
    const bytes = resnet18(WIDTH);
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
    const formats = await byFormat(file, folder);
    const compute = steps.at(-2)!.milliseconds;
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    const table = (rows: readonly (readonly string[])[]): string =>
      textTable(['what', 'median'], rows, [false, true]);
    process.stdout.write(
      [
        `scour scan of ${(bytes.length / 1e6).toFixed(1)} MB (ResNet-18, width ${WIDTH}, ${75 * WIDTH} channels), ${RUNS} runs each, in turn; ${machine()}`,
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
        `the same network by format, medians of ${FORMAT_RUNS} runs in turn; processor time and memory of one more:`,
        formats,
        '',
      ].join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
