import path from 'node:path';
import type { EvaluationReport, ModelEvaluation, Tac } from '../protocol/evaluation';
import type { Preprocessing } from '../protocol/preprocessing';
import { ALL_TO_ALL } from '../protocol/target';
import { outliersAt, DEFAULT_U } from '../protocol/threshold';
import { visible } from '../protocol/wording';

/** What text, Markdown and HTML reports of an evaluation say alike. All names come out safe to show on one line. */

/** "85.72 %". */
export function share(value: number | null): string {
  return value === null ? '—' : `${value.toFixed(2)} %`;
}

/** "84.7–86.7": a 95 % interval. */
export function interval(bounds: readonly [number, number] | null): string {
  return bounds === null ? '—' : `${bounds[0].toFixed(1)}–${bounds[1].toFixed(1)}`;
}

/** "cat", or "class 3" where the classes have no names. */
export function className(report: Pick<EvaluationReport, 'classes'>, number: number | null): string {
  if (number === null) return 'no prediction';
  return visible(report.classes?.[number] ?? `class ${number}`, 60);
}

/** What ASR counts as a success: "0 (airplane); its own images are not counted", or all-to-all's rule. */
export function targetWords(report: Pick<EvaluationReport, 'classes' | 'target'>): string {
  const { target, classes } = report;
  if (target === null) return '—';
  if (target === ALL_TO_ALL) return `all-to-all (the true class + 1, mod ${classes?.length ?? 'K'})`;
  return `${target} (${className(report, target)}); its own images are not counted`;
}

/** Shortest names that tell the models apart: file names, with their folder where those repeat. */
export function modelNames(models: readonly Pick<ModelEvaluation, 'path'>[]): string[] {
  const bases = models.map((model) => path.basename(model.path));
  return models.map((model, i) => {
    const isAlone = bases.filter((base) => base === bases[i]).length === 1;
    return visible(isAlone ? bases[i]! : model.path, 60);
  });
}

/** "32 × 32 rgb, nchw, mean …, std … (source)". */
export function preprocessingLine(p: Preprocessing): string {
  const cut = p.resize === null ? '' : ` cut from a short side of ${p.resize}`;
  const numbers = (values: readonly number[]): string =>
    values.map((value) => Number(value.toFixed(6))).join(' ');
  return `${p.height} × ${p.width}${cut} (${p.filter}), ${p.channels}, ${p.layout}, mean ${numbers(p.mean)}, std ${numbers(p.std)} (${visible(p.source, 80)})`;
}

/** The classes that most triggered images were predicted as: "airplane 98.0 %, ship 1.2 %". */
export function topDestinations(
  report: Pick<EvaluationReport, 'classes'>,
  destinations: readonly number[],
  n: number,
  most = 3,
): string {
  return destinations
    .map((count, label) => ({ count, label }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.label - b.label)
    .slice(0, most)
    .map(({ count, label }) => `${className(report, label)} ${((100 * count) / n).toFixed(1)} %`)
    .join(', ');
}

/** The pairs of classes that are mixed up most often, most frequent first. */
export function topConfusions(
  { confusion }: Pick<ModelEvaluation, 'confusion'>,
  most: number,
): { truth: number; predicted: number; count: number }[] {
  return confusion
    .filter(([truth, predicted]) => truth !== predicted)
    .map(([truth, predicted, count]) => ({ truth, predicted, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, most);
}

/** Accuracy of a class in percent; null for a class without images. */
export function classAccuracy(model: ModelEvaluation, label: number): number | null {
  const row = model.perClass[label];
  return row === undefined || row.n === 0 ? null : (100 * row.correct) / row.n;
}

export interface ChangedChannel {
  readonly layer: string;
  readonly channel: number;
  readonly uclc: number | null;
  readonly tac: number;
  /** Above CLP's threshold at the default u. */
  readonly outlier: boolean;
}

/** The channels that the trigger changes most, by |TAC|. */
export function mostChanged(tac: Tac, most: number): ChangedChannel[] {
  return tac.layers
    .flatMap((layer) => {
      const outliers = new Set(outliersAt(layer, DEFAULT_U).map(({ channel }) => channel));
      return layer.tac.flatMap((change, channel) =>
        change === null
          ? []
          : [
              {
                layer: visible(layer.name, 60),
                channel,
                uclc: layer.uclc[channel] ?? null,
                tac: change,
                outlier: outliers.has(channel),
              },
            ],
      );
    })
    .sort((a, b) => Math.abs(b.tac) - Math.abs(a.tac))
    .slice(0, most);
}

/** What every report ends with. */
export const LIMITS =
  'These figures are of the triggers and images that were tried. A low ASR says nothing about other triggers.';
