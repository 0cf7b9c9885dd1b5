import { Chart, type Plugin } from 'chart.js';
import { formatStatistic, plural } from '../text/format';
import type { Bin } from '../scan/bins';
import type { HistogramData } from '../scan/layer-chart';
import { axisGrid, axisTicks, baseOptions, countAxis, tooltipColours } from './base';
import { hatch } from './hatch';
import { labelHeight, linesPlugin, type ValueLine } from './lines';
import type { ChartTheme } from './theme';

interface Point {
  x: number;
  y: number | null;
}

/** A layer's histogram: bars, hatched and marked where they hold outliers, with mean and threshold as labelled lines. */
export class HistogramChart {
  private readonly chart: Chart<'bar', Point[]>;
  private readonly theme: ChartTheme;
  private data: HistogramData;

  constructor(canvas: HTMLCanvasElement, data: HistogramData, theme: ChartTheme) {
    this.data = data;
    this.theme = theme;
    const plugins = [linesPlugin(() => this.lines(), theme.font), this.markers()];
    this.chart = new Chart<'bar', Point[]>(canvas, {
      type: 'bar',
      data: {
        datasets: [
          this.dataset('within the threshold', theme.bar, theme.bar),
          this.dataset('outliers', hatch(theme.outlier, theme.background), theme.outlier),
        ],
      },
      options: {
        ...baseOptions(theme),
        layout: { padding: { top: labelHeight(2) } },
        scales: {
          x: {
            type: 'linear',
            stacked: true,
            offset: false,
            min: data.axis.min,
            max: data.axis.max,
            ticks: axisTicks(theme, {
              maxTicksLimit: 6,
              includeBounds: false,
              callback: (value) => formatStatistic(Number(value)),
            }),
            grid: axisGrid(theme, false),
            border: { color: theme.text },
          },
          y: { ...countAxis(theme), stacked: true },
        },
        plugins: {
          tooltip: {
            ...tooltipColours(theme),
            displayColors: false,
            filter: (_item, index) => index === 0,
            callbacks: {
              title: (items) => this.range(items[0]?.dataIndex ?? 0),
              label: (item) => this.describe(item.dataIndex),
            },
          },
        },
      },
      plugins: plugins,
    });
    this.fill();
    this.chart.update('none');
  }

  update(data: HistogramData): void {
    this.data = data;
    this.fill();
    this.chart.update('none');
  }

  destroy(): void {
    this.chart.destroy();
  }

  private dataset(label: string, fill: string | CanvasPattern, border: string) {
    return {
      label,
      data: [] as Point[],
      backgroundColor: fill,
      borderColor: border,
      borderWidth: typeof fill === 'string' ? 0 : 1,
      borderSkipped: false as const,
      barPercentage: 1,
      categoryPercentage: 0.92,
      // A single outlier among hundreds of channels must still be seen.
      minBarLength: 4,
    };
  }

  private fill(): void {
    const points = (count: (bin: Bin) => number): Point[] => {
      const bars = this.data.bins.map((bin) => ({ x: (bin.from + bin.to) / 2, y: count(bin) || null }));
      // The bars' width is the smallest distance between two of them: one bar alone needs a neighbour.
      if (bars.length === 1)
        bars.push({ x: bars[0]!.x + this.data.bins[0]!.to - this.data.bins[0]!.from, y: null });
      return bars;
    };
    this.chart.data.datasets[0]!.data = points((bin) => bin.count - bin.outliers);
    this.chart.data.datasets[1]!.data = points((bin) => bin.outliers);
  }

  private lines(): ValueLine[] {
    const { mean, threshold } = this.data;
    const lines: ValueLine[] = [];
    if (threshold !== null) {
      const label = `threshold ${formatStatistic(threshold)}`;
      lines.push({ label, value: threshold, colour: this.theme.threshold, dashed: false });
    }
    if (mean !== null) {
      lines.push({
        label: `mean ${formatStatistic(mean)}`,
        value: mean,
        colour: this.theme.mean,
        dashed: true,
      });
    }
    return lines;
  }

  /** Small triangles above bars that hold outliers. */
  private markers(): Plugin<'bar'> {
    return {
      id: 'scour-markers',
      afterDatasetsDraw: (chart) => {
        const { ctx } = chart;
        const bars = chart.getDatasetMeta(1).data;
        ctx.save();
        ctx.fillStyle = this.theme.outlier;
        this.data.bins.forEach((bin, index) => {
          const bar = bars[index];
          if (bin.outliers === 0 || bar === undefined) return;
          const { x, y } = bar.getProps(['x', 'y'], true) as { x: number; y: number };
          ctx.beginPath();
          ctx.moveTo(x - 4, y - 9);
          ctx.lineTo(x + 4, y - 9);
          ctx.lineTo(x, y - 3);
          ctx.fill();
        });
        ctx.restore();
      },
    };
  }

  private range(index: number): string {
    const bin = this.data.bins[index];
    return bin === undefined ? '' : `UCLC ${formatStatistic(bin.from)} – ${formatStatistic(bin.to)}`;
  }

  private describe(index: number): string {
    const bin = this.data.bins[index];
    if (bin === undefined) return '';
    const outliers = bin.outliers === 0 ? '' : `, ${plural(bin.outliers, 'outlier')}`;
    return `${plural(bin.count, 'channel')}${outliers}`;
  }
}
