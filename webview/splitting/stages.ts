import type { LossHistogram, SplitEpoch, SplitSettings } from '../../src/protocol/split';
import { CurveView } from '../charts/curve-view';
import { LazyChart, type ChartGallery } from '../charts/lazy';
import { PairedChart, type PairedData } from '../charts/paired-chart';
import type { XyCurves, XySeries } from '../charts/xy-data';
import { h, setText } from '../dom/element';
import { fold, type OpenMemory } from '../dom/fold';
import { section } from '../dom/section';
import { SortableTable } from '../dom/table';
import { formatCount, formatPercent, formatStatistic, plural } from '../text/format';
import { reportOf, type Part, type SplittingState } from './state';

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly clean: number;
  readonly polluted: number;
}

/** A curve over the epochs. */
interface Measure {
  readonly name: string;
  readonly of: (epoch: SplitEpoch) => number | null;
}
const POOLS: readonly Measure[] = [
  { name: 'Clean pool', of: ({ clean }) => clean },
  { name: 'Polluted pool', of: ({ polluted }) => polluted },
];
const LOSSES: readonly Measure[] = [
  { name: 'MixMatch', of: ({ loss }) => loss },
  { name: 'Split loss, clean pool', of: ({ split }) => split?.cleanLoss ?? null },
  { name: 'Split loss, polluted pool', of: ({ split }) => split?.pollutedLoss ?? null },
];
const RATES: readonly Measure[] = [
  { name: 'ACC', of: ({ monitored }) => monitored?.acc ?? null },
  { name: 'ASR', of: ({ monitored }) => monitored?.asr ?? null },
  { name: 'RA', of: ({ monitored }) => monitored?.ra ?? null },
];
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3]];
const EMPTY: LossHistogram = { edges: [], clean: [], polluted: [] };

/** The three stages as they go on: pool sizes, losses, rates, and the split losses of both pools at any epoch. */
export class Stages implements Part {
  readonly element: HTMLElement;
  private readonly stage = h('p');
  private readonly pools: CurveView;
  private readonly losses: CurveView;
  private readonly rates: CurveView;
  private readonly slider = h('input', {
    id: 'histogram-epoch',
    attributes: { type: 'range', min: '1', max: '1', step: '1' },
  });
  private readonly which = h('p', { class: 'hint' });
  private readonly canvas = h('canvas', { attributes: { role: 'img' } });
  private readonly box = h('div', { class: 'chart chart-tall' }, this.canvas);
  private readonly gallery: ChartGallery;
  private chart: LazyChart<PairedData> | null = null;
  private bins: readonly Bin[] = [];
  private readonly table: SortableTable<Bin>;
  private readonly epochs: SortableTable<SplitEpoch>;
  private history: readonly SplitEpoch[] = [];
  /** True until the user moves the slider: the latest epoch is shown. */
  private following = true;

  constructor(memory: OpenMemory, gallery: ChartGallery) {
    this.gallery = gallery;
    this.pools = new CurveView(gallery, 'Size of the pools', curves(POOLS, [], 1, 'images'));
    this.losses = new CurveView(gallery, 'Losses', curves(LOSSES, [], 1, 'loss'));
    this.rates = new CurveView(gallery, 'On test images', curves(RATES, [], 1, '%'));
    this.slider.addEventListener('input', () => {
      this.following = this.slider.valueAsNumber === this.history.length;
      this.showHistogram();
    });
    const count = (id: 'clean' | 'polluted', label: string) => ({
      id,
      label,
      numeric: true,
      value: (bin: Bin) => bin[id],
      cell: (bin: Bin) => formatCount(bin[id]),
    });
    const edge = (id: 'from' | 'to', label: string) => ({
      id,
      label,
      numeric: true,
      value: (bin: Bin) => bin[id],
      cell: (bin: Bin) => formatStatistic(bin[id]),
    });
    this.table = new SortableTable<Bin>({
      caption: 'Split losses of both pools',
      empty: 'There are no split losses at this epoch.',
      columns: [
        edge('from', 'From'),
        edge('to', 'To'),
        count('clean', 'Clean pool'),
        count('polluted', 'Polluted pool'),
      ],
    });
    this.epochs = epochTable();
    this.element = section(
      { id: 'stages', heading: 'Stages', memory },
      this.stage,
      h('div', { class: 'grid' }, this.pools.element, this.losses.element, this.rates.element),
      h('h3', {}, 'Split losses of the two pools'),
      h(
        'div',
        { class: 'split-epoch' },
        h('label', { attributes: { for: 'histogram-epoch' } }, 'At the beginning of epoch'),
        this.slider,
      ),
      this.which,
      this.box,
      h(
        'p',
        { class: 'hint' },
        'Solid: clean pool, whose labels are learnt. Hatched: polluted pool, whose labels are dropped.',
      ),
      fold('Histogram as a table', this.table.element),
      fold('Epochs as a table', this.epochs.element),
    ).element;
  }

