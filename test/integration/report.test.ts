import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { scour } from '../support/cli';
import { inTemporaryFolder } from '../support/jobs';
import { ROOT } from '../support/paths';

const SAMPLES = path.join(ROOT, 'samples');
const MODEL = path.join(SAMPLES, 'badnets.onnx');
const IMAGES = path.join(SAMPLES, 'images');

/** Runs a command and keeps its JSON. */
function keep(folder: string, name: string, ...args: string[]): string {
  const { code, stdout, stderr } = scour(...args, '--format', 'json');
  expect(code, stderr).toBe(0);
  const file = path.join(folder, name);
  writeFileSync(file, stdout);
  return file;
}

/** What SARIF 2.1.0 asks of every result (§3.27) beyond what its type says. */
function expectConsistent({ runs }: Log): void {
  for (const { tool, results, artifacts } of runs) {
    for (const { ruleId, ruleIndex, level, kind, locations } of results!) {
      expect(tool.driver.rules![ruleIndex!]!.id).toBe(ruleId);
      // §3.27.10: `none` is the level of what is no failure, and of nothing else.
      expect(level === 'none').toBe(kind === 'informational');
      const { index, uri } = locations![0]!.physicalLocation!.artifactLocation!;
      if (index !== undefined) expect(artifacts![index]!.location!.uri).toBe(uri);
      expect(uri).toMatch(/^file:\/\//);
    }
  }
}

describe('scour report', () => {
  it('merges scan, prune and evaluation into HTML, Markdown and SARIF', async () => {
    await inTemporaryFolder((folder) => {
      const pruned = path.join(folder, 'pruned <b>.onnx');
      const files = [
        keep(folder, 'scan.json', 'scan', MODEL, MODEL, '--fail-on', 'never'),
        keep(folder, 'prune.json', 'prune', MODEL, '--output', pruned),
        keep(
          folder,
          'evaluate.json',
          ...['evaluate', MODEL, pruned, '--data', IMAGES, '--attack', 'badnets', '--target', '0'],
        ),
      ];
      const write = (name: string, ...more: string[]) =>
        scour('report', ...files, '--output', path.join(folder, name), ...more);
      for (const name of ['r.html', 'r.md', 'r.sarif']) {
        const { code, stdout, stderr } = write(name);
        expect(code, stderr).toBe(0);
        expect(stdout).toContain('4 results');
      }
      const html = readFileSync(path.join(folder, 'r.html'), 'utf8');
      const markdown = readFileSync(path.join(folder, 'r.md'), 'utf8');
      expect(html.match(/<h1>[^<]*/g)).toEqual(
        ['Scan', 'Scan', 'Pruning (CLP)', 'Evaluation'].map((title) => `<h1>${title}`),
      );
      expect(html).not.toMatch(/<b>|<script/);
      expect(markdown.match(/^# .*/gm)).toHaveLength(4);
      for (const written of [html, markdown]) {
        expect(written).toContain('uclc-outliers');
        expect(written).not.toMatch(/\bclean\b/i);
      }
      const log = JSON.parse(readFileSync(path.join(folder, 'r.sarif'), 'utf8')) as Log;
      expectConsistent(log);
      expect(log.runs.map(({ results }) => results!.map(({ ruleId, level }) => [ruleId, level]))).toEqual([
        [['uclc-outliers', 'note']],
        [['uclc-outliers', 'note']],
        [['pruned', 'none']],
        [
          ['accuracy', 'none'],
          ['trigger-works', 'warning'],
          ['accuracy', 'none'],
          ['trigger-without-effect', 'note'],
        ],
      ]);
      // Never over a file that is there, nor over an input.
      expect(write('r.html').code).toBe(2);
      expect(write('r.html', '--force').code).toBe(0);
    });
  });

  it('SARIF of an evaluation says what the trigger does beside its absence', () => {
    const args = ['--data', IMAGES, '--attack', 'badnets', '--target', '0', '--format', 'sarif'];
    const { code, stdout } = scour('evaluate', MODEL, ...args);
    expect(code).toBe(0);
    const log = JSON.parse(stdout) as Log;
    expectConsistent(log);
    expect(log.runs[0]!.results![1]!.message.text).toMatch(
      /^badnets: ASR 100\.00 % \(95 %: [\d.]+–100\.0\) of 180 images; without the trigger [\d.]+ %; RA 0\.00 %/,
    );
  });

  it.each<[string[], number, string]>([
    [[], 4, 'Name at least one'],
    [['x.json'], 4, '--output'],
    [['x.json', '--output', 'r.pdf'], 4, '.html, .md or .sarif'],
    [['missing.json', '--output', 'r.md'], 2, 'missing.json'],
    [[path.join(SAMPLES, 'README.md'), '--output', 'r.md'], 2, 'JSON'],
    [[path.join(ROOT, 'package.json'), '--output', 'r.md'], 3, 'no result of scour'],
  ])('%j exits %i', (args, code, says) => {
    const result = scour('report', ...args);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(says);
  });
});
