import type { EvaluationReport, ModelEvaluation } from '../../../src/protocol/evaluation';
import { ALL_TO_ALL } from '../../../src/protocol/target';
import { h } from '../../dom/element';
import { fold } from '../../dom/fold';
import { SortableTable } from '../../dom/table';
import { classCounts, mostPredicted, type ClassCount } from '../../text/classes';
import { formatCount, formatPercent } from '../../text/format';
import type { Charts, ResultSpec } from './result-section';
import { attackWords, className, modelNames, resultOf } from './view';

const MOST_DRAWN = 30;

/** Which classes images go to, without the trigger and with it. */
export const destinationsSpec: ResultSpec = {
  id: 'destinations',
  heading: 'Where images go',
  label: 'Destinations',
  dependsOn: ['attack'],
  build: ({ report, attack }, charts) => {
    const names = modelNames(report);
    const most = Math.max(...report.models.flatMap((model) => shares(model, attack).flat()));
    return {
      aside: attack ?? '',
      children: [
        attack === null
          ? null
          : h(
              'p',
              { class: 'hint' },
              report.target === ALL_TO_ALL
                ? `${attackWords(report, attack)}. All-to-all: each class’s images are meant to go to the next class.`
                : `${attackWords(report, attack)}. Images of the target class are left out of those with the trigger.`,
            ),
        h(
          'p',
          { class: 'hint' },
          h('span', { class: 'key key-solid', attributes: { 'aria-hidden': 'true' } }),
          'without a trigger (solid) ',
          attack === null
            ? null
            : h('span', { class: 'key key-hatched', attributes: { 'aria-hidden': 'true' } }),
          attack === null ? null : 'with the trigger (hatched).',
        ),
        h(
          'div',
          { class: 'grid grid-wide' },
          ...report.models.map((_, at) => card(report, at, names[at]!, attack, most, charts)),
        ),
      ],
    };
  },
};

function card(
  report: EvaluationReport,
  at: number,
  name: string,
  attack: string | null,
  /** The largest share that any of the charts beside this one shows, in percent. */
  most: number,
  charts: Charts,
): HTMLElement {
  const model = report.models[at]!;
  const destinations = resultOf(model, attack)?.destinations ?? [];
  const counts = classCounts(model.predicted, destinations);
  const drawn = mostPredicted(counts, MOST_DRAWN);
  const [without, withTrigger] = [share(model.predicted), share(destinations)];
  const headingId = `destinations-${at}`;
  return h(
    'article',
    { class: 'card', attributes: { 'aria-labelledby': headingId } },
    h('div', { class: 'card-head' }, h('h3', { id: headingId }, name)),
    charts.paired(
      {
        labels: drawn.map(({ index }) => shortName(report, index, drawn.length)),
        titles: drawn.map(({ index }) => className(report, index)),
        first: { name: 'Without', values: drawn.map(({ original }) => without(original)) },
        second: { name: 'With', values: drawn.map(({ pruned }) => withTrigger(pruned)) },
        lines: () => [],
        max: Math.min(100, 10 * Math.ceil(most / 10)),
        format: formatPercent,
      },
      inWords(report, counts, without, withTrigger, attack !== null),
    ),
    h(
      'p',
      { class: 'hint' },
      drawn.length < counts.length
        ? `Percent of images; the ${MOST_DRAWN} largest are drawn.`
        : 'Percent of images.',
    ),
    fold('As a table', table(report, counts, without, withTrigger, attack !== null)),
  );
}

/** Percent that n is of all of `counts`. */
function share(counts: readonly number[]): (n: number) => number {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return (n) => (total === 0 ? 0 : (100 * n) / total);
}

/** Percent of images that go to each class, without the trigger and with it. */
function shares(model: ModelEvaluation, attack: string | null): [number[], number[]] {
  const destinations = resultOf(model, attack)?.destinations ?? [];
  return [model.predicted.map(share(model.predicted)), destinations.map(share(destinations))];
}

function shortName(report: EvaluationReport, index: number, drawn: number): string {
  return drawn <= 10 ? className(report, index) : String(index);
}

function inWords(
  report: EvaluationReport,
  counts: readonly ClassCount[],
  without: (n: number) => number,
  withTrigger: (n: number) => number,
  triggered: boolean,
): string {
  const top = (of: (row: ClassCount) => number): string => {
    const best = counts.reduce<ClassCount | null>((a, b) => (a === null || of(b) > of(a) ? b : a), null);
    return best === null ? 'nothing' : `${className(report, best.index)}, ${formatPercent(of(best))}`;
  };
  const plain = `Without a trigger most images go to ${top(({ original }) => without(original))}.`;
  return triggered ? `${plain} With it, to ${top(({ pruned }) => withTrigger(pruned))}.` : plain;
}

function table(
  report: EvaluationReport,
  counts: readonly ClassCount[],
  without: (n: number) => number,
  withTrigger: (n: number) => number,
  triggered: boolean,
): HTMLElement {
  const cell = (n: number, share: number): string => `${formatCount(n)} (${formatPercent(share)})`;
  const built = new SortableTable<ClassCount>({
    caption: 'Predictions per class',
    empty: 'No prediction was made.',
    columns: [
      {
        id: 'class',
        label: 'Class',
        value: ({ index }) => index,
        cell: ({ index }) => className(report, index),
      },
      {
        id: 'without',
        label: 'Without a trigger',
        numeric: true,
        value: ({ original }) => original,
        cell: ({ original }) => cell(original, without(original)),
      },
      ...(triggered
        ? [
            {
              id: 'with',
              label: 'With the trigger',
              numeric: true,
              value: ({ pruned }: ClassCount) => pruned,
              cell: ({ pruned }: ClassCount) => cell(pruned, withTrigger(pruned)),
            },
          ]
        : []),
    ],
  });
  built.update(counts);
  return built.element;
}
