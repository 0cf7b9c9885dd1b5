import type { EvaluationReport, ModelEvaluation } from '../../../src/protocol/evaluation';
import { count, visible } from '../../../src/protocol/wording';
import { legend } from '../../charts/legend';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { nameOf } from '../../dom/name';
import { notice } from '../../dom/notice';
import { skippedList } from '../../dom/skipped';
import { SortableTable, type Column } from '../../dom/table';
import { formatPercent, plural } from '../../text/format';
import { describePreprocessing } from '../../text/preprocessing-words';
import type { ResultSpec } from './result-section';
import { attackWords, modelNames, resultOf, targetName } from './view';

interface Rate {
  readonly percent: number;
  readonly interval: readonly [number, number];
  readonly n: number;
}
interface Measure {
  readonly id: string;
  readonly label: string;
  readonly explanation: string;
  /** One a model; null where it was not measured. */
  readonly rates: readonly (Rate | null)[];
}

/** Distance between the marks of two models on the axis, in measures. */
const APART = 0.16;

/** ACC, ASR and RA of every model side by side, with counts and 95 % intervals. */
export const ratesSpec: ResultSpec = {
  id: 'rates',
  heading: 'Accuracy and attack success',
  label: 'Rates',
  dependsOn: [],
  build: ({ report }, charts) => {
    const measures = measuresOf(report);
    const names = modelNames(report);
    const series = names.map((name, at) => ({
      name,
      mark: at,
      dash: null,
      size: 5,
      points: measures.flatMap(({ label, rates }, x) => {
        const rate = rates[at];
        if (rate === null || rate === undefined) return [];
        const shift = (at - (names.length - 1) / 2) * APART;
        const [low, high] = rate.interval;
        return [{ x: x + shift, y: rate.percent, low, high, title: label }];
      }),
    }));
    const chart =
      measures.length === 0
        ? null
        : charts.xy(
            {
              x: { label: '', names: measures.map(({ label }) => label) },
              y: { label: '%', min: 0, max: 100 },
              series,
              format: ({ y, low = y, high = y }) =>
                `${formatPercent(y)} (${low.toFixed(1)} to ${high.toFixed(1)})`,
            },
            `Rates of ${plural(names.length, 'model')}: ${report.models.map((model, at) => inWords(report, model, names[at]!)).join(' ')}`,
          );
    return {
      aside: plural(report.models.length, 'model'),
      children: [
        ...report.models.map((model, at) => h('p', {}, inWords(report, model, names[at]!))),
        ...incomplete(report),
        ...report.warnings.map((warning) => notice('warning', h('p', {}, visible(warning)))),
        chart,
        chart === null ? null : legend(series),
        rateTable(measures, names),
        report.attacks.length === 0
          ? null
          : h(
              'p',
              { class: 'hint spaced' },
              'ASR and RA are of triggered images whose true class is not the target. Intervals are Wilson’s, at 95 %. ' +
                'A low ASR speaks of these triggers alone, not of others that a model may answer to.',
            ),
        skippedList(report.skipped),
        fold('How it was measured', ...howMeasured(report, names)),
      ],
    };
  },
};

function measuresOf(report: EvaluationReport): Measure[] {
  const { models, attacks } = report;
  const several = attacks.length > 1;
  const measures: Measure[] = [];
  if (models.some(({ acc }) => acc !== null)) {
    measures.push({
      id: 'acc',
      label: 'ACC',
      explanation: 'Accuracy: share of images without a trigger that are predicted as their true class',
      rates: models.map(({ acc, accInterval, n }) =>
        acc === null || accInterval === null ? null : { percent: acc, interval: accInterval, n },
      ),
    });
  }
  for (const { name } of attacks) {
    const of = several ? ` · ${visible(name, 40)}` : '';
    const results = models.map((model) => resultOf(model, name));
    measures.push(
      {
        id: `asr-${name}`,
        label: `ASR${of}`,
        explanation: 'Attack success rate: share of triggered images that are predicted as the target',
        rates: results.map((result) =>
          result ? { percent: result.asr, interval: result.asrInterval, n: result.n } : null,
        ),
      },
      {
        id: `ra-${name}`,
        label: `RA${of}`,
        explanation:
          'Robust accuracy: share of triggered images that are still predicted as their true class',
        rates: results.map((result) =>
          result ? { percent: result.ra, interval: result.raInterval, n: result.n } : null,
        ),
      },
    );
  }
  return measures;
}

