import { HistogramChart } from '../charts/histogram-chart';
import { LazyChart } from '../charts/lazy';
import { h, setText } from '../dom/element';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import type { SortableTable } from '../dom/table';
import type { AuditAtU, LayerAtU } from '../scan/at-u';
import { binTable } from '../scan/bin-table';
import { splitBins, type Bin } from '../scan/bins';
import { describeLayer, histogramOf, type HistogramData } from '../scan/layer-chart';
import { formatKernel, formatU, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';

/** One layer: heading, histogram, a note where nothing can be flagged, and the histogram's table twin. */
export class LayerCard {
  readonly element: HTMLElement;
  readonly chart: LazyChart<HistogramData>;
  private readonly count = h('span', { class: 'pill' });
  private readonly note = h('p', { class: 'hint' });
  private readonly canvas = h('canvas', { attributes: { role: 'img' } });
  private readonly bins: HTMLDetailsElement;
  private table: SortableTable<Bin> | null = null;
  private layer: LayerAtU;

  constructor(layer: LayerAtU, headingId: string) {
    this.layer = layer;
    this.chart = new LazyChart(
      this.canvas,
      () => histogramOf(this.layer),
      (canvas, data, theme) => new HistogramChart(canvas, data, theme),
    );
    this.bins = fold('Bins as a table');
    this.bins.addEventListener('toggle', () => {
      this.showBins();
    });
    const { operator, kernel, groups, channels, reason } = layer.layer;
    const shape = [
      visible(operator),
      formatKernel(kernel),
      ...(groups === 1 ? [] : [plural(groups, 'group')]),
      plural(channels, 'channel'),
    ].join(' · ');
    this.element = h(
      'article',
      { class: 'card', attributes: { 'aria-labelledby': headingId } },
      h('div', { class: 'card-head' }, h('h3', { id: headingId }, nameOf(layer.layer.name)), this.count),
      h('p', { class: 'hint' }, shape),
      h('div', { class: 'chart' }, this.canvas),
      this.note,
      reason === undefined ? null : h('p', { class: 'hint' }, nameOf(reason)),
      this.bins,
    );
  }

  get hasOutliers(): boolean {
    return this.layer.outliers.length > 0;
  }

  update(layer: LayerAtU, view: AuditAtU): void {
    this.layer = layer;
    this.chart.update();
    this.canvas.setAttribute('aria-label', describeLayer(layer, view.u));
    setText(this.count, plural(layer.outliers.length, 'outlier'));
    this.count.classList.toggle('pill-outliers', layer.outliers.length > 0);
    this.note.hidden = !layer.unreachable;
    setText(
      this.note,
      layer.unreachable
        ? `${plural(layer.layer.channels, 'channel')}: too few for any to be flagged at u = ${formatU(view.u)}.`
        : '',
    );
    this.showBins();
  }

  private showBins(): void {
    if (!this.bins.open) return;
    if (this.table === null) {
      this.table = binTable<Bin>(`Bins of the histogram of ${visible(this.layer.layer.name)}`, [
        { id: 'count', label: 'Channels', value: ({ count }) => count },
        { id: 'outliers', label: 'Outliers', value: ({ outliers }) => outliers },
      ]);
      this.bins.append(this.table.element);
    }
    this.table.update(splitBins(this.layer.histogram, this.layer.outliers));
  }
}
