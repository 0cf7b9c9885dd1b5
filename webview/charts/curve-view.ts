import { fill, h } from '../dom/element';
import { fold } from '../dom/fold';
import { SortableTable } from '../dom/table';
import { LazyChart, type ChartGallery } from './lazy';
import { legend } from './legend';
import { XyChart } from './xy-chart';
import type { XyCurves, XyPoint } from './xy-data';

interface Row {
  readonly curve: string;
  readonly point: XyPoint;
}

/** A chart of curves that grow, under its heading, with its legend and its table twin. */
export class CurveView {
  readonly element: HTMLElement;
  private readonly chart: LazyChart<XyCurves>;
  private readonly canvas = h('canvas', { attributes: { role: 'img' } });
  private readonly key = h('div');
  private readonly twin = fold('Points as a table');
  private table: SortableTable<Row> | null = null;
  private keyed = '';
  private data: XyCurves;

  constructor(gallery: ChartGallery, heading: string, data: XyCurves) {
    this.data = data;
    this.chart = new LazyChart(
      this.canvas,
      () => this.data,
      (canvas, of, theme) => new XyChart(canvas, of, theme),
    );
    this.twin.addEventListener('toggle', () => {
      this.fillTable(heading);
    });
    this.element = h(
      'div',
      { class: 'curve' },
      h('h3', {}, heading),
      h('div', { class: 'chart chart-tall' }, this.canvas),
      this.key,
      this.twin,
    );
    gallery.add(this.chart);
  }

  /** @param words what the curves show, for those who cannot see them */
  update(data: XyCurves, words: string): void {
    this.data = data;
    this.canvas.setAttribute('aria-label', words);
    const keyed = JSON.stringify(data.series.map(({ name, mark, hollow }) => [name, mark, hollow]));
    if (keyed !== this.keyed) fill(this.key, data.series.length > 1 ? legend(data.series) : null);
    this.keyed = keyed;
    this.chart.update();
    if (this.twin.open) this.table?.update(this.rows());
  }

  private fillTable(heading: string): void {
    if (!this.twin.open) return;
    if (this.table === null) {
      this.table = new SortableTable<Row>({
        caption: `${heading}: points`,
        empty: 'There is nothing to draw yet.',
        columns: [
          { id: 'curve', label: 'Curve', value: ({ curve }) => curve, cell: ({ curve }) => curve },
          { id: 'at', label: 'At', value: ({ point }) => point.x, cell: ({ point }) => point.title },
          {
            id: 'value',
            label: 'Value',
            numeric: true,
            value: ({ point }) => point.y,
            cell: ({ point }) => this.data.format(point),
          },
        ],
      });
      this.twin.append(this.table.element);
    }
    this.table.update(this.rows());
  }

  private rows(): Row[] {
    return this.data.series.flatMap(({ name, points }) => points.map((point) => ({ curve: name, point })));
  }
}
