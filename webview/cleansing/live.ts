import type { CleanseEpoch } from '../../src/protocol/cleanse';
import type { CleansingRun, StepPoint } from '../../src/protocol/cleansing';
import { CurveView } from '../charts/curve-view';
import type { ChartGallery } from '../charts/lazy';
import { fill, h, setText } from '../dom/element';
import { fold } from '../dom/fold';
import type { SortableTable } from '../dom/table';
import { curveOf, inWords, lossCurves, overEpochs } from './curves';
import { epochTable } from './epoch-table';
import { AGREEMENT, formatMeasure, LOSS, TEMPERATURE, watchedMeasures } from './measures';

const PERCENT = { label: '%', unit: '%' } as const;

/** The curves of one run as they grow: loss, agreement and what is watched, temperature; and their table. */
export class Live {
  readonly element: HTMLElement;
  private readonly loss: CurveView;
  private readonly rates: CurveView;
  private readonly temperature: CurveView;
  private readonly teacher = h('p', { class: 'hint' });
  private readonly twin = fold('Epochs as a table');
  private table: { readonly columns: string; readonly of: SortableTable<CleanseEpoch> } | null = null;

  constructor(gallery: ChartGallery) {
    this.loss = new CurveView(gallery, 'Loss', overEpochs([], LOSS, 1));
    this.rates = new CurveView(gallery, 'Agreement and what is watched', overEpochs([], PERCENT, 1));
    this.temperature = new CurveView(gallery, 'Temperature', overEpochs([], TEMPERATURE, 1));
    this.element = h(
      'div',
      {},
      h('div', { class: 'grid' }, this.loss.element, this.rates.element, this.temperature.element),
      this.teacher,
      this.twin,
    );
  }

  update(run: CleansingRun, steps: readonly StepPoint[]): void {
    const { epochs } = run.order.training;
    const watched = watchedMeasures([run]);
    const loss = lossCurves(run, steps);
    this.loss.update(overEpochs(loss, LOSS, epochs), inWords('Loss', loss, LOSS));
    const rates = [AGREEMENT, ...watched].map((measure, mark) => curveOf(run, measure, measure.label, mark));
    this.rates.update(
      overEpochs(rates, PERCENT, epochs),
      inWords('Agreement and what is watched', rates, PERCENT),
    );
    const temperature = [curveOf(run, TEMPERATURE, TEMPERATURE.label, 0)];
    this.temperature.update(
      overEpochs(temperature, TEMPERATURE, epochs),
      inWords('Temperature', temperature, TEMPERATURE),
    );
    const teacher = watched.flatMap((measure) => {
      const rate = measure.ofTeacher(run);
      return rate === null ? [] : [`${measure.label} ${formatMeasure(measure, rate)}`];
    });
    setText(this.teacher, teacher.length === 0 ? '' : `The teacher: ${teacher.join(', ')}.`);
    const columns = [run.id, ...watched.map(({ id }) => id)].join('\n');
    if (this.table?.columns !== columns) {
      this.table = { columns, of: epochTable(run) };
      const [summary] = this.twin.children;
      fill(this.twin, summary!, this.table.of.element);
    } else this.table.of.update(run.history);
  }
}
