import type { ChartTheme } from '../../charts/theme';
import { LazyChart, type ChartGallery } from '../../charts/lazy';
import { PairedChart, type PairedData } from '../../charts/paired-chart';
import { XyChart, type XyData } from '../../charts/xy-chart';
import { fill, h, setText, type Child } from '../../dom/element';
import type { OpenMemory } from '../../dom/fold';
import { section, type Section } from '../../dom/section';
import type { ReportView } from './view';

interface Content {
  /** Stands after the heading. */
  readonly aside?: string;
  readonly children: readonly Child[];
}

/** A part of the report: what it shows of a view, and what of the view that depends on. */
export interface ResultSpec {
  readonly id: string;
  readonly heading: string;
  /** What the way to it is called. */
  readonly label: string;
  readonly dependsOn: readonly ('model' | 'attack')[];
  /** Builds the part; null where the report holds nothing for it. */
  readonly build: (view: ReportView, charts: Charts) => Content | null;
}

/** Where a part of the report puts its charts: each is drawn while it is in view, and given up with the part. */
export class Charts {
  private readonly gallery: ChartGallery;
  private readonly held: LazyChart<never>[] = [];

  constructor(gallery: ChartGallery) {
    this.gallery = gallery;
  }

  /** A chart of points and lines. `words` says what it shows to those who cannot see it. */
  xy(data: XyData, words: string, size = 'chart-wide'): HTMLElement {
    return this.place(
      words,
      size,
      () => data,
      (canvas, of, theme) => new XyChart(canvas, of, theme),
    );
  }

  /** A chart of two series of bars. */
  paired(data: PairedData, words: string, size = ''): HTMLElement {
    return this.place(
      words,
      size,
      () => data,
      (canvas, of, theme) => new PairedChart(canvas, of, theme),
    );
  }

  clear(): void {
    for (const chart of this.held.splice(0)) this.gallery.remove(chart);
  }

  private place<Data>(
    words: string,
    size: string,
    data: () => Data,
    draw: (
      canvas: HTMLCanvasElement,
      data: Data,
      theme: ChartTheme,
    ) => { update(data: Data): void; destroy(): void },
  ): HTMLElement {
    const canvas = h('canvas', { attributes: { role: 'img', 'aria-label': words } });
    const box = h('div', { class: `chart ${size}` }, canvas);
    const chart = new LazyChart(canvas, data, draw);
    this.held.push(chart as unknown as LazyChart<never>);
    this.gallery.add(chart);
    return box;
  }
}

/** A section of the page that shows one part of the report, made again when what it depends on changes. */
export class ResultSection {
  readonly section: Section;
  readonly element: HTMLElement;
  readonly label: string;
  private readonly spec: ResultSpec;
  private readonly charts: Charts;
  private shown: ReportView | null = null;

  constructor(spec: ResultSpec, memory: OpenMemory, gallery: ChartGallery) {
    this.spec = spec;
    this.label = spec.label;
    this.charts = new Charts(gallery);
    this.section = section({ id: spec.id, heading: spec.heading, memory });
    this.element = this.section.element;
    this.element.hidden = true;
  }

  update(view: ReportView | null): void {
    const before = this.shown;
    if (view === before) return;
    this.shown = view;
    const same =
      view !== null &&
      before?.report === view.report &&
      this.spec.dependsOn.every((part) => before[part] === view[part]);
    if (same) return;
    this.charts.clear();
    const content = view === null ? null : this.spec.build(view, this.charts);
    this.element.hidden = content === null;
    fill(this.section.body, ...(content?.children ?? []));
    setText(this.section.aside, content?.aside ?? '');
  }
}