/** What was measured of a model, in a sentence or two: figures, never a verdict. */
function inWords(report: EvaluationReport, model: ModelEvaluation, name: string): string {
  const parts: string[] = [];
  parts.push(
    model.acc === null
      ? `run on ${plural(model.n, 'image')} without labels`
      : `right on ${formatPercent(model.acc)} of ${plural(model.n, 'image')} without a trigger`,
  );
  for (const { name: attack, asr, ra, n } of model.attacks) {
    const to = targetName(report);
    parts.push(
      `with ${visible(attack, 40)}, ${formatPercent(asr)} of ${plural(n, 'image')} go to ${to} and ${formatPercent(ra)} keep their class`,
    );
  }
  const agreement =
    model.agreement === undefined
      ? ''
      : ` Its predictions agree with the reference’s on ${formatPercent(model.agreement)}.`;
  return `${name}: ${parts.join('; ')}.${agreement}`;
}

function rateTable(measures: readonly Measure[], names: readonly string[]): HTMLElement {
  const columns: Column<Measure>[] = names.map((name, at) => ({
    id: `model-${at}`,
    label: name,
    numeric: true,
    value: ({ rates }) => rates[at]?.percent ?? null,
    cell: ({ rates }) => rateCell(rates[at] ?? null),
  }));
  const table = new SortableTable<Measure>({
    caption: 'Accuracy and attack success of each model',
    empty: 'The images have no labels and no trigger was tried: see how predictions spread over the classes.',
    columns: [
      {
        id: 'measure',
        label: 'Measure',
        value: ({ id }) => id,
        cell: ({ label, explanation }) => h('abbr', { title: explanation }, label),
      },
      ...columns,
    ],
  });
  table.update(measures);
  table.element.classList.add('rates');
  return table.element;
}

function rateCell(rate: Rate | null): Node | string {
  if (rate === null) return '–';
  const [low, high] = rate.interval;
  const hits = Math.round((rate.percent / 100) * rate.n);
  return h(
    'span',
    {},
    h('strong', { class: 'rate' }, formatPercent(rate.percent)),
    h(
      'span',
      { class: 'hint rate-detail' },
      `${low.toFixed(1)} to ${high.toFixed(1)}, ${hits.toLocaleString('en-US')} of ${count(rate.n, 'image')}`,
    ),
  );
}

function incomplete(report: EvaluationReport): HTMLElement[] {
  if (report.complete) return [];
  const undefinedScores = report.models.reduce(
    (sum, model) => model.attacks.reduce((all, attack) => all + attack.undefined, sum + model.undefined),
    0,
  );
  const scores =
    undefinedScores === 0
      ? ''
      : ` ${plural(undefinedScores, 'prediction')} could not be made, because the scores were not numbers; they count as misses.`;
  return [
    notice(
      'warning',
      h(
        'p',
        {},
        h('strong', {}, 'Incomplete. '),
        `Not everything that should have been measured was.${scores} The files left out are listed below.`,
      ),
    ),
  ];
}

function howMeasured(report: EvaluationReport, names: readonly string[]): HTMLElement[] {
  const { data, attacks, models, seed } = report;
  return [
    h(
      'p',
      {},
      `${plural(data.used, 'image')} used of ${data.images.toLocaleString('en-US')} in `,
      nameOf(data.path),
      `; seed ${seed}.`,
    ),
    h(
      'ul',
      { class: 'plain-list' },
      ...attacks.map(({ name }) => h('li', {}, `${visible(name, 60)}: ${attackWords(report, name)}`)),
      ...models.map((model, at) =>
        h(
          'li',
          {},
          `${names[at]!}: ran on ${visible(model.device)}; ${describePreprocessing(model.preprocessing)} SHA-256 `,
          h('code', { class: 'hash' }, visible(model.sha256, 64)),
        ),
      ),
    ),
  ];
}
