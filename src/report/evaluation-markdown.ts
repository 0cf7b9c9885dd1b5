import type { EvaluationReport } from '../protocol/evaluation';
import { escapeHtml } from '../protocol/html';
import { count, visible } from '../protocol/wording';
import {
  LIMITS,
  classAccuracy,
  className,
  interval,
  modelNames,
  mostChanged,
  preprocessingLine,
  share,
  topConfusions,
  topDestinations,
  targetWords,
} from './evaluation-figures';

const CHANGED_CHANNELS = 10;
const CONFUSIONS = 5;

/** An evaluation as GitHub-flavoured Markdown. */
export function evaluationMarkdown(report: EvaluationReport): string {
  const { data, models, attacks, classes } = report;
  const names = modelNames(models);
  const parts = [
    '# Evaluation',
    `${cell(data.path)}: ${count(data.used, 'image')} of ${data.images.toLocaleString('en-US')}, ${classes === null ? 'without labels' : count(classes.length, 'class', 'classes')}.${report.complete ? '' : ' **Incomplete: some images were not measured.**'}`,
    table(
      ['Model', 'ACC', '95 %', 'n', 'Agreement'],
      models.map((model, i) => [
        names[i]!,
        share(model.acc),
        interval(model.accInterval),
        String(model.n),
        model.agreement === undefined ? '—' : share(model.agreement),
      ]),
    ),
  ];
  for (const [a, { name, description }] of attacks.entries()) {
    parts.push(
      `## ${cell(name)}`,
      `${cell(description)}. Target: ${cell(targetWords(report))}.`,
      table(
        ['Model', 'ASR', '95 %', 'RA', '95 %', 'n', 'Predicted as'],
        models.map((model, i) => {
          const { asr, asrInterval, ra, raInterval, n, destinations } = model.attacks[a]!;
          return [
            names[i]!,
            share(asr),
            interval(asrInterval),
            share(ra),
            interval(raInterval),
            String(n),
            topDestinations(report, destinations, n),
          ];
        }),
      ),
    );
  }
  if (classes !== null) {
    parts.push(
      '## Accuracy by class',
      table(
        ['Class', 'n', ...names],
        classes.map((_, label) => [
          className(report, label),
          String(models[0]!.perClass[label]!.n),
          ...models.map((model) => share(classAccuracy(model, label))),
        ]),
      ),
      '## Most frequent confusions',
      table(
        ['Model', 'True class', 'Predicted', 'Images'],
        models.flatMap((model, i) =>
          topConfusions(model, CONFUSIONS).map(({ truth, predicted, count: n }) => [
            names[i]!,
            className(report, truth),
            className(report, predicted),
            String(n),
          ]),
        ),
      ),
    );
  }
  parts.push(...evidence(report, names), ...sweeps(report, names));
  const settings = models.map(
    (model, i) =>
      `- ${cell(names[i]!)}: \`${model.sha256}\`, ${model.device}, ${cell(preprocessingLine(model.preprocessing))}`,
  );
  parts.push(
    '## Settings',
    [...settings, `- Seed ${report.seed}; triggered images are rounded to 8 bits.`].join('\n'),
  );
  const notes = [
    ...report.warnings,
    ...report.skipped.map(({ path, reason }) => `Left out: ${path}: ${reason}`),
  ];
  if (notes.length > 0) parts.push('## Notes', notes.map((note) => `- ${cell(note)}`).join('\n'));
  parts.push(LIMITS, `Scour ${report.version}`);
  return `${parts.join('\n\n')}\n`;
}

function evidence({ models }: EvaluationReport, names: readonly string[]): string[] {
  return models.flatMap((model, i) =>
    model.tac.flatMap((tac) => [
      `## Channels that ${cell(tac.attack)} changes most in ${cell(names[i]!)}`,
      table(
        ['Layer', 'Channel', 'UCLC', 'TAC', 'Above u = 3'],
        mostChanged(tac, CHANGED_CHANNELS).map(({ layer, channel, uclc, tac: change, outlier }) => [
          layer,
          String(channel),
          uclc === null ? '—' : uclc.toPrecision(4),
          change.toPrecision(4),
          outlier ? 'yes' : '',
        ]),
      ),
    ]),
  );
}

function sweeps({ models }: EvaluationReport, names: readonly string[]): string[] {
  return models.flatMap(({ sweep }, i) => {
    if (sweep === undefined || sweep.length === 0) return [];
    const attacks = sweep[0]!.attacks.map(({ name }) => name);
    return [
      `## ${cell(names[i]!)} pruned at u`,
      table(
        ['u', 'Pruned', 'ACC', 'Agreement', ...attacks.flatMap((name) => [`ASR ${name}`, `RA ${name}`])],
        sweep.map((point) => [
          String(point.u),
          String(point.channels),
          share(point.acc),
          share(point.agreement),
          ...point.attacks.flatMap(({ asr, ra }) => [share(asr), share(ra)]),
        ]),
      ),
    ];
  });
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Untrusted text as Markdown that shows it and does nothing else: no markup, HTML, links or new lines. */
function cell(text: string): string {
  if (text === '---') return text;
  return visible(text, 2000)
    .replace(/[\\`*_{}[\]#|~!]/g, (mark) => `\\${mark}`)
    .replace(/[&<>]/g, (mark) => escapeHtml(mark))
    .replace(/(?<=https?):/g, '\\:');
}
