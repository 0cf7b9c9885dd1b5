import type { Chart, ChartType, Plugin } from 'chart.js';

/** A vertical line across a chart at a value of its x axis. */
export interface ValueLine {
  readonly label: string;
  readonly value: number;
  readonly colour: string;
  readonly dashed: boolean;
}

const ROW = 13;

/** Height that the labels of `lines` lines need above the chart, in pixels. */
export function labelHeight(lines: number): number {
  return lines * ROW + 2;
}

/** Draws labelled lines over the bars. Each label has a row of its own, so that two lines close together stay readable. */
export function linesPlugin<T extends ChartType = 'bar'>(
  lines: () => readonly ValueLine[],
  font: string,
): Plugin<T> {
  return {
    id: 'scour-lines',
    afterDatasetsDraw: (chart) => {
      lines().forEach((line, row) => {
        drawLine(chart, line, row, font);
      });
    },
  };
}

function drawLine(
  chart: Pick<Chart, 'ctx' | 'chartArea' | 'scales'>,
  line: ValueLine,
  row: number,
  font: string,
): void {
  const { ctx, chartArea } = chart;
  const scale = chart.scales['x'];
  if (scale === undefined) return;
  const exact = scale.getPixelForValue(line.value);
  const beyond = exact > chartArea.right + 1;
  const inside = !beyond && exact >= chartArea.left - 1;
  const x = Math.min(Math.max(exact, chartArea.left), chartArea.right);
  const top = row * ROW + 1;
  ctx.save();
  ctx.strokeStyle = line.colour;
  ctx.fillStyle = line.colour;
  ctx.lineWidth = 1.5;
  if (inside) {
    ctx.setLineDash(line.dashed ? [4, 3] : []);
    ctx.beginPath();
    ctx.moveTo(x, top + ROW - 1);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
  }
  ctx.font = `11px ${font}`;
  ctx.textBaseline = 'top';
  const text = inside ? line.label : beyond ? `${line.label} →` : `← ${line.label}`;
  const width = ctx.measureText(text).width;
  const left = Math.min(Math.max(x - width / 2, chartArea.left), chartArea.right - width);
  ctx.fillText(text, left, top);
  ctx.restore();
}
