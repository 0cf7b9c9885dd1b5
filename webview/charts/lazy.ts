import { followTheme, readTheme, type ChartTheme } from './theme';

interface Drawn<Data> {
  update(data: Data): void;
  destroy(): void;
}
type Draw<Data> = (canvas: HTMLCanvasElement, data: Data, theme: ChartTheme) => Drawn<Data>;

/**
 * A chart that is drawn while it is near the viewport and given up when it is far away: a DenseNet has 120 of them.
 * The canvas's box keeps its height, so that the page does not jump.
 */
export class LazyChart<Data> {
  readonly canvas: HTMLCanvasElement;
  private readonly draw: Draw<Data>;
  private readonly data: () => Data;
  private drawn: Drawn<Data> | null = null;

  /** `data` is asked for what is to be drawn, and only while it is drawn. */
  constructor(canvas: HTMLCanvasElement, data: () => Data, draw: Draw<Data>) {
    this.canvas = canvas;
    this.data = data;
    this.draw = draw;
  }

  get visible(): boolean {
    return this.drawn !== null;
  }

  update(): void {
    this.drawn?.update(this.data());
  }

  show(theme: ChartTheme): void {
    this.drawn ??= this.draw(this.canvas, this.data(), theme);
  }

  hide(): void {
    this.drawn?.destroy();
    this.drawn = null;
  }
}

type AnyChart = Pick<LazyChart<never>, 'canvas' | 'visible' | 'show' | 'hide'>;

/** Distance from the viewport at which charts are drawn. */
const MARGIN = '400px 0px';

/** Watches charts come and go, and redraws those in view when the theme changes. */
export class ChartGallery {
  private readonly charts = new Map<Element, AnyChart>();
  private readonly observer: IntersectionObserver;
  private theme: ChartTheme;

  constructor() {
    this.theme = readTheme();
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const chart = this.charts.get(entry.target);
          if (entry.isIntersecting) chart?.show(this.theme);
          else chart?.hide();
        }
      },
      { rootMargin: MARGIN },
    );
    followTheme(() => {
      this.theme = readTheme();
      for (const chart of this.charts.values()) {
        if (!chart.visible) continue;
        chart.hide();
        chart.show(this.theme);
      }
    });
  }

  add(chart: AnyChart): void {
    const box = chart.canvas.parentElement ?? chart.canvas;
    this.charts.set(box, chart);
    this.observer.observe(box);
  }

  remove(chart: AnyChart): void {
    const box = chart.canvas.parentElement ?? chart.canvas;
    this.observer.unobserve(box);
    this.charts.delete(box);
    chart.hide();
  }
}