  update(state: SplittingState, before: SplittingState | null): void {
    const { history, plan } = state;
    this.element.hidden = history.length === 0 && state.job.state.state !== 'running';
    if (history === before?.history && plan === before.plan && state.found === before.found) return;
    const settings = reportOf(state)?.settings ?? plan?.settings;
    if (settings === undefined) return;
    this.history = history;
    const total = totalOf(settings);
    setText(this.stage, stageInWords(history, settings));
    const show = (view: CurveView, heading: string, measures: readonly Measure[], unit: string): void => {
      const data = curves(measures, history, total, unit);
      view.update(data, inWords(heading, data));
    };
    show(this.pools, 'Size of the pools', POOLS, 'images');
    show(this.losses, 'Losses', LOSSES, 'loss');
    show(this.rates, 'On test images', RATES, '%');
    this.rates.element.hidden = !history.some(({ monitored }) => monitored !== null);
    this.epochs.update(history);
    this.slider.max = String(Math.max(1, history.length));
    this.slider.disabled = history.length < 2;
    if (this.following || this.slider.valueAsNumber > history.length) this.slider.value = this.slider.max;
    this.showHistogram();
  }

  private showHistogram(): void {
    const epoch = this.history[this.slider.valueAsNumber - 1];
    const histogram = epoch?.split?.histogram ?? EMPTY;
    const bins = binsOf(histogram);
    const changed =
      bins.length !== this.bins.length || bins.some(({ from }, i) => from !== this.bins[i]!.from);
    this.bins = bins;
    this.slider.setAttribute(
      'aria-valuetext',
      epoch === undefined ? '' : `Epoch ${epoch.epoch}, ${epoch.stage}`,
    );
    const words =
      epoch === undefined
        ? 'No epoch has ended yet.'
        : epoch.split === null
          ? `Epoch ${epoch.epoch}, ${epoch.stage}: the clean pool is the ${plural(epoch.clean, 'seed')}; no losses were needed.`
          : `Epoch ${epoch.epoch}, ${epoch.stage}: mean split loss ${mean(epoch.split.cleanLoss)} in the clean pool (${plural(epoch.clean, 'image')}), ${mean(epoch.split.pollutedLoss)} in the polluted pool (${plural(epoch.polluted, 'image')}).`;
    setText(this.which, words);
    this.canvas.setAttribute('aria-label', `Histogram of split losses. ${words}`);
    this.box.hidden = bins.length === 0;
    this.table.update(bins);
    // Other bins are other categories: the chart is made anew.
    if (changed && this.chart !== null) {
      this.gallery.remove(this.chart);
      this.chart = null;
    }
    if (bins.length === 0) return;
    if (this.chart === null) {
      this.chart = new LazyChart(
        this.canvas,
        () => paired(this.bins),
        (canvas, of, theme) => new PairedChart(canvas, of, theme),
      );
      this.gallery.add(this.chart);
    } else this.chart.update();
  }
}

function binsOf({ edges, clean, polluted }: LossHistogram): Bin[] {
  return clean.map((count, i) => ({
    from: edges[i]!,
    to: edges[i + 1]!,
    clean: count,
    polluted: polluted[i] ?? 0,
  }));
}

