import { createHash } from 'node:crypto';
import type { EvaluationReport, EvaluationSample, ModelEvaluation } from '../protocol/evaluation';
import { count } from '../protocol/wording';
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
import { evidenceSections, sweepSections } from './evaluation-html-charts';
import { confusionMatrix } from './html/charts';
import { element, render, section, table, type Content, type Markup } from './html/markup';
import { STYLE } from './html/style';

/** With more classes than this a confusion matrix cannot be read. */
const MAX_MATRIX = 200;
const CONFUSIONS = 10;
const CHANGED_CHANNELS = 12;

/**
 * An evaluation as one self-contained HTML file: no script, nothing from the network, every chart with its figures in a
 * table. Names are untrusted text and come out escaped.
 */
export function evaluationHtml(report: EvaluationReport): string {
  const names = modelNames(report.models);
  const body: Content = [
    header(report),
    section('Results', resultTable(report, names)),
    ...attackSections(report, names),
    ...sampleSection(report, names),
    ...classSection(report, names),
    ...sweepSections(report, names),
    ...evidenceSections(report, names),
    ...changedSections(report, names),
    settingsSection(report, names),
    element('p', { class: 'dim' }, LIMITS, ` Scour ${report.version}.`),
  ];
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scour evaluation</title>
<style>${STYLE}</style>
</head>
<body>
<main>${render(body)}</main>
</body>
</html>
`;
}

function header({ data, classes, complete }: EvaluationReport): Markup {
  const labels = classes === null ? 'without labels' : count(classes.length, 'class', 'classes');
  return element(
    'header',
    {},
    element('h1', {}, 'Evaluation'),
    element(
      'p',
      {},
      `${data.path}: ${count(data.used, 'image')} of ${data.images.toLocaleString('en-US')}, ${labels}.`,
    ),
    complete ? [] : element('p', { class: 'bad' }, 'Incomplete: some images were not measured.'),
  );
}

function resultTable({ models, attacks }: EvaluationReport, names: readonly string[]): Markup {
  return table(
    'Shares in percent, with Wilson’s 95 % intervals. Agreement: predictions equal to the first model’s.',
    [
      'Model',
      'ACC',
      '95 %',
      'n',
      'Agreement',
      ...attacks.flatMap(({ name }) => [`ASR ${name}`, `RA ${name}`]),
    ],
    models.map((model, i) => [
      names[i]!,
      share(model.acc),
      interval(model.accInterval),
      model.n,
      model.agreement === undefined ? '—' : share(model.agreement),
      ...model.attacks.flatMap(({ asr, ra }) => [share(asr), share(ra)]),
    ]),
  );
}

function attackSections(report: EvaluationReport, names: readonly string[]): Markup[] {
  const { attacks, models } = report;
  return attacks.map(({ name, description }, a) =>
    section(
      `Trigger: ${name}`,
      element('p', {}, `${description}. Target: ${targetWords(report)}.`),
      table(
        'ASR: predicted as the target. RA: predicted as the true class.',
        ['Model', 'ASR', '95 %', 'RA', '95 %', 'n', 'Predicted as'],
        models.map((model, i) => {
          const { asr, asrInterval, ra, raInterval, n, destinations } = model.attacks[a]!;
          return [
            names[i]!,
            share(asr),
            interval(asrInterval),
            share(ra),
            interval(raInterval),
            n,
            topDestinations(report, destinations, n),
          ];
        }),
        [6],
      ),
    ),
  );
}

function sampleSection(report: EvaluationReport, names: readonly string[]): Markup[] {
  if (report.samples.length === 0) return [];
  const cards = report.samples.map((sample) => sampleCard(report, sample, names));
  return [
    section('Sample images, without and with the trigger', element('div', { class: 'samples' }, cards)),
  ];
}

function sampleCard(report: EvaluationReport, sample: EvaluationSample, names: readonly string[]): Markup {
  const picture = (image: string, alt: string): Markup =>
    element('img', { src: `data:image/png;base64,${image}`, alt });
  const { clean, triggered } = sample;
  return element(
    'article',
    { class: 'sample' },
    clean === null ? [] : picture(clean.image, `${sample.name} without the trigger`),
    picture(triggered.image, `${sample.name} with ${sample.attack}`),
    element('p', {}, `${sample.attack}, ${sample.name}: ${className(report, sample.label)}`),
    names.map((name, i) => {
      const before = clean === null ? '' : `${className(report, clean.predictions[i] ?? null)} → `;
      return element('p', {}, `${name}: ${before}${className(report, triggered.predictions[i] ?? null)}`);
    }),
  );
}

function classSection(report: EvaluationReport, names: readonly string[]): Markup[] {
  const { classes, models } = report;
  if (classes === null) return [];
  const accuracy = table(
    'Accuracy by class',
    ['Class', 'n', ...names],
    classes.map((_, label) => [
      className(report, label),
      models[0]!.perClass[label]!.n,
      ...models.map((model) => share(classAccuracy(model, label))),
    ]),
  );
  const matrices = models.map((model, i) =>
    element(
      'figure',
      { class: 'wide' },
      element(
        'figcaption',
        {},
        `${names[i]!}: true class down, predicted class across, shaded by share of the row`,
      ),
      classes.length > MAX_MATRIX
        ? []
        : confusionMatrix(`Confusion matrix of ${names[i]!}`, model.confusion, classes.length),
      confusionTable(report, model),
    ),
  );
  return [section('Classes', accuracy, element('div', { class: 'charts' }, matrices))];
}

function confusionTable(report: EvaluationReport, model: ModelEvaluation): Markup {
  return table(
    'Most frequent confusions',
    ['True class', 'Predicted', 'Images'],
    topConfusions(model, CONFUSIONS).map(({ truth, predicted, count: n }) => [
      className(report, truth),
      className(report, predicted),
      n,
    ]),
    [1],
  );
}

function changedSections({ models }: EvaluationReport, names: readonly string[]): Markup[] {
  const tables = models.flatMap((model, i) =>
    model.tac.map((tac) =>
      table(
        `${names[i]!}, ${tac.attack}: the channels that the trigger changes most (${tac.images} images${tac.paired ? '' : ', not the same ones'})`,
        ['Layer', 'Channel', 'UCLC', 'TAC', 'Above u = 3'],
        mostChanged(tac, CHANGED_CHANNELS).map(({ layer, channel, uclc, tac: change, outlier }) => [
          layer,
          channel,
          uclc === null ? '—' : uclc.toPrecision(4),
          change.toPrecision(4),
          outlier ? 'yes' : '',
        ]),
      ),
    ),
  );
  return tables.length === 0 ? [] : [section('Channels that the trigger changes most', tables)];
}

function settingsSection(report: EvaluationReport, names: readonly string[]): Markup {
  const { models, warnings, skipped, seed } = report;
  return section(
    'Settings',
    table(
      'What each model was given',
      ['Model', 'Path', 'SHA-256', 'Device', 'Preprocessing'],
      models.map((model, i) => [
        names[i]!,
        model.path,
        model.sha256,
        model.device,
        preprocessingLine(model.preprocessing),
      ]),
      [1, 2, 3, 4],
    ),
    element('p', {}, `Seed ${seed}. Triggered images are rounded to 8 bits.`),
    element(
      'ul',
      {},
      warnings.map((warning) => element('li', {}, warning)),
      skipped.map(({ path, reason }) => element('li', {}, `Left out: ${path}: ${reason}`)),
    ),
  );
}
