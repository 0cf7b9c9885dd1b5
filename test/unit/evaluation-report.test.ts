import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { attackNames, describeAttack } from '../../src/attacks/describe';
import { AttackTally, CleanTally } from '../../src/evaluation/tally';
import type { Attack } from '../../src/protocol/attack';
import { EvaluationReportSchema, type EvaluationReport } from '../../src/protocol/evaluation';
import { renderEvaluation } from '../../src/report/evaluation-formats';

const HOSTILE = '<script>alert("1")</script>|`*[x](http://e.example)\u001b[2J\u202e\n# h';
const preprocessing = {
  width: 8,
  height: 8,
  resize: null,
  filter: 'bilinear',
  layout: 'nchw',
  channels: 'rgb',
  mean: [0, 0, 0],
  std: [1, 1, 1],
  source: 'none',
} as const;

/** A report in which every text that comes from files is hostile. */
function reportOf(classes: number, labelled = true): EvaluationReport {
  const attacks: Attack[] = labelled ? [{ kind: 'folder', path: HOSTILE }] : [];
  const [name] = attackNames(attacks);
  const clean = new CleanTally(classes, labelled);
  const tally = new AttackTally(classes, 0);
  for (let i = 0; i < classes; i++) {
    const label = labelled ? i : null;
    clean.add(label, i, i);
    clean.add(label, (i + 1) % classes, i);
    if (i > 0) tally.add(i, i % 2);
  }
  const channel = { name: HOSTILE, uclc: [1, 2, null], tac: [0.5, null, -1], mean: 1.5, std: 0.7 };
  const model: EvaluationReport['models'][number] = {
    path: `/a/${HOSTILE}`,
    sha256: 'f'.repeat(64),
    ...clean.result(),
    attacks: name === undefined ? [] : [tally.result(name)],
    tac: name === undefined ? [] : [{ attack: name, images: 3, paired: false, layers: [channel] }],
    embeddings:
      name === undefined
        ? []
        : [
            {
              attack: name,
              method: 'umap',
              features: 4,
              points: [
                { x: 0, y: 1, triggered: false, label: 1, predicted: 1 },
                { x: 1, y: 1, triggered: true, label: 1, predicted: 0 },
                { x: 2, y: 0, triggered: true, label: 1, predicted: null },
              ],
            },
          ],
    sweep: [
      {
        u: 0,
        channels: 9,
        acc: labelled ? 10 : null,
        agreement: 5,
        n: 4,
        attacks: name === undefined ? [] : [{ name, asr: 1, ra: 2, n: 3 }],
      },
    ],
    preprocessing: { ...preprocessing, mean: [0, 0, 0], std: [1, 1, 1] },
    device: 'cpu',
  };
  return {
    schema: 'scour.evaluation/1',
    version: '1',
    data: { path: HOSTILE, images: 10, used: 10 },
    classes: labelled ? Array.from({ length: classes }, (_, i) => `${i}${HOSTILE}`) : null,
    preprocessing: model.preprocessing,
    target: labelled ? 0 : null,
    attacks: attacks.map((attack) => ({ name: name!, description: describeAttack(attack), attack })),
    models: [model, { ...model, agreement: 50 }],
    samples:
      name === undefined
        ? []
        : [
            {
              attack: name,
              name: HOSTILE,
              label: 1,
              clean: null,
              triggered: { image: 'AAAA', predictions: [0, null] },
            },
          ],
    seed: 0,
    skipped: [{ path: HOSTILE, reason: HOSTILE }],
    complete: false,
    warnings: [HOSTILE],
  };
}

describe.each([
  ['ten classes', reportOf(10)],
  ['a thousand classes', reportOf(1000)],
  ['no labels', reportOf(10, false)],
])('reports of %s', (_, report) => {
  it('is what the protocol says', () => {
    expect(v.parse(EvaluationReportSchema, JSON.parse(renderEvaluation(report, 'json')))).toEqual(report);
  });

  it.each(['text', 'markdown', 'html'] as const)('%s shows hostile names as text', (format) => {
    const written = renderEvaluation(report, format);
    for (const character of ['\u001b', '\u202e']) expect(written).not.toContain(character);
    // Shown as an escape; Markdown escapes the escape's own marks.
    expect(written).toMatch(/u\\?\{202e/);
    if (format !== 'text') expect(written).not.toContain('<script');
    // Nothing that was measured may read as an acquittal.
    expect(written).not.toMatch(/\bclean\b/i);
    expect(written).toMatch(/incomplete/i);
    expect(written).toContain('A low ASR says nothing about other triggers.');
  });

  it('markdown has as many cells in every row of a table as in its head', () => {
    const lines = renderEvaluation(report, 'markdown').split('\n');
    const cells = (line: string): number => line.replace(/\\./g, '').split('|').length;
    let width: number | null = null;
    for (const line of lines) {
      if (!line.startsWith('|')) width = null;
      else {
        width ??= cells(line);
        expect(cells(line)).toBe(width);
      }
    }
  });

  it('HTML stands alone: one style sheet, allowed by its hash, and no script', () => {
    const html = renderEvaluation(report, 'html');
    const style = /<style>([^]*)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(`default-src 'none'; img-src data:; style-src 'sha256-${hash}'`);
    expect(html).not.toMatch(/ style=| on\w+="|<link|url\(/);
    for (const [, source] of html.matchAll(/src="([^"]*)"/g))
      expect(source).toMatch(/^data:image\/png;base64,/);
  });
});
