import type { EvaluationReport, ModelEvaluation } from '../protocol/evaluation';
import { count, listShort, visible } from '../protocol/wording';
import {
  LIMITS,
  classAccuracy,
  className,
  interval,
  modelNames,
  preprocessingLine,
  share,
  topDestinations,
  targetWords,
} from './evaluation-figures';
import { textTable } from './table';

/** With more classes than this, only those with the lowest accuracy are listed. */
const MAX_CLASSES = 20;
const WORST = 10;

/** An evaluation for a terminal. Names are shown with control characters escaped. */
export function evaluationText(report: EvaluationReport): string {
  const { data, models } = report;
  const names = modelNames(models);
  const used = data.used === data.images ? '' : ` of ${data.images.toLocaleString('en-US')}`;
  return [
    `${visible(data.path)}: ${count(data.used, 'image')}${used}, ${report.classes === null ? 'without labels' : count(report.classes.length, 'class', 'classes')}`,
    resultTable(report, names),
    attackLines(report, names),
    classTable(report, names),
    ...models.map((model, i) => sweepTable(model, names[i]!)),
    settings(report, names),
    report.skipped.length > 0
      ? `Left out: ${count(report.skipped.length, 'file')}:\n${report.skipped
          .slice(0, 10)
          .map(({ path, reason }) => `  ${visible(path, 80)}: ${visible(reason, 200)}`)
          .join('\n')}${report.skipped.length > 10 ? '\n  … (--format json lists all)' : ''}`
      : '',
    report.complete ? '' : 'INCOMPLETE: some images were not measured; see above.',
    LIMITS,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function resultTable({ models, attacks, classes }: EvaluationReport, names: readonly string[]): string {
  const header = [
    'model',
    ...(classes === null ? [] : ['ACC', '95 %']),
    'n',
    ...(models.length > 1 ? ['agreement'] : []),
    ...attacks.flatMap(({ name }) => [`ASR ${name}`, '95 %', 'RA', '95 %', 'n']),
  ];
  const rows = models.map((model, i) => [
    names[i]!,
    ...(classes === null ? [] : [share(model.acc), interval(model.accInterval)]),
    String(model.n),
    ...(models.length > 1 ? [model.agreement === undefined ? '—' : share(model.agreement)] : []),
    ...model.attacks.flatMap(({ asr, asrInterval, ra, raInterval, n }) => [
      share(asr),
      interval(asrInterval),
      share(ra),
      interval(raInterval),
      String(n),
    ]),
  ]);
  return textTable(
    header,
    rows,
    header.map((_, i) => i > 0),
  );
}

function attackLines(report: EvaluationReport, names: readonly string[]): string {
  const { attacks, models } = report;
  if (attacks.length === 0) return '';
  const lines = attacks.flatMap(({ name, description }, a) => [
    `${name}: ${visible(description)}`,
    ...models.map((model, i) => {
      const { destinations, n } = model.attacks[a]!;
      return `  ${names[i]!}: predicted as ${topDestinations(report, destinations, n)}`;
    }),
  ]);
  return [`Target: ${targetWords(report)}.`, ...lines].join('\n');
}

function classTable(report: EvaluationReport, names: readonly string[]): string {
  const { classes, models } = report;
  if (classes === null) return '';
  const [first] = models;
  const all = [...classes.keys()].filter((label) => first!.perClass[label]!.n > 0);
  const byFirst = [...all].sort((a, b) => classAccuracy(first!, a)! - classAccuracy(first!, b)!);
  const shown = all.length > MAX_CLASSES ? byFirst.slice(0, WORST) : all;
  const rows = shown.map((label) => [
    className(report, label),
    String(first!.perClass[label]!.n),
    ...models.map((model) => share(classAccuracy(model, label))),
  ]);
  const header = [all.length > shown.length ? 'lowest accuracy' : 'class', 'n', ...names];
  return textTable(
    header,
    rows,
    header.map((_, i) => i > 0),
  );
}

function sweepTable({ sweep }: ModelEvaluation, name: string): string {
  if (sweep === undefined || sweep.length === 0) return '';
  const attacks = sweep[0]!.attacks.map((attack) => attack.name);
  const header = ['u', 'pruned', 'ACC', 'agreement', ...attacks.flatMap((attack) => [`ASR ${attack}`, 'RA'])];
  const rows = sweep.map((point) => [
    String(point.u),
    String(point.channels),
    share(point.acc),
    share(point.agreement),
    ...point.attacks.flatMap(({ asr, ra }) => [share(asr), share(ra)]),
  ]);
  const table = textTable(
    header,
    rows,
    header.map(() => true),
  );
  return `${name} pruned at u:\n${table}`;
}

function settings({ models, seed }: EvaluationReport, names: readonly string[]): string {
  const lines = models.map((model) => preprocessingLine(model.preprocessing));
  const alike = lines.every((line) => line === lines[0]);
  return [
    ...(alike
      ? [`Preprocessing: ${lines[0]!}`]
      : lines.map((line, i) => `Preprocessing of ${names[i]!}: ${line}`)),
    `Device: ${listShort([...new Set(models.map(({ device }) => device))])}. Seed: ${seed}. Triggered images are rounded to 8 bits.`,
  ].join('\n');
}
