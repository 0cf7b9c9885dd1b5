import { Chart } from 'chart.js';
import { formatCount } from '../text/format';
import { axisGrid, axisTicks, baseOptions, countAxis, tooltipColours } from './base';
import { hatch } from './hatch';
import { labelHeight, linesPlugin, type ValueLine } from './lines';
import type { ChartTheme } from './theme';

/** Two series over the same categories: the first solid, the second hatched. */
export interface PairedData {
  /** What each category is called under the axis. */
  readonly labels: readonly string[];
  /** What each category is called in the tooltip. */
  readonly titles: readonly string[];
  readonly first: { readonly name: string; readonly values: readonly number[] };
  readonly second: { readonly name: string; readonly values: readonly number[] };
  /** End of the value axis, for charts that are read side by side. */
  readonly max?: number;
  /** How a value reads in the tooltip; a count where nothing is said. */
  readonly format?: (value: number) => string;
  /** Lines at positions counted in categories: 0 is the left edge of the first, n the right edge of the last. */
  readonly lines: (theme: ChartTheme) => readonly ValueLine[];
}

/** A chart of two series side by side. */
export class PairedChart {
  private readonly chart: Chart<'bar'>;
  private data: PairedData;

  constructor(canvas: HTMLCanvasElement, data: PairedData, theme: ChartTheme) {
    this.data = data;
    const lines = (): ValueLine[] =>
      // A category axis counts from the middle of its first category.
      this.data.lines(theme).map((line) => ({ ...line, value: line.value - 0.5 }));
    this.chart = new Chart<'bar'>(canvas, {
      type: 'bar',
      data: {
        labels: [...data.labels],
        datasets: [
          { label: data.first.name, data: [...data.first.values], backgroundColor: theme.bar, ...SHAPE },
          {
            label: data.second.name,
            data: [...data.second.values],
            backgroundColor: hatch(theme.outlier, theme.background),
            borderColor: theme.outlier,
            borderWidth: 1,
            ...SHAPE,
          },
        ],
      },
      options: {
        ...baseOptions(theme),
        layout: { padding: { top: labelHeight(data.lines(theme).length) } },
        scales: {
          x: {
            type: 'category',
            ticks: {
              color: theme.text,
              font: { family: theme.font, size: 11 },
              maxRotation: 0,
              autoSkipPadding: 12,
            },
            grid: axisGrid(theme, false),
            border: { color: theme.text },
          },
          y: {
            ...countAxis(theme),
            ...(data.max !== undefined && { max: data.max }),
            ticks: axisTicks(theme, { precision: 0, maxTicksLimit: 5 }),
          },
        },
        plugins: {
          tooltip: {
            ...tooltipColours(theme),
            displayColors: false,
            callbacks: {
              title: (items) => this.data.titles[items[0]?.dataIndex ?? 0] ?? '',
              label: (item) =>
                `${item.dataset.label ?? ''}: ${(this.data.format ?? formatCount)(item.parsed.y ?? 0)}`,
            },
          },
        },
      },
      plugins: [linesPlugin(lines, theme.font)],
    });
  }

  /** Draws new lines and values over the same categories. */
  update(data: PairedData): void {
    this.data = data;
    this.chart.data.datasets[0]!.data = [...data.first.values];
    this.chart.data.datasets[1]!.data = [...data.second.values];
    this.chart.update('none');
  }

  destroy(): void {
    this.chart.destroy();
  }
}

const SHAPE = { barPercentage: 1, categoryPercentage: 0.8, minBarLength: 0, borderSkipped: false } as const;
