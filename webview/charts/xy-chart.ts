import {
  Chart,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  type ChartDataset,
  type Plugin,
  type PointStyle,
} from 'chart.js';
import { axisGrid, axisTicks, baseOptions, tooltipColours } from './base';
import { labelHeight, linesPlugin, type ValueLine } from './lines';
import type { ChartTheme } from './theme';
import type { XyAxis, XyCurves, XyPoint, XySeries } from './xy-data';

Chart.register(LineController, LineElement, PointElement, ScatterController);

export interface XyData extends XyCurves {
  /** Vertical lines. */
  readonly lines?: (theme: ChartTheme) => readonly ValueLine[];
}

/** Marks that tell series apart without colour, with the glyph that a legend shows for each. */
export const MARKS: readonly {
  readonly style: PointStyle;
  readonly glyph: string;
  readonly hollow: string;
}[] = [
  { style: 'circle', glyph: '●', hollow: '○' },
  { style: 'triangle', glyph: '▲', hollow: '△' },
  { style: 'rect', glyph: '■', hollow: '□' },
  { style: 'rectRot', glyph: '◆', hollow: '◇' },
  { style: 'star', glyph: '✳', hollow: '✳' },
  { style: 'crossRot', glyph: '✕', hollow: '✕' },
];

interface Drawn {
  x: number;
  y: number;
}

/** Points in the plane, joined or not, with whiskers: rates with their intervals, curves, scatters. */
export class XyChart {
  private readonly chart: Chart<'scatter', Drawn[]>;
  private readonly theme: ChartTheme;
  private data: XyData;

  constructor(canvas: HTMLCanvasElement, data: XyData, theme: ChartTheme) {
    this.data = data;
    this.theme = theme;
    const lines = (): readonly ValueLine[] => this.data.lines?.(theme) ?? [];
    this.chart = new Chart<'scatter', Drawn[]>(canvas, {
      type: 'scatter',
      data: { datasets: data.series.map((series) => dataset(series, theme)) },
      options: {
        ...baseOptions(theme),
        layout: { padding: { top: Math.max(8, labelHeight(lines().length)), right: 8 } },
        interaction: { mode: 'nearest', intersect: true },
        scales: { x: axis(data.x, theme, false), y: axis(data.y, theme, true) },
        plugins: {
          tooltip: {
            ...tooltipColours(theme),
            displayColors: false,
            callbacks: {
              title: (items) => this.at(items[0])?.title ?? '',
              label: (item) => {
                const point = this.at(item);
                return point === undefined ? '' : `${item.dataset.label ?? ''}: ${this.data.format(point)}`;
              },
            },
          },
        },
      },
      plugins: [this.whiskers(theme), linesPlugin<'scatter'>(lines, theme.font)],
    });
  }

  update(data: XyData): void {
    this.data = data;
    const known = this.chart.data.datasets;
    this.chart.data.datasets = data.series.map((series, at) => {
      const before = known[at];
      // Chart.js keeps what it has laid out with the object.
      return before?.label === series.name
        ? Object.assign(before, dataset(series, this.theme))
        : dataset(series, this.theme);
    });
    this.chart.options.scales = { x: axis(data.x, this.theme, false), y: axis(data.y, this.theme, true) };
    this.chart.update('none');
  }

  destroy(): void {
    this.chart.destroy();
  }

  private at(
    item: { readonly datasetIndex: number; readonly dataIndex: number } | undefined,
  ): XyPoint | undefined {
    return item === undefined ? undefined : this.data.series[item.datasetIndex]?.points[item.dataIndex];
  }

  /** Intervals as vertical strokes with caps. */
  private whiskers(theme: ChartTheme): Plugin<'scatter'> {
    return {
      id: 'scour-whiskers',
      beforeDatasetsDraw: ({ ctx, scales }) => {
        const { x: across, y: up } = scales;
        if (across === undefined || up === undefined) return;
        ctx.save();
        ctx.lineWidth = 1.5;
        for (const series of this.data.series) {
          ctx.strokeStyle = colourOf(series, theme);
          for (const { x, low, high } of series.points) {
            if (low === undefined || high === undefined) continue;
            const at = across.getPixelForValue(x);
            const [top, bottom] = [up.getPixelForValue(high), up.getPixelForValue(low)];
            ctx.beginPath();
            ctx.moveTo(at, top);
            ctx.lineTo(at, bottom);
            for (const end of [top, bottom]) {
              ctx.moveTo(at - 4, end);
              ctx.lineTo(at + 4, end);
            }
            ctx.stroke();
          }
        }
        ctx.restore();
      },
    };
  }
}

function colourOf(series: XySeries, theme: ChartTheme): string {
  return theme.series[series.mark % theme.series.length] ?? theme.text;
}

function dataset(series: XySeries, theme: ChartTheme): ChartDataset<'scatter', Drawn[]> {
  const colour = colourOf(series, theme);
  const size = series.size ?? 4;
  return {
    label: series.name,
    data: series.points.map(({ x, y }) => ({ x, y })),
    pointStyle: MARKS[series.mark % MARKS.length]!.style,
    pointRadius: size,
    pointHoverRadius: size + 1,
    pointHitRadius: 6,
    pointBackgroundColor: series.hollow === true ? 'transparent' : colour,
    pointBorderColor: colour,
    pointBorderWidth: 1.5,
    borderColor: colour,
    borderWidth: 1.5,
    borderDash: [...(series.dash ?? [])],
    showLine: series.dash !== null,
    // A mark at 0 or 100 % is not cut in half.
    clip: false,
  };
}

function axis(
  { label, min, max, names, format, bare = false }: XyAxis,
  theme: ChartTheme,
  vertical: boolean,
) {
  const ticks = bare
    ? { display: false }
    : names === undefined
      ? { maxTicksLimit: 7, ...(format && { callback: (value: number | string) => format(Number(value)) }) }
      : {
          stepSize: 1,
          autoSkip: true,
          autoSkipPadding: 6,
          callback: (value: number | string) => names[Number(value)] ?? '',
        };
  return {
    type: 'linear' as const,
    ...(names === undefined
      ? { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
      : { min: -0.5, max: names.length - 0.5, afterBuildTicks: wholeTicks(names.length) }),
    ticks: axisTicks(theme, { ...ticks, padding: 6 }),
    grid: axisGrid(theme, vertical && !bare),
    border: { color: theme.text, display: !vertical && !bare },
    title: {
      display: label !== '',
      text: label,
      color: theme.text,
      font: { family: theme.font, size: 11 },
      padding: 2,
    },
  };
}

/** A tick at each named value, not at the halves around them. */
function wholeTicks(count: number): (scale: { ticks: { value: number }[] }) => void {
  return (scale) => {
    scale.ticks = Array.from({ length: count }, (_, value) => ({ value }));
  };
}