function paired(bins: readonly Bin[]): PairedData {
  return {
    labels: bins.map(({ from }) => from.toPrecision(2)),
    titles: bins.map(({ from, to }) => `Split loss ${formatStatistic(from)} – ${formatStatistic(to)}`),
    first: { name: 'Clean pool', values: bins.map(({ clean }) => clean) },
    second: { name: 'Polluted pool', values: bins.map(({ polluted }) => polluted) },
    lines: () => [],
  };
}

function mean(loss: number | null): string {
  return loss === null ? '–' : formatStatistic(loss);
}

function totalOf({ epochs }: SplitSettings): number {
  return Object.values(epochs).reduce((sum, each) => sum + each, 0);
}

/** Where a run stands among its three stages. */
export function stageInWords(history: readonly SplitEpoch[], settings: SplitSettings): string {
  const total = totalOf(settings);
  const { epochs } = settings;
  const plan = `${epochs['class-aware']} class-aware, ${epochs['class-agnostic']} class-agnostic, ${epochs['meta-split']} meta-split`;
  const last = history.at(-1);
  return last === undefined
    ? `${plural(total, 'epoch')}: ${plan}.`
    : `${plural(history.length, 'epoch')} of ${total} done (${plan}). The last, ${last.stage}: ${plural(last.clean, 'image')} in the clean pool, ${formatCount(last.polluted)} in the polluted pool.`;
}

function curves(
  measures: readonly Measure[],
  history: readonly SplitEpoch[],
  total: number,
  unit: string,
): XyCurves {
  const series = measures.map(({ name, of }, mark): XySeries => ({
    name,
    mark,
    dash: DASHES[mark % DASHES.length]!,
    size: 3,
    points: history.flatMap((epoch) => {
      const y = of(epoch);
      return y === null || !Number.isFinite(y)
        ? []
        : [{ x: epoch.epoch, y, title: `Epoch ${epoch.epoch}, ${epoch.stage}` }];
    }),
  }));
  return {
    x: { label: 'epoch', min: 0, max: Math.max(1, total) },
    y: { label: unit, min: 0, ...(unit === '%' ? { max: 100 } : {}) },
    // What was not measured has no curve and no place in the legend.
    series: series.filter(({ points }) => points.length > 0),
    format: ({ y }) =>
      unit === '%' ? formatPercent(y) : unit === 'images' ? formatCount(y) : formatStatistic(y),
  };
}

function inWords(heading: string, { series, format }: XyCurves): string {
  const said = series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name}: ${first.title.toLowerCase()} ${format(first)}, ${last.title.toLowerCase()} ${format(last)}.`;
  });
  return `${heading} over epochs. ${said.length === 0 ? 'Nothing yet.' : said.join(' ')}`;
}

function epochTable(): SortableTable<SplitEpoch> {
  const number = (id: string, label: string, of: (epoch: SplitEpoch) => number | null, percent = false) => ({
    id,
    label,
    numeric: true,
    value: of,
    cell: (epoch: SplitEpoch) => {
      const value = of(epoch);
      return value === null ? '–' : percent ? formatPercent(value) : formatStatistic(value);
    },
  });
  return new SortableTable<SplitEpoch>({
    caption: 'Epochs of the run',
    empty: 'No epoch has ended yet.',
    columns: [
      number('epoch', 'Epoch', ({ epoch }) => epoch),
      { id: 'stage', label: 'Stage', value: ({ stage }) => stage, cell: ({ stage }) => stage },
      ...[...POOLS, ...LOSSES].map(({ name, of }) => number(name, name, of)),
      ...RATES.map(({ name, of }) => number(name, name, of, true)),
      number('lambdaU', 'λu', ({ lambdaU }) => lambdaU),
      number('rate', 'Learning rate', ({ rate }) => rate),
      number('seconds', 'Seconds', ({ seconds }) => Number(seconds.toFixed(1))),
    ],
  });
}
