import { fill, h } from '../dom/element';
import { LazyChart, type ChartGallery } from './lazy';
import { legend } from './legend';
import { XyChart } from './xy-chart';
import type { XyCurves } from './xy-data';

/** A chart of curves that grow, under its heading, with its legend. Its table twin is its user's to give. */
export class CurveView {
  readonly element: HTMLElement;
  private readonly chart: LazyChart<XyCurves>;
  private readonly canvas = h('canvas', { attributes: { role: 'img' } });
  private readonly key = h('div');
  private keyed = '';
  private data: XyCurves;

  constructor(gallery: ChartGallery, heading: string, data: XyCurves) {
    this.data = data;
    this.chart = new LazyChart(
      this.canvas,
      () => this.data,
      (canvas, of, theme) => new XyChart(canvas, of, theme),
    );
    this.element = h(
      'div',
      { class: 'curve' },
      h('h3', {}, heading),
      h('div', { class: 'chart chart-tall' }, this.canvas),
      this.key,
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
  }
}
