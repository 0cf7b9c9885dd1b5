import type { CleansingDescription, CleansingRun } from '../../src/protocol/cleansing';
import { CurveView } from '../charts/curve-view';
import type { ChartGallery } from '../charts/lazy';
import { fill, h } from '../dom/element';
import { field, setChoices } from '../dom/field';
import { SortableTable, type Column } from '../dom/table';
import { formatPercent } from '../text/format';
import { curveOf, inWords, overEpochs } from './curves';
import { formatMeasure, studentAt, LOSS, measuresOf, watchedMeasures, type Measure } from './measures';
import { runNames, statusWord } from './run-words';

interface Named {
  readonly run: CleansingRun;
  readonly name: string;
}

/** Runs side by side: one measure over the epochs, and where each of them stands. */
export class Comparison {
  readonly element: HTMLElement;
  private readonly measure = h('select');
  private readonly curves: CurveView;
  private readonly tableBox = h('div');
  private table: { readonly columns: string; readonly of: SortableTable<Named> } | null = null;
  private shown: readonly Named[] = [];

  constructor(gallery: ChartGallery) {
    const measureField = field('compare-measure', 'Curve', this.measure);
    this.measure.addEventListener('change', () => {
      this.draw();
    });
    this.curves = new CurveView(gallery, 'Runs side by side', overEpochs([], LOSS, 1));
    this.element = h(
      'div',
      { class: 'comparison' },
      h('div', { class: 'actions add-line' }, measureField.element),
      this.curves.element,
      this.tableBox,
    );
  }

  update(runs: readonly CleansingRun[], description: CleansingDescription | null): void {
    const names = runNames(runs, description);
    this.shown = runs.map((run, at) => ({ run, name: names[at]! }));
    const measures = measuresOf(runs);
    const chosen = measures.some(({ id }) => id === this.measure.value) ? this.measure.value : LOSS.id;
    setChoices(
      this.measure,
      measures.map(({ id, label }) => [id, label] as const),
      chosen,
    );
    this.draw();
    const watched = watchedMeasures(runs);
    const columns = watched.map(({ id }) => id).join('\n');
    if (this.table?.columns !== columns) {
      this.table = { columns, of: comparisonTable(watched) };
      fill(this.tableBox, this.table.of.element);
    }
    this.table.of.update(this.shown);
  }

  private draw(): void {
    const runs = this.shown.map(({ run }) => run);
    const measure = measuresOf(runs).find(({ id }) => id === this.measure.value) ?? LOSS;
    const series = this.shown.map(({ run, name }, mark) => curveOf(run, measure, name, mark));
    const epochs = Math.max(1, ...runs.map(({ order }) => order.training.epochs));
    this.curves.update(overEpochs(series, measure, epochs), inWords(measure.label, series, measure));
  }
}

function comparisonTable(watched: readonly Measure[]): SortableTable<Named> {
  const last = (measure: Measure): Column<Named> => ({
    id: measure.id,
    label: measure.label,
    numeric: true,
    value: ({ run }) => studentAt(run, measure),
    cell: ({ run }) => {
      const teacher = measure.ofTeacher(run);
      const now = formatMeasure(measure, studentAt(run, measure));
      return teacher === null
        ? now
        : h(
            'span',
            {},
            now,
            h('span', { class: 'hint rate-detail' }, `teacher ${formatMeasure(measure, teacher)}`),
          );
    },
  });
  return new SortableTable<Named>({
    caption: 'Runs side by side, as their students stand',
    empty: 'Choose the runs to compare.',
    columns: [
      { id: 'run', label: 'Run', value: ({ name }) => name, cell: ({ name }) => name },
      {
        id: 'status',
        label: 'Status',
        value: ({ run }) => run.status,
        cell: ({ run }) => statusWord(run),
      },
      {
        id: 'redrawn',
        label: 'Re-drawn',
        numeric: true,
        value: ({ run }) => run.redrawn,
        cell: ({ run }) => formatPercent(100 * run.redrawn),
      },
      {
        id: 'epochs',
        label: 'Epochs',
        numeric: true,
        value: ({ run }) => run.history.length,
        cell: ({ run }) => `${run.history.length} of ${run.order.training.epochs}`,
      },
      last(LOSS),
      {
        id: 'agreement',
        label: 'Agreement',
        explanation: 'Of student and teacher on the images as they are, once a run is complete',
        numeric: true,
        value: ({ run }) => run.report?.agreement ?? null,
        cell: ({ run }) => formatMeasure({ unit: '%' }, run.report?.agreement ?? null),
      },
      ...watched.map(last),
      {
        id: 'seconds',
        label: 'Time',
        numeric: true,
        value: ({ run }) => secondsOf(run),
        cell: ({ run }) => `${Math.round(secondsOf(run))} s`,
      },
    ],
  });
}

function secondsOf({ history }: CleansingRun): number {
  return history.reduce((sum, { seconds }) => sum + seconds, 0);
}
