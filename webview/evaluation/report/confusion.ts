import type { EvaluationReport } from '../../../src/protocol/evaluation';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { SortableTable } from '../../dom/table';
import { formatCount, formatPercent } from '../../text/format';
import type { ResultSpec } from './result-section';
import { classCount, className, modelNames, modelOf } from './view';

/** Classes up to which the whole matrix is a table that can be read. */
const MOST_CLASSES = 32;
/** Shades above none; the number in each cell says the same. */
const SHADES = 5;

interface Confused {
  readonly actual: number;
  readonly predicted: number;
  readonly n: number;
  /** Of the images of the true class. */
  readonly share: number;
}

/** What images of each class are taken for, as a table that is shaded and says its numbers. */
export const confusionSpec: ResultSpec = {
  id: 'confusion',
  heading: 'Confusion matrix',
  label: 'Confusion',
  dependsOn: ['model'],
  build: (view) => {
    const model = modelOf(view);
    if (model === undefined || model.confusion.length === 0) return null;
    const { report } = view;
    const totals = new Map<number, number>();
    for (const [actual, , n] of model.confusion) totals.set(actual, (totals.get(actual) ?? 0) + n);
    const mistakes = model.confusion
      .filter(([actual, predicted]) => actual !== predicted)
      .map(([actual, predicted, n]) => ({ actual, predicted, n, share: n / totals.get(actual)! }));
    const classes = classCount(report);
    const list = mistakeTable(report, mistakes);
    return {
      aside: modelNames(report)[view.model] ?? '',
      children: [
        h(
          'p',
          { class: 'hint' },
          'Images without a trigger: a row is the true class, a column what it was taken for. The stronger the shade, the larger the share of the row.',
        ),
        ...(classes <= MOST_CLASSES
          ? [matrix(report, model.confusion, totals, classes), fold('Mistakes as a list', list)]
          : [list]),
      ],
    };
  },
};

function matrix(
  report: EvaluationReport,
  confusion: readonly (readonly [number, number, number])[],
  totals: ReadonlyMap<number, number>,
  classes: number,
): HTMLElement {
  const counts = new Map(confusion.map(([actual, predicted, n]) => [actual * classes + predicted, n]));
  const all = Array.from({ length: classes }, (_, index) => index);
  const head = h(
    'tr',
    {},
    h('td', { class: 'corner' }, 'true \\ predicted'),
    ...all.map((index) =>
      h('th', { attributes: { scope: 'col' } }, h('span', { class: 'upright' }, className(report, index))),
    ),
  );
  const rows = all.map((actual) => {
    const total = totals.get(actual) ?? 0;
    const cells = all.map((predicted) => {
      const n = counts.get(actual * classes + predicted) ?? 0;
      const share = total === 0 ? 0 : n / total;
      const shade = n === 0 ? 0 : Math.max(1, Math.ceil(share * SHADES));
      return h(
        'td',
        {
          class: `numeric shade-${shade}${actual === predicted ? ' is-right' : ''}`,
          title: `${className(report, actual)} taken for ${className(report, predicted)}: ${formatCount(n)} (${formatPercent(100 * share)})`,
        },
        formatCount(n),
      );
    });
    return h('tr', {}, h('th', { attributes: { scope: 'row' } }, className(report, actual)), ...cells);
  });
  return h(
    'div',
    {
      class: 'table-scroller matrix',
      attributes: { tabindex: '0', role: 'region', 'aria-label': 'Confusion matrix, scrollable' },
    },
    h(
      'table',
      {},
      h(
        'caption',
        { class: 'visually-hidden' },
        'Confusion matrix: rows are true classes, columns predictions',
      ),
      h('thead', {}, head),
      h('tbody', {}, ...rows),
    ),
  );
}

function mistakeTable(report: EvaluationReport, mistakes: readonly Confused[]): HTMLElement {
  const table = new SortableTable<Confused>({
    caption: 'Mistakes',
    empty: 'There was no mistake.',
    sort: { column: 'n', direction: 'descending' },
    columns: [
      {
        id: 'actual',
        label: 'True class',
        value: ({ actual }) => actual,
        cell: ({ actual }) => className(report, actual),
      },
      {
        id: 'predicted',
        label: 'Taken for',
        value: ({ predicted }) => predicted,
        cell: ({ predicted }) => className(report, predicted),
      },
      { id: 'n', label: 'Images', numeric: true, value: ({ n }) => n, cell: ({ n }) => formatCount(n) },
      {
        id: 'share',
        label: 'Of the class',
        numeric: true,
        value: ({ share }) => share,
        cell: ({ share }) => formatPercent(100 * share),
      },
    ],
  });
  table.update(mistakes);
  return table.element;
}
