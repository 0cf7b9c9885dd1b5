import type { EvaluationReport, ModelEvaluation } from '../protocol/evaluation';
import { count } from '../protocol/wording';
import { figures, heading, list, paragraph, table, type Part } from './document';
import {
  LIMITS,
  classAccuracy,
  className,
  interval,
  modelNames,
  mostChanged,
  preprocessingLine,
  share,
  targetWords,
  topConfusions,
  topDestinations,
} from './evaluation-figures';
import { changeFigures, embeddingFigures, sweepFigure } from './evaluation-html-charts';
import { matrixFigure, sampleFigures } from './evaluation-html-pictures';

/** With more classes than this a confusion matrix cannot be read. */
const MAX_MATRIX = 200;
const CONFUSIONS = 10;
const CHANGED_CHANNELS = 12;

/** An evaluation as it is read in HTML and in Markdown. */
export function evaluationDocument(report: EvaluationReport): Part[] {
  const names = modelNames(report.models);
  return [
    ...opening(report),
    heading('Results'),
    resultTable(report, names),
    ...attackParts(report, names),
    ...sampleParts(report, names),
    ...classParts(report, names),
    ...sweepParts(report, names),
    ...evidenceParts(report, names),
    ...settingsParts(report, names),
    paragraph(`${LIMITS} Scour ${report.version}.`, 'dim'),
  ];
}

function opening({ data, classes, complete }: EvaluationReport): Part[] {
  const labels = classes === null ? 'without labels' : count(classes.length, 'class', 'classes');
  const used = `${count(data.used, 'image')} of ${data.images.toLocaleString('en-US')}`;
  return [
    heading('Evaluation', 1),
    paragraph(`${data.path}: ${used}, ${labels}.`),
    ...(complete ? [] : [paragraph('Incomplete: some images were not measured.', 'bad')]),
  ];
}

function resultTable({ models, attacks }: EvaluationReport, names: readonly string[]): Part {
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

function attackParts(report: EvaluationReport, names: readonly string[]): Part[] {
  return report.attacks.flatMap(({ name, description }, a) => [
    heading(`Trigger: ${name}`),
    paragraph(`${description}. Target: ${targetWords(report)}.`),
    table(
      'ASR: predicted as the target. RA: predicted as the true class.',
      ['Model', 'ASR', '95 %', 'RA', '95 %', 'n', 'Predicted as'],
      report.models.map((model, i) => {
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
  ]);
}

function sampleParts(report: EvaluationReport, names: readonly string[]): Part[] {
  if (report.samples.length === 0) return [];
  const predictions = ({ predictions: all }: { predictions: (number | null)[] }): string =>
    names.map((_, i) => className(report, all[i] ?? null)).join('; ');
  return [
    heading('Sample images, without and with the trigger'),
    figures(sampleFigures(report, names)),
    table(
      `Predictions of ${names.join('; ')}`,
      ['Trigger', 'Image', 'True class', 'Without', 'With'],
      report.samples.map((sample) => [
        sample.attack,
        sample.name,
        className(report, sample.label),
        sample.clean === null ? '—' : predictions(sample.clean),
        predictions(sample.triggered),
      ]),
      [1, 2, 3, 4],
    ),
  ];
}

function classParts(report: EvaluationReport, names: readonly string[]): Part[] {
  const { classes, models } = report;
  if (classes === null) return [];
  return [
    heading('Classes'),
    table(
      'Accuracy by class',
      ['Class', 'n', ...names],
      classes.map((_, label) => [
        className(report, label),
        models[0]!.perClass[label]!.n,
        ...models.map((model) => share(classAccuracy(model, label))),
      ]),
    ),
    ...models.flatMap((model, i): Part[] => [
      ...(classes.length > MAX_MATRIX ? [] : [figures(matrixFigure(model, names[i]!, classes.length))]),
      confusionTable(report, model, names[i]!),
    ]),
  ];
}

function confusionTable(report: EvaluationReport, model: ModelEvaluation, name: string): Part {
  return table(
    `Most frequent confusions of ${name}`,
    ['True class', 'Predicted', 'Images'],
    topConfusions(model, CONFUSIONS).map(({ truth, predicted, count: n }) => [
      className(report, truth),
      className(report, predicted),
      n,
    ]),
    [1],
  );
}

function sweepParts({ models }: EvaluationReport, names: readonly string[]): Part[] {
  return models.flatMap(({ sweep }, i) => {
    if (sweep === undefined || sweep.length === 0) return [];
    const attacks = sweep[0]!.attacks.map(({ name }) => name);
    return [
      heading(`${names[i]!} pruned at u (CLP)`),
      figures(sweepFigure(sweep, names[i]!)),
      table(
        `${names[i]!} pruned at each u`,
        ['u', 'Pruned', 'ACC', 'Agreement', ...attacks.flatMap((name) => [`ASR ${name}`, `RA ${name}`])],
        sweep.map((point) => [
          String(point.u),
          point.channels,
          share(point.acc),
          share(point.agreement),
          ...point.attacks.flatMap(({ asr, ra }) => [share(asr), share(ra)]),
        ]),
      ),
    ];
  });
}

function evidenceParts(report: EvaluationReport, names: readonly string[]): Part[] {
  const { models } = report;
  const parts: Part[] = [];
  if (models.some(({ tac }) => tac.length > 0)) {
    parts.push(
      heading('UCLC against trigger-activated change'),
      paragraph(
        'TAC: mean activation with the trigger minus without, after the layer’s norm, of each channel.',
        'dim',
      ),
      figures(changeFigures(report, names)),
      ...models.flatMap((model, i) =>
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
      ),
    );
  }
  if (models.some(({ embeddings }) => embeddings.length > 0)) {
    parts.push(figures(embeddingFigures(report, names)));
  }
  return parts;
}

function settingsParts(report: EvaluationReport, names: readonly string[]): Part[] {
  const { models, warnings, skipped, seed } = report;
  return [
    heading('Settings'),
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
    paragraph(`Seed ${seed}. Triggered images are rounded to 8 bits.`),
    ...list([...warnings, ...skipped.map(({ path, reason }) => `Left out: ${path}: ${reason}`)]),
  ];
}
