import { element, type Markup } from './markup';

/** One mark of a scatter chart; `kind` is a class of the style sheet. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly kind: string;
  /** What a pointer shows. */
  readonly title: string;
}

const WIDTH = 260;
const HEIGHT = 180;
const PAD = { left: 44, right: 8, top: 8, bottom: 28 };

type Range = readonly [low: number, high: number];

/** Range of values with a little air, never empty. */
export function rangeOf(values: readonly number[]): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const air = (high - low) * 0.04 || Math.abs(high) * 0.04 || 1;
  return [low - air, high + air];
}

function scale([low, high]: Range, from: number, to: number): (value: number) => number {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

/** Points in the plane with axes; `axes` false where the numbers mean nothing (embeddings). */
export function scatter(
  label: string,
  marks: readonly Mark[],
  titles: { readonly x: string; readonly y: string } | null,
): Markup {
  const xs = rangeOf(marks.map(({ x }) => x));
  const ys = rangeOf(marks.map(({ y }) => y));
  const x = scale(xs, PAD.left, WIDTH - PAD.right);
  const y = scale(ys, HEIGHT - PAD.bottom, PAD.top);
  return frame(
    label,
    titles === null ? [] : axes(xs, ys, titles),
    marks.map((mark) =>
      element(
        'circle',
        { cx: round(x(mark.x)), cy: round(y(mark.y)), r: 2.2, class: mark.kind },
        element('title', {}, mark.title),
      ),
    ),
  );
}

export interface Line {
  readonly name: string;
  /** 0 … 7: a colour and a dash of the style sheet. */
  readonly style: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Curves of percentages over u. */
export function percentLines(label: string, lines: readonly Line[], xTitle: string): Markup {
  const us = lines.flatMap(({ points }) => points.map(([x]) => x));
  const xs: Range = new Set(us).size > 1 ? [Math.min(...us), Math.max(...us)] : rangeOf(us);
  const ys: Range = [0, 100];
  const x = scale(xs, PAD.left, WIDTH - PAD.right);
  const y = scale(ys, HEIGHT - PAD.bottom, PAD.top);
  return frame(
    label,
    axes(xs, ys, { x: xTitle, y: '%' }),
    lines.map(({ name, style, points }) =>
      element(
        'polyline',
        {
          points: points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' '),
          class: `line line-${style}`,
        },
        element('title', {}, name),
      ),
    ),
  );
}

/** Counts of true class (rows) against predicted class (columns), shaded by the row's share. */
export function confusionMatrix(
  label: string,
  counts: readonly (readonly [truth: number, predicted: number, count: number])[],
  classes: number,
): Markup {
  const side = 320;
  const size = side / classes;
  const totals = new Array<number>(classes).fill(0);
  for (const [truth, , count] of counts) totals[truth] = totals[truth]! + count;
  return element(
    'svg',
    { viewBox: `-1 -1 ${side + 2} ${side + 2}`, class: 'matrix', role: 'img', 'aria-label': label },
    element('rect', { x: 0, y: 0, width: side, height: side, class: 'frame' }),
    counts.map(([truth, predicted, count]) =>
      element(
        'rect',
        {
          x: round(predicted * size),
          y: round(truth * size),
          width: round(size),
          height: round(size),
          class: truth === predicted ? 'right' : 'wrong',
          'fill-opacity': round(count / totals[truth]!),
        },
        element('title', {}, `true ${truth}, predicted ${predicted}: ${count}`),
      ),
    ),
  );
}

function frame(label: string, ...content: readonly (readonly Markup[])[]): Markup {
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': label },
    element('rect', {
      x: PAD.left,
      y: PAD.top,
      width: WIDTH - PAD.left - PAD.right,
      height: HEIGHT - PAD.top - PAD.bottom,
      class: 'frame',
    }),
    content,
  );
}

function axes(xs: Range, ys: Range, titles: { readonly x: string; readonly y: string }): Markup[] {
  const bottom = HEIGHT - PAD.bottom;
  const text = (x: number, y: number, anchor: string, content: string): Markup =>
    element('text', { x, y, 'text-anchor': anchor }, content);
  return [
    text(PAD.left, bottom + 11, 'start', tick(xs[0])),
    text(WIDTH - PAD.right, bottom + 11, 'end', tick(xs[1])),
    text((PAD.left + WIDTH - PAD.right) / 2, bottom + 22, 'middle', titles.x),
    text(PAD.left - 3, bottom, 'end', tick(ys[0])),
    text(PAD.left - 3, PAD.top + 8, 'end', tick(ys[1])),
    text(PAD.left - 3, (PAD.top + bottom) / 2, 'end', titles.y),
  ];
}

function tick(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
