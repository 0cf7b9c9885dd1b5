import type { CleansingRun, StepPoint } from '../../src/protocol/cleansing';
import type { XyCurves, XyPoint, XySeries } from '../charts/xy-data';
import { formatMeasure, LOSS, type Measure } from './measures';

/** Dashes that tell curves apart without colour; marks do so too. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];

/** One measure of one run over its epochs; epoch 0 is the student before training. */
export function curveOf(run: CleansingRun, measure: Measure, name: string, mark: number): XySeries {
  const start = measure.atStart(run);
  const before: XyPoint[] = start === null ? [] : [{ x: 0, y: start, title: 'Before training' }];
  const points = run.history.flatMap((epoch): XyPoint[] => {
    const y = measure.of(epoch);
    return y === null ? [] : [{ x: epoch.epoch, y, title: `Epoch ${epoch.epoch}` }];
  });
  return { name, mark, dash: DASHES[mark % DASHES.length]!, size: 3, points: [...before, ...points] };
}

/** The loss of every step so far: small marks, without a line. */
export function stepCurve(run: CleansingRun, steps: readonly StepPoint[]): XySeries {
  const { epochs } = run.order.training;
  return {
    name: 'Loss of a step',
    mark: 3,
    dash: null,
    hollow: true,
    size: 1.5,
    points: steps
      .filter(({ loss }) => Number.isFinite(loss))
      .map(({ step, at, loss }) => ({ x: at * epochs, y: loss, title: `Step ${step}` })),
  };
}

/** Curves over epochs. `epochs`: where the axis ends. */
export function overEpochs(
  series: readonly XySeries[],
  measure: Pick<Measure, 'label' | 'unit'>,
  epochs: number,
): XyCurves {
  return {
    x: { label: 'epoch', min: 0, max: Math.max(1, epochs) },
    y: measure.unit === '%' ? { label: '%', min: 0, max: 100 } : { label: measure.label, min: 0 },
    series,
    format: ({ y }) => formatMeasure(measure, y),
  };
}

/** Curves in words: where each begins, where it ends. */
export function inWords(
  heading: string,
  series: readonly XySeries[],
  measure: Pick<Measure, 'unit'>,
): string {
  const said = series.map(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return `${name}: nothing yet.`;
    const end = `${last.title.toLowerCase()} ${formatMeasure(measure, last.y)}`;
    return points.length === 1
      ? `${name}: ${end}.`
      : `${name}: ${first.title.toLowerCase()} ${formatMeasure(measure, first.y)}, ${end}.`;
  });
  return `${heading} over epochs. ${said.join(' ')}`;
}

/** Loss of a run: its epochs, and the steps between them. */
export function lossCurves(run: CleansingRun, steps: readonly StepPoint[]): XySeries[] {
  const epochs = curveOf(run, LOSS, 'Mean of an epoch', 0);
  return steps.length === 0 ? [epochs] : [stepCurve(run, steps), epochs];
}
