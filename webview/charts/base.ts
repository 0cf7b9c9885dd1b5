import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  Tooltip,
  type ScaleOptionsByType,
} from 'chart.js';
import type { ChartTheme } from './theme';

Chart.register(BarController, BarElement, LinearScale, CategoryScale, Tooltip);

/** What every chart here has in common: no animation, the editor's colours and font. */
export function baseOptions(theme: ChartTheme) {
  return {
    animation: false as const,
    responsive: true,
    maintainAspectRatio: false,
    events: ['mousemove', 'mouseout'] as ('mousemove' | 'mouseout')[],
    font: { family: theme.font, size: 11 },
    color: theme.text,
    interaction: { mode: 'index' as const, intersect: false },
  };
}

/** A count axis: whole numbers from zero, few lines. */
export function countAxis(theme: ChartTheme): Partial<ScaleOptionsByType<'linear'>> {
  return {
    beginAtZero: true,
    ticks: axisTicks(theme, { precision: 0, maxTicksLimit: 4 }),
    grid: axisGrid(theme, true),
    border: { display: false } as ScaleOptionsByType<'linear'>['border'],
  };
}

export function axisTicks(
  theme: ChartTheme,
  more: Partial<ScaleOptionsByType<'linear'>['ticks']>,
): ScaleOptionsByType<'linear'>['ticks'] {
  return {
    color: theme.text,
    font: { family: theme.font, size: 11 },
    maxRotation: 0,
    ...more,
  } as ScaleOptionsByType<'linear'>['ticks'];
}

export function axisGrid(theme: ChartTheme, display: boolean): ScaleOptionsByType<'linear'>['grid'] {
  return { display, color: theme.grid, drawTicks: false };
}

/** A tooltip in the colours of VS Code's hover. */
export function tooltipColours(theme: ChartTheme): {
  backgroundColor: string;
  titleColor: string;
  bodyColor: string;
  borderColor: string;
  borderWidth: number;
} {
  return {
    backgroundColor: theme.background,
    titleColor: theme.text,
    bodyColor: theme.text,
    borderColor: theme.border,
    borderWidth: 1,
  };
}
