import { oncePerFrame } from '../dom/schedule';

/** Colours that charts are drawn in: a canvas does not follow CSS variables by itself. */
export interface ChartTheme {
  readonly bar: string;
  readonly outlier: string;
  readonly mean: string;
  readonly threshold: string;
  readonly text: string;
  /** Of series that stand beside each other; marks and dashes tell them apart as well. */
  readonly series: readonly string[];
  readonly grid: string;
  /** Of the tooltip. */
  readonly border: string;
  readonly background: string;
  readonly font: string;
}

/** The editor's present colours. */
export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const first = (fallback: string, ...names: string[]): string => {
    for (const name of names) {
      const value = style.getPropertyValue(`--vscode-${name}`).trim();
      if (value !== '') return value;
    }
    return fallback;
  };
  const text = first('#888888', 'foreground');
  return {
    bar: first(text, 'charts-blue'),
    outlier: first(text, 'charts-red'),
    mean: first(text, 'charts-foreground', 'foreground'),
    threshold: first(text, 'charts-red'),
    text,
    // Orange comes last: VS Code's own themes make it half transparent.
    series: ['blue', 'red', 'green', 'purple', 'yellow', 'orange'].map((name) =>
      first(text, `charts-${name}`),
    ),
    grid: `color-mix(in srgb, ${text} 18%, transparent)`,
    border: first(text, 'contrastBorder', 'widget-border', 'panel-border'),
    background: first('transparent', 'editor-background'),
    font: first('sans-serif', 'font-family'),
  };
}

/** Calls `onChange` when the editor's theme changes: VS Code then rewrites the root's style and the body's classes. */
export function followTheme(onChange: () => void): void {
  const observer = new MutationObserver(oncePerFrame(onChange));
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-kind', 'data-vscode-theme-id'],
  });
}
