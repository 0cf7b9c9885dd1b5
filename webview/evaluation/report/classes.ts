import { legend } from '../../charts/legend';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { SortableTable, type Column } from '../../dom/table';
import { formatCount, formatPercent, plural } from '../../text/format';
import type { ResultSpec } from './result-section';
import { className, modelNames } from './view';

interface ClassRow {
  readonly index: number;
  readonly n: number;
  /** Correct predictions, one a model. */
  readonly correct: readonly number[];
}

/** Classes drawn: a chart of 1000 says nothing, the table has them all. */
const MOST_DRAWN = 60;
const APART = 0.16;

/** Accuracy of every model on the images of each class. */
export const classesSpec: ResultSpec = {
  id: 'classes',
  heading: 'Accuracy per class',
  label: 'Classes',
  dependsOn: [],
  build: ({ report }, charts) => {
    const [first] = report.models;
    if (first === undefined || first.perClass.length === 0) return null;
    const rows = first.perClass.map(({ n }, index) => ({
      index,
      n,
      correct: report.models.map(({ perClass }) => perClass[index]?.correct ?? 0),
    }));
    const drawn = rows.slice(0, MOST_DRAWN);
    const names = modelNames(report);
    const series = names.map((name, at) => ({
      name,
      mark: at,
      dash: null,
      size: 5,
      points: drawn.flatMap(({ index, n, correct }) =>
        n === 0
          ? []
          : [
              {
                x: index + (at - (names.length - 1) / 2) * APART,
                y: (100 * correct[at]!) / n,
                title: className(report, index),
              },
            ],
      ),
    }));
    const worst = names.map((name, at) => worstWords(name, rows, at, (index) => className(report, index)));
    const few = drawn.length <= 12;
    return {
      aside: plural(rows.length, 'class', 'classes'),
      children: [
        charts.xy(
          {
            x: {
              label: few ? '' : 'Class number',
              names: drawn.map(({ index }) => (few ? className(report, index) : String(index))),
            },
            y: { label: '% right', min: 0, max: 100 },
            series,
            format: ({ y }) => formatPercent(y),
          },
          `Accuracy per class. ${worst.join(' ')}`,
        ),
        legend(series),
        rows.length > drawn.length
          ? h(
              'p',
              { class: 'hint' },
              `The first ${MOST_DRAWN} of ${plural(rows.length, 'class', 'classes')} are drawn.`,
            )
          : null,
        fold(
          'Accuracy per class as a table',
          table(rows, names, (index) => className(report, index)),
        ),
      ],
    };
  },
};

function worstWords(
  name: string,
  rows: readonly ClassRow[],
  at: number,
  nameClass: (index: number) => string,
): string {
  const share = ({ correct, n }: ClassRow): number => correct[at]! / n;
  const counted = rows.filter(({ n }) => n > 0);
  const worst = counted.reduce<ClassRow | null>((a, b) => (a === null || share(b) < share(a) ? b : a), null);
  return worst === null
    ? ''
    : `${name} is right least often on ${nameClass(worst.index)}, ${formatPercent(100 * share(worst))}.`;
}

function table(
  rows: readonly ClassRow[],
  names: readonly string[],
  nameClass: (index: number) => string,
): HTMLElement {
  const columns: Column<ClassRow>[] = names.map((name, at) => ({
    id: `model-${at}`,
    label: name,
    numeric: true,
    value: ({ correct, n }) => (n === 0 ? null : correct[at]! / n),
    cell: ({ correct, n }) =>
      n === 0 ? '–' : `${formatPercent((100 * correct[at]!) / n)} (${formatCount(correct[at]!)})`,
  }));
  const built = new SortableTable<ClassRow>({
    caption: 'Accuracy per class',
    empty: 'There are no classes.',
    columns: [
      { id: 'class', label: 'Class', value: ({ index }) => index, cell: ({ index }) => nameClass(index) },
      { id: 'n', label: 'Images', numeric: true, value: ({ n }) => n, cell: ({ n }) => formatCount(n) },
      ...columns,
    ],
  });
  built.update(rows);
  return built.element;
}
