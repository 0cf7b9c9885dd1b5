import type { Layer } from '../../src/protocol/scan';
import { LazyChart } from '../charts/lazy';
import { PairedChart, type PairedData } from '../charts/paired-chart';
import { h, setText } from '../dom/element';
import { fold } from '../dom/fold';
import { nameOf } from '../dom/name';
import type { LayerAtU } from '../scan/at-u';
import { binTable } from '../scan/bin-table';
import { sharedBins } from '../scan/bins';
import type { LayerPair } from '../scan/match';
import { formatCount, formatStatistic, formatU, plural } from '../text/format';
import { visible } from '../../src/protocol/wording';

const BINS = 24;
type Bins = ReturnType<typeof sharedBins>;
interface BinRow {
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
}

/** One layer of both models: their histograms over the same bins. */
export class PairCard {
  readonly element: HTMLElement;
  readonly chart: LazyChart<PairedData>;
  private readonly canvas = h('canvas', { attributes: { role: 'img' } });
  private readonly count = h('span', { class: 'pill' });
  private readonly bins: Bins;
  private pair: LayerPair;

  constructor(pair: LayerPair, headingId: string) {
    this.pair = pair;
    const values = (layer: LayerAtU | null): Layer['uclc'] => layer?.layer.uclc ?? [];
    this.bins = sharedBins(values(pair.left), values(pair.right), BINS);
    this.chart = new LazyChart(
      this.canvas,
      () => this.data(),
      (canvas, data, theme) => new PairedChart(canvas, data, theme),
    );
    const table = fold('Bins as a table');
    table.addEventListener(
      'toggle',
      () => {
        table.append(this.table());
      },
      { once: true },
    );
    this.element = h(
      'article',
      { class: 'card', attributes: { 'aria-labelledby': headingId } },
      h('div', { class: 'card-head' }, h('h3', { id: headingId }, nameOf(pair.name)), this.count),
      h('div', { class: 'chart' }, this.canvas),
      table,
    );
  }

  /** Shows the same layers at another u. */
  update(pair: LayerPair, u: number): void {
    this.pair = pair;
    this.chart.update();
    const side = (letter: string, layer: LayerAtU | null): string =>
      layer === null
        ? `${letter} has no such layer`
        : `${letter}: ${plural(layer.layer.channels, 'channel')}, mean ${formatStatistic(layer.layer.mean)}, ` +
          `threshold ${formatStatistic(layer.threshold)}, ${plural(layer.outliers.length, 'outlier')}`;
    this.canvas.setAttribute(
      'aria-label',
      `Histograms of UCLC in ${visible(pair.name)} at u = ${formatU(u)}. ${side('A', pair.left)}. ${side('B', pair.right)}.`,
    );
    const outliers = (layer: LayerAtU | null): string =>
      layer === null ? '–' : formatCount(layer.outliers.length);
    setText(this.count, `outliers ${outliers(pair.left)} / ${outliers(pair.right)}`);
  }

  private data(): PairedData {
    const { edges, left, right } = this.bins;
    const width = (edges[1] ?? 1) - (edges[0] ?? 0);
    const position = (value: number): number => (value - (edges[0] ?? 0)) / width;
    return {
      labels: left.map((_, index) => Number(edges[index]!.toPrecision(2)).toString()),
      titles: left.map(
        (_, index) => `UCLC ${formatStatistic(edges[index]!)} – ${formatStatistic(edges[index + 1]!)}`,
      ),
      first: { name: 'A', values: left },
      second: { name: 'B', values: right },
      lines: (theme) =>
        (['left', 'right'] as const).flatMap((side) => {
          const threshold = this.pair[side]?.threshold ?? null;
          if (threshold === null) return [];
          const letter = side === 'left' ? 'A' : 'B';
          return {
            label: `${letter} threshold ${formatStatistic(threshold)}`,
            value: position(threshold),
            colour: side === 'left' ? theme.bar : theme.outlier,
            dashed: side === 'right',
          };
        }),
    };
  }

  private table(): HTMLElement {
    const { edges, left, right } = this.bins;
    const table = binTable<BinRow>(`Bins of the histograms of ${visible(this.pair.name)}`, [
      { id: 'left', label: 'A', value: (bin) => bin.left },
      { id: 'right', label: 'B', value: (bin) => bin.right },
    ]);
    table.update(
      left.map((count, index) => ({
        from: edges[index]!,
        to: edges[index + 1]!,
        left: count,
        right: right[index]!,
      })),
    );
    return table.element;
  }
}
