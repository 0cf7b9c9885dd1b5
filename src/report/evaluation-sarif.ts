import { wilson } from '../evaluation/interval';
import type { AttackResult, EvaluationReport, ModelEvaluation } from '../protocol/evaluation';
import { targetClass } from '../protocol/target';
import { interval, share, targetWords } from './evaluation-figures';
import type { SarifResult, SarifRun } from './sarif';

/**
 * An evaluation as one run. ACC is a figure; a trigger is a warning (`trigger-works`) where images that carry it are
 * predicted as the target significantly more often than the same classes' images without it (their 95 % intervals do not
 * meet), else a note (`trigger-without-effect`), which speaks of that trigger alone.
 */
export function evaluationRun(report: EvaluationReport): SarifRun {
  return {
    artifacts: report.models,
    results: report.models.flatMap((model) => [
      ...accuracy(model),
      ...model.attacks.map((result) => attackResult(report, model, result)),
    ]),
    notifications: [
      ...report.skipped.map(({ path, reason }) => ({
        id: 'left-out',
        level: 'warning' as const,
        message: `${path}: ${reason}`,
      })),
      ...report.warnings.map((message) => ({ id: 'note', level: 'warning' as const, message })),
    ],
    successful: report.complete,
  };
}

function accuracy({ path, acc, accInterval, n }: ModelEvaluation): SarifResult[] {
  if (acc === null) return [];
  const message = `ACC ${share(acc)} (95 %: ${interval(accInterval)}) on ${n} images.`;
  return [{ rule: 'accuracy', level: 'info', message, path }];
}

function attackResult(
  report: EvaluationReport,
  model: ModelEvaluation,
  { name, asr, asrInterval, ra, n }: AttackResult,
): SarifResult {
  const without = withoutTrigger(report, model);
  const works = without === null || asrInterval[0] > without.interval[1];
  const before = without === null ? '' : `; without the trigger ${share(without.percent)}`;
  return {
    rule: works ? 'trigger-works' : 'trigger-without-effect',
    level: works ? 'warning' : 'note',
    message: `${name}: ASR ${share(asr)} (95 %: ${interval(asrInterval)}) of ${n} images${before}; RA ${share(ra)}. Target: ${targetWords(report)}.`,
    path: model.path,
  };
}

/** How often clean images that ASR would count are predicted as the target; null where there are none. */
function withoutTrigger(
  { target }: EvaluationReport,
  { perClass, confusion }: ModelEvaluation,
): { percent: number; interval: readonly [number, number] } | null {
  if (target === null) return null;
  const goal = (label: number): number => targetClass(target, label, perClass.length);
  const n = perClass.reduce((sum, row, label) => sum + (goal(label) === label ? 0 : row.n), 0);
  if (n === 0) return null;
  const hits = confusion.reduce(
    (sum, [label, predicted, count]) => sum + (label !== predicted && goal(label) === predicted ? count : 0),
    0,
  );
  return { percent: (100 * hits) / n, interval: wilson(hits, n) };
}
