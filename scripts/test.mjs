// npm test: every check, from formatting to the walk through a real VS Code. Goes on after a failure, so that one run
// shows all; its last line counts tests, a failed check among them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const out = path.join(root, 'out');
const vitestReport = path.join(out, 'vitest.json');
const e2eReport = path.join(out, 'e2e.tap');

const total = { passed: 0, failed: 0, skipped: 0 };
mkdirSync(out, { recursive: true });
for (const file of [vitestReport, e2eReport]) rmSync(file, { force: true });

for (const check of ['format:check', 'lint', 'typecheck', 'build', 'check-contributions']) {
  if (!run(check, ['npm', 'run', '--silent', check])) total.failed++;
}
const vitest = [
  'npx',
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${vitestReport}`,
];
count('vitest', run('vitest', vitest), () => vitestCounts(JSON.parse(readFileSync(vitestReport, 'utf8'))));
const e2e = ['npm', 'run', '--silent', 'test:e2e', '--', '--no-build'];
count('end-to-end', run('end-to-end', e2e), () => tapCounts(readFileSync(e2eReport, 'utf8')));

const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

/** Runs one step and says how long it took; true where it succeeded. */
function run(name, [command, ...args]) {
  console.log(`\n── ${name}`);
  const begun = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(error.message);
  const ok = status === 0;
  console.log(`── ${name}: ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  return ok;
}

/** Adds a runner's counts. A runner that failed without a failed test, or left no report, counts as one failure. */
function count(name, ok, read) {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = read();
  } catch (error) {
    console.error(`${name} left no report: ${error.message}`);
    ok = false;
  }
  if (!ok && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
}

function vitestCounts(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The counts at the end of node:test's TAP. */
function tapCounts(tap) {
  const of = (name) => {
    const found = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap);
    if (found === null) throw new Error(`no "${name}" in the TAP`);
    return Number(found[1]);
  };
  return { passed: of('pass'), failed: of('fail') + of('cancelled'), skipped: of('skipped') + of('todo') };
}
