import type { Embedding, EvaluationReport } from '../../../src/protocol/evaluation';
import { legend } from '../../charts/legend';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { SortableTable } from '../../dom/table';
import { formatCount, formatPercent, formatStatistic, plural } from '../../text/format';
import type { Charts, ResultSpec } from './result-section';
import { className, modelNames, predictionName, targetName, targetOf } from './view';

type Point = Embedding['points'][number];
const PLAIN = { name: 'without a trigger', mark: 0, hollow: true } as const;
const TRIGGERED = { name: 'with the trigger', mark: 1 } as const;

/** Penultimate features of images without and with the trigger, laid out in the plane, model by model. */
export const embeddingSpec: ResultSpec = {
  id: 'embedding',
  heading: 'Features with and without the trigger',
  label: 'Features',
  dependsOn: ['attack'],
  build: ({ report, attack }, charts) => {
    const names = modelNames(report);
    const cards = report.models.flatMap(({ embeddings }, at) => {
      const embedding = embeddings.find((one) => one.attack === attack);
      return embedding === undefined ? [] : [card(report, embedding, names[at]!, at, charts)];
    });
    if (cards.length === 0) return null;
    return {
      aside: plural(cards.length, 'model'),
      children: [
        h(
          'p',
          { class: 'hint' },
          'What reaches the last layer, in the plane. A backdoor draws triggered images of all classes into one cluster; ' +
            'without one they stay with their own. Only neighbourhoods mean something: not axes, not distances between clusters.',
        ),
        legend([PLAIN, TRIGGERED]),
        h('div', { class: 'grid grid-wide' }, ...cards),
      ],
    };
  },
};

function card(
  report: EvaluationReport,
  { method, features, points }: Embedding,
  name: string,
  at: number,
  charts: Charts,
): HTMLElement {
  const drawn = (triggered: boolean) =>
    points
      .filter((point) => point.triggered === triggered)
      .map(({ x, y, label, predicted }) => ({
        x,
        y,
        title: `${className(report, label)} → ${predictionName(report, predicted)}`,
      }));
  const headingId = `embedding-${at}`;
  return h(
    'article',
    { class: 'card', attributes: { 'aria-labelledby': headingId } },
    h(
      'div',
      { class: 'card-head' },
      h('h3', { id: headingId }, name),
      h('span', { class: 'pill' }, `${method.toUpperCase()} of ${plural(features, 'feature')}`),
    ),
    charts.xy(
      {
        x: { label: '', bare: true },
        y: { label: '', bare: true },
        series: [
          { ...PLAIN, dash: null, size: 3, points: drawn(false) },
          { ...TRIGGERED, dash: null, size: 3, points: drawn(true) },
        ],
        format: () => '',
      },
      inWords(report, points, name),
      'chart-plane',
    ),
    fold('Points as a table', table(report, points)),
  );
}

/** What the picture shows, by the predictions that the clusters stand for. */
function inWords(report: EvaluationReport, points: readonly Point[], name: string): string {
  const triggered = points.filter((point) => point.triggered);
  const there = triggered.filter(
    ({ predicted, label }) => predicted !== null && predicted === targetOf(report, label),
  ).length;
  const share = triggered.length === 0 ? 0 : (100 * there) / triggered.length;
  const to =
    report.target === null
      ? ''
      : ` ${formatPercent(share)} of the triggered ones are predicted as ${targetName(report)}.`;
  return `Features of ${name}: ${formatCount(points.length - triggered.length)} images without and ${formatCount(triggered.length)} with the trigger.${to}`;
}

function table(report: EvaluationReport, points: readonly Point[]): HTMLElement {
  const built = new SortableTable<Point>({
    caption: 'Images in the plane',
    empty: 'There is no image.',
    columns: [
      {
        id: 'label',
        label: 'True class',
        value: ({ label }) => label,
        cell: ({ label }) => className(report, label),
      },
      {
        id: 'predicted',
        label: 'Predicted',
        value: ({ predicted }) => predicted,
        cell: ({ predicted }) => predictionName(report, predicted),
      },
      {
        id: 'triggered',
        label: 'Trigger',
        value: ({ triggered }) => Number(triggered),
        cell: ({ triggered }) => (triggered ? 'with' : 'without'),
      },
      { id: 'x', label: 'x', numeric: true, value: ({ x }) => x, cell: ({ x }) => formatStatistic(x) },
      { id: 'y', label: 'y', numeric: true, value: ({ y }) => y, cell: ({ y }) => formatStatistic(y) },
    ],
  });
  built.update(points);
  return built.element;
}
